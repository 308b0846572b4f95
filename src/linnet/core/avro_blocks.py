"""How datums are put in blocks of a container: dealt by size, compressed together, and found again by their places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from linnet.core import avro_varint
from linnet.core.avro_codec import MAX_EXPANDED, compress_all
from linnet.core.avro_container import SYNC

Buffer: TypeAlias = bytes | memoryview
"""Bytes of a datum, or a view of where they lie."""

BLOCK = 1024 * 1024
"""Most bytes of datums in one block; a larger datum has a block of its own."""

_AT_A_TIME = 16
"""Blocks that are compressed together."""


@dataclass(frozen=True)
class Place:
    """Where a datum lies in its block.

    Attributes:
        place: byte offset in the block's expanded data.
        length: bytes of the datum.
    """

    place: int
    length: int


@dataclass(frozen=True)
class StoredBlock:
    """A block as a segment holds it, in parts: `head`, `stored`, then the segment's sync marker.

    Attributes:
        head: its count and size.
        stored: its data, in one part or in several.
        places: of its datums.
    """

    head: bytes
    stored: Sequence[Buffer]
    places: list[Place]

    def __len__(self) -> int:
        """Bytes, with the sync marker."""
        return len(self.head) + sum(map(len, self.stored)) + SYNC


def stored_blocks(datums: Sequence[Buffer], codec: str) -> Iterator[StoredBlock]:
    """Untouched datums in blocks to append to a segment, compressed a few at a time, otherwise not even copied.

    Args:
        datums: none empty.
        codec: the segment's codec.

    Raises:
        ValueError: a datum is empty, or larger than a reader of ours would take back.
    """
    dealt = groups([len(datum) for datum in datums])
    for first in range(0, len(dealt), _AT_A_TIME):
        several = [[*datums[g.start : g.stop]] for g in dealt[first : first + _AT_A_TIME]]
        places = [places_in(each) for each in several]
        if codec != "null":
            several = [[part] for part in compress_all(codec, [b"".join(each) for each in several])]
        for stored, where in zip(several, places, strict=True):
            size = sum(map(len, stored))
            yield StoredBlock(avro_varint.encode(len(where)) + avro_varint.encode(size), stored, where)


def groups(lengths: Sequence[int]) -> list[range]:
    """How datums of these lengths are dealt to blocks: ranges of their numbers, in order, none empty.

    A block has at most `BLOCK` bytes of data, or a single larger datum.
    """
    dealt: list[range] = []
    first, size = 0, 0
    for number, length in enumerate(lengths):
        if number > first and size + length > BLOCK:
            dealt.append(range(first, number))
            first, size = number, 0
        size += length
    if len(lengths) > first:
        dealt.append(range(first, len(lengths)))
    return dealt


def places_in(datums: Sequence[Buffer]) -> list[Place]:
    """Where datums lie that stand one behind the other.

    Raises:
        ValueError: there is none, or more data than a reader of ours would take back.
    """
    places: list[Place] = []
    at = 0
    for datum in datums:
        places.append(Place(at, len(datum)))
        at += len(datum)
    if not places or at > MAX_EXPANDED:
        raise ValueError(f"a block holds 1 to {MAX_EXPANDED} bytes, not {at}")
    return places
