"""Where the fields of a datum lie, found once; and values as Avro bytes of a given length, written many times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
import numpy.typing as npt

from linnet.core import avro_varint
from linnet.core.avro_shape import Shape
from linnet.core.avro_strict import Budget, Step, walker

Bytes = npt.NDArray[np.uint8]

_FIXED = {"float": "<f4", "double": "<f8"}
_NUMBERS = frozenset({"int", "long"})
_SIZED = frozenset({"string", "bytes"})


@dataclass(frozen=True)
class Slots:
    """The places of one field in a datum: one, or one for each item of a list that has it.

    Attributes:
        kind: its Avro type.
        item: number of the item in its list, or 0.
        at: byte offset of the value; of text and bytes, of what stands behind the length.
        size: bytes of the value.
    """

    kind: str
    item: npt.NDArray[np.int64]
    at: npt.NDArray[np.int64]
    size: npt.NDArray[np.int64]

    def moved(self, by: int) -> Slots:
        """The same places in bytes that begin earlier."""
        return Slots(self.kind, self.item, self.at + by, self.size)


def locate(datum: bytes, shape: Shape, wanted: frozenset[str]) -> dict[str, Slots]:
    """The places of these fields (paths as in `Wanted`) in a datum; null ones have none.

    Raises:
        PacketError: the datum does not have this shape.
    """
    walk = _Walk(datum, wanted)
    walk.over(shape, 0, "", 0)
    return {path: _slots(rows) for path, rows in walk.found.items()}


def encoded(values: npt.NDArray[np.generic], kind: str, size: int) -> Bytes:
    """Values as Avro writes them, each in exactly this number of bytes (one more axis).

    Raises:
        ValueError: an integer whose shortest encoding has another length.
    """
    if kind in _NUMBERS:
        return _varints(values.astype(np.int64), size)
    plain = np.ascontiguousarray(values.astype(_FIXED.get(kind, f"S{size}")))
    return plain.view(np.uint8).reshape(*values.shape, size)


def _varints(values: npt.NDArray[np.int64], size: int) -> Bytes:
    zigzag = ((values << 1) ^ (values >> 63)).view(np.uint64)
    top = zigzag >> np.uint64(7 * (size - 1))
    if top.size and (top.max() >= 128 or (size > 1 and top.min() == 0)):
        raise ValueError(f"a number between {values.min()} and {values.max()} does not take {size} bytes")
    out = np.empty((*values.shape, size), dtype=np.uint8)
    for place in range(size):
        out[..., place] = (zigzag >> np.uint64(7 * place)).astype(np.uint8) | np.uint8(0x80)
    out[..., -1] &= 0x7F
    return out


@dataclass
class _Walk:
    """One walk over a datum."""

    datum: bytes
    wanted: frozenset[str]
    found: dict[str, list[tuple[str, int, int, int]]] = field(default_factory=lambda: defaultdict(list))
    parts: dict[str, list[tuple[Shape | Step, str]]] = field(default_factory=dict)

    def over(self, shape: Shape, at: int, path: str, item: int) -> int:
        """Pass one value; gives the place behind it."""
        if shape.kind == "union":
            index, at = avro_varint.decode(self.datum, at)
            return self.over(shape.parts[index], at, path, item)
        if shape.kind == "record":
            for part, inner in self._parts(shape, path):
                at = self.over(part, at, inner, item) if isinstance(part, Shape) else part(self.datum, at, Budget())
            return at
        if shape.kind in ("array", "map"):
            return self._items(shape, at, path)
        start, end = self._leaf(shape, at)
        if path in self.wanted and shape.kind != "null":
            self.found[path].append((shape.kind, item, start, end - start))
        return end

    def _parts(self, shape: Shape, path: str) -> list[tuple[Shape | Step, str]]:
        """Fields of a record with their paths; neighbours that nobody wants as one step over all of them."""
        if path not in self.parts:
            found: list[tuple[Shape | Step, str]] = []
            named = [(f"{path}.{name}" if path else name, name, part) for name, part in shape.fields]
            for is_wanted, group in groupby(named, lambda each: self._is_wanted(each[0])):
                if is_wanted:
                    found += [(part, inner) for inner, _, part in group]
                else:
                    found.append((walker(Shape("record", 0, fields=tuple((n, p) for _, n, p in group))), path))
            self.parts[path] = found
        return self.parts[path]

    def _is_wanted(self, path: str) -> bool:
        return any(each == path or each.startswith(f"{path}.") for each in self.wanted)

    def _leaf(self, shape: Shape, at: int) -> tuple[int, int]:
        if shape.kind in _SIZED:
            length, at = avro_varint.decode(self.datum, at)
            return at, at + length
        if shape.kind in _NUMBERS or shape.kind == "enum":
            return at, avro_varint.decode(self.datum, at)[1]
        return at, at + shape.least

    def _items(self, shape: Shape, at: int, path: str) -> int:
        number = 0
        while True:
            count, at = avro_varint.decode(self.datum, at)
            if count == 0:
                return at
            if count < 0:
                count = -count
                _, at = avro_varint.decode(self.datum, at)
            for _ in range(count):
                if shape.kind == "map":
                    length, at = avro_varint.decode(self.datum, at)
                    at += length
                at = self.over(shape.parts[0], at, path, number)
                number += 1


def _slots(rows: list[tuple[str, int, int, int]]) -> Slots:
    kinds, item, at, size = zip(*rows, strict=True)
    numbers = (np.array(column, dtype=np.int64) for column in (item, at, size))
    return Slots(kinds[0], *numbers)


def patch(packets: Bytes, at: int, slots: Mapping[str, Slots], values: Mapping[str, npt.NDArray[np.generic]]) -> None:
    """Write values into their places of many equal packets.

    Args:
        packets: n rows of bytes, each with a packet of the template in it; contiguous, changed in place.
        at: where in each row the packet begins.
        slots: path -> places.
        values: path -> n values of a scalar, or n x items of a list's field.

    Raises:
        ValueError: an integer that needs another number of bytes than the template has for it.
    """
    rows, length = packets.shape
    for path, places in slots.items():
        given = values[path]
        columns = given[:, places.item] if given.ndim > 1 else given[:, None]
        for size in np.unique(places.size).tolist():
            same = places.size == size
            octets = encoded(columns[:, same], places.kind, size)
            # Every byte as the begin of a value: assigning values is several times faster than assigning their bytes.
            begins = np.ndarray((rows, length - size + 1), f"V{size}", packets, 0, (length, 1))
            begins[:, at + places.at[same]] = octets.view(f"V{size}")[..., 0]
