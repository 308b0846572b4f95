"""Avro object container files in memory: header, blocks, sync markers.

Source: Avro 1.11 specification, "Object Container Files".

Damage anywhere refuses the whole message: a container is never half-ingested.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from linnet.core import avro_varint
from linnet.core.avro_codec import MAX_EXPANDED, expand
from linnet.core.reasons import Reason
from linnet.errors import PacketError

MAGIC = b"Obj\x01"
SYNC = 16
"""Bytes of a sync marker."""

MAX_HEADER = 4 * 1024 * 1024
"""Bytes of a header, the schema within it included."""

MAX_MESSAGE = 64 * 1024 * 1024
"""Bytes of a message, and of what all its blocks expand to."""

MAX_RATIO = 16
"""How many times its own size a message larger than `FREE_EXPANSION` / 16 may expand to: packets full of stamps or
measurements compress two- to fivefold, and a batch of bombs must not cost more memory than a batch of packets."""

FREE_EXPANSION = 4 * 1024 * 1024


@dataclass(frozen=True)
class Header:
    """The head of a container.

    Attributes:
        schema: the writer schema, JSON bytes as they stand there.
        codec: name of the codec; `null` where the header names none.
        sync: the 16 bytes behind every block.
        end: place of the first block.
    """

    schema: bytes
    codec: str
    sync: bytes
    end: int


@dataclass(frozen=True)
class Block:
    """One block of a container.

    Attributes:
        offset: place of the block in the container.
        count: number of datums that it says it holds.
        data: the datums back to back, expanded.
    """

    offset: int
    count: int
    data: bytes


def header(data: bytes) -> Header:
    """The head of the container that begins these bytes.

    Raises:
        PacketError: `BAD_CONTAINER`: no magic, a damaged map, no schema.
    """
    if not data.startswith(MAGIC):
        raise PacketError(Reason.BAD_CONTAINER, "it does not begin with the magic of an Avro container")
    entries, at = _metadata(data, len(MAGIC))
    if "avro.schema" not in entries:
        raise PacketError(Reason.BAD_CONTAINER, "its header has no schema")
    sync = data[at : at + SYNC]
    if len(sync) < SYNC or at > MAX_HEADER:
        raise PacketError(Reason.BAD_CONTAINER, "its header ends too early or never")
    codec = entries.get("avro.codec", b"null").decode("utf-8", "replace")
    return Header(entries["avro.schema"], codec or "null", sync, at + SYNC)


def blocks(data: bytes, head: Header) -> Iterator[Block]:
    """The blocks of a container in order, each checked against its sync marker and expanded under limits.

    Raises:
        PacketError: `BAD_CONTAINER` at the first damage, `TOO_LARGE` beyond the limits.
    """
    at, total = head.end, 0
    allowed = min(MAX_MESSAGE, max(FREE_EXPANSION, MAX_RATIO * len(data)))
    while at < len(data):
        offset = at
        count, at = number(data, at)
        size, at = number(data, at)
        end = at + size
        if count < 0 or size < 0 or end + SYNC > len(data):
            raise PacketError(Reason.BAD_CONTAINER, f"the block at byte {offset} is longer than the container")
        if data[end : end + SYNC] != head.sync:
            raise PacketError(Reason.BAD_CONTAINER, f"the block at byte {offset} does not end at a sync marker")
        inside = expand(head.codec, data[at:end], min(MAX_EXPANDED, allowed - total))
        total += len(inside)
        yield Block(offset, count, inside)
        at = end + SYNC


def number(data: bytes, at: int) -> tuple[int, int]:
    """One number of a container's own structure, and the place behind it.

    Raises:
        PacketError: `BAD_CONTAINER`.
    """
    try:
        return avro_varint.decode(data, at)
    except PacketError as error:
        raise PacketError(Reason.BAD_CONTAINER, str(error)) from error


def _metadata(data: bytes, at: int) -> tuple[dict[str, bytes], int]:
    entries: dict[str, bytes] = {}
    while True:
        count, at = number(data, at)
        if count == 0:
            return entries, at
        if count < 0:
            count = -count
            _, at = number(data, at)
        if count > len(data) - at:
            raise PacketError(Reason.BAD_CONTAINER, "its header has more entries than bytes")
        for _ in range(count):
            name, at = _bytes(data, at)
            value, at = _bytes(data, at)
            entries[name.decode("utf-8", "replace")] = value


def _bytes(data: bytes, at: int) -> tuple[bytes, int]:
    length, at = number(data, at)
    if not 0 <= length <= len(data) - at:
        raise PacketError(Reason.BAD_CONTAINER, "its header is longer than the container")
    return data[at : at + length], at + length
