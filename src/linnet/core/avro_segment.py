"""Raw segments: plain Avro container files of untouched datums, written append-only and read in single places.

A segment is `header(...)` followed by any number of blocks from `block(...)`; any Avro tool reads it. A datum is found
again by the place of its block in the file and by its own place and length in that block's data.

These functions make and read bytes; when to sync and where to cut is the archive's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from linnet.core import avro_varint
from linnet.core.avro_blocks import Buffer, Place, places_in
from linnet.core.avro_codec import compress_all, expand
from linnet.core.avro_container import MAGIC, MAX_HEADER, SYNC, Header
from linnet.core.avro_container import header as parse_header
from linnet.core.avro_message import split
from linnet.core.avro_schema import writer_schema
from linnet.errors import NotFoundError, PacketError, StorageError

_PREFIX = 2 * avro_varint.MAX_BYTES


@dataclass(frozen=True)
class BlockPlace:
    """Where a block lies in its file.

    Attributes:
        offset: byte offset of the block, the `block` of its datums' references.
        count: number of datums in it.
        size: bytes of its data as stored.
        end: byte offset behind its sync marker.
    """

    offset: int
    count: int
    size: int
    end: int


def header(schema_json: str, codec: str, sync: bytes) -> bytes:
    """The head of a segment.

    Args:
        schema_json: the writer schema as it was sent, character by character.
        codec: `null` or `zstandard`.
        sync: 16 bytes, random for each segment, that will stand behind every block.

    Raises:
        ValueError: another codec, or a sync marker of another length.
    """
    if codec not in {"null", "zstandard"} or len(sync) != SYNC:
        raise ValueError("a segment has codec null or zstandard and a sync marker of 16 bytes")
    entries = {b"avro.codec": codec.encode(), b"avro.schema": schema_json.encode()}
    body = b"".join(_sized(name) + _sized(value) for name, value in entries.items())
    return MAGIC + avro_varint.encode(len(entries)) + body + avro_varint.encode(0) + sync


def block(datums: Sequence[Buffer], codec: str, sync: bytes) -> tuple[bytes, list[Place]]:
    """One block of untouched datums, as bytes to append to a segment.

    Args:
        datums: what one range of `groups` holds; not empty, none empty.
        codec: the segment's codec.
        sync: the segment's sync marker.

    Returns:
        The block with its sync marker, and the place of each datum in it.

    Raises:
        ValueError: no datum, or more data than a reader of ours would take back.
    """
    places = places_in(datums)
    (stored,) = compress_all(codec, [b"".join(datums)])
    head = avro_varint.encode(len(places)) + avro_varint.encode(len(stored))
    return b"".join((head, stored, sync)), places


def read_header(file: BinaryIO) -> Header:
    """The head of a segment: schema (JSON bytes), codec, sync marker, and where the blocks begin.

    Raises:
        StorageError: this is no container, or its head is damaged.
    """
    size = 64 * 1024
    while True:
        file.seek(0)
        start = file.read(size)
        try:
            return parse_header(start)
        except PacketError as error:
            if len(start) < size or size > MAX_HEADER:
                raise StorageError(f"the segment's head is damaged: {error}") from error
        size *= 4


def blocks(file: BinaryIO, head: Header, start: int | None = None) -> Iterator[BlockPlace]:
    """Every block of a segment in order, without expanding any; each is checked to end at a sync marker.

    Args:
        file: the segment, seekable.
        head: what `read_header` gave.
        start: place of the block to begin with; the first one by default.

    Raises:
        StorageError: a block is cut off or does not end at a sync marker; the message says where.
    """
    at = head.end if start is None else start
    while (found := _block_at(file, at)) is not None:
        file.seek(found.end - SYNC)
        if file.read(SYNC) != head.sync:
            raise StorageError(f"the block at byte {at} is damaged: no sync marker behind it")
        yield found
        at = found.end


def read_block(file: BinaryIO, head: Header, offset: int) -> bytes:
    """The expanded data of the block at this place.

    Raises:
        NotFoundError: no block begins there.
        StorageError: the block is damaged.
    """
    found = _block_at(file, offset) if offset >= head.end else None
    if found is None:
        raise NotFoundError(f"no block begins at byte {offset} of the segment")
    file.seek(found.end - SYNC - found.size)
    stored = file.read(found.size + SYNC)
    if stored[found.size :] != head.sync:
        raise NotFoundError(f"no block begins at byte {offset} of the segment, or it is damaged")
    try:
        # A block of our own may be larger than a packet's: a datum of 5 MB of stamps does not shrink.
        return expand(head.codec, stored[: found.size], most=found.size)
    except PacketError as error:
        raise StorageError(f"the block at byte {offset} is damaged: {error}") from error


def read_datum(file: BinaryIO, head: Header, offset: int, place: int, length: int) -> bytes:
    """One untouched datum.

    Args:
        file: the segment, seekable.
        head: what `read_header` gave.
        offset: place of its block in the file.
        place: its place in the block's data.
        length: its bytes.

    Raises:
        NotFoundError: the reference leads nowhere.
        StorageError: the block is damaged.
    """
    data = read_block(file, head, offset)
    if place < 0 or length < 0 or place + length > len(data):
        raise NotFoundError(f"the block at byte {offset} has no datum of {length} bytes at {place}")
    return data[place : place + length]


def datums(file: BinaryIO, head: Header, start: int | None = None) -> Iterator[tuple[int, Place, bytes]]:
    """Every datum of a segment in order: place of its block in the file, place in the block, its bytes.

    Where one ends and the next begins follows from walking them strictly by the segment's schema.

    Raises:
        StorageError: a block or a datum is damaged, or the schema is refused.
    """
    try:
        schema = writer_schema(head.schema)
        for found in blocks(file, head, start):
            at = 0
            for datum in split(read_block(file, head, found.offset), found.count, schema):
                yield found.offset, Place(at, len(datum)), datum
                at += len(datum)
    except PacketError as error:
        raise StorageError(f"the segment is damaged: {error}") from error


def _sized(data: bytes) -> bytes:
    return avro_varint.encode(len(data)) + data


def _block_at(file: BinaryIO, offset: int) -> BlockPlace | None:
    """The block that begins at `offset`; None at the end of the file."""
    file.seek(0, 2)
    length = file.tell()
    if offset >= length:
        return None
    file.seek(offset)
    start = file.read(_PREFIX)
    try:
        count, at = avro_varint.decode(start, 0)
        size, at = avro_varint.decode(start, at)
    except PacketError as error:
        raise StorageError(f"the block at byte {offset} is damaged: {error}") from error
    end = offset + at + size + SYNC
    if count < 0 or size < 0 or end > length:
        raise StorageError(f"the block at byte {offset} is damaged or cut off")
    return BlockPlace(offset, count, size, end)
