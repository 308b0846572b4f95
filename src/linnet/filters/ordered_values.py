"""The values of a column's type in their order, each with its number: what lies next to a value, and between two."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa

Scalar: TypeAlias = int | float | str | bool | None
"""A value of a column, or null."""

_FLOATS = {32: ("<f", "<i"), 64: ("<d", "<q")}


@dataclass(frozen=True)
class Ordered:
    """All values of a type of numbers. Neighbours have neighbouring numbers, and 0 has number 0.

    Attributes:
        bits: of the type.
        is_float: whether it holds floats (IEEE 754, of which the finite ones count), or integers with a sign.
    """

    bits: int
    is_float: bool

    @property
    def last(self) -> int:
        """The number of the largest value; the least one has the same with a minus."""
        if not self.is_float:
            return int(2 ** (self.bits - 1) - 1)
        return 0x7F7FFFFF if self.bits == 32 else 0x7FEFFFFFFFFFFFFF

    def number(self, value: float) -> int:
        """The number of the value of this type that is nearest to `value`, which is finite."""
        if not self.is_float:
            return max(-self.last, min(self.last, round(value)))
        form, whole = _FLOATS[self.bits]
        try:
            (found,) = struct.unpack(whole, struct.pack(form, abs(value)))
        except OverflowError:
            found = self.last
        found = min(int(found), self.last)
        return -found if value < 0 else found

    def value(self, number: int) -> float:
        """The value of a number, which is cut to what there is."""
        found = max(-self.last, min(self.last, number))
        if not self.is_float:
            return found
        form, whole = _FLOATS[self.bits]
        (size,) = struct.unpack(form, struct.pack(whole, abs(found)))
        return float(-size if found < 0 else size)


def ordered(kind: pa.DataType) -> Ordered | None:
    """The order of a type of numbers; None for texts and truths."""
    if pa.types.is_signed_integer(kind):
        return Ordered(kind.bit_width, is_float=False)
    # Halves do not stand in columns; nothing is lost where they are taken as wider ones.
    return Ordered(max(32, kind.bit_width), is_float=True) if pa.types.is_floating(kind) else None
