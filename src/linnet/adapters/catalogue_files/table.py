"""A table that somebody brings as a catalogue, whatever its format: names, units, and its rows piece by piece."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from linnet.errors import InputError

ROWS = 200_000
"""Rows that are read at once."""


@dataclass(frozen=True)
class BroughtTable:
    """A table to read from, as often as needed.

    Attributes:
        names: of its columns, without blanks around them.
        read: gives the chosen columns, in their order and under these names, piece by piece.
        units: as the source states them, for some columns.
        defaults: what the source itself says of its use: `ra`, `dec` (names of columns).
    """

    names: tuple[str, ...]
    read: Callable[[Sequence[str]], Iterator[pa.RecordBatch]]
    units: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)

    def column(self, name: str) -> str:
        """The column of this name, blanks around it and upper case disregarded where that is not ambiguous.

        Raises:
            InputError: there is none; with the nearest names.
        """
        if name in self.names:
            return name
        alike = [n for n in self.names if n.casefold() == name.strip().casefold()]
        if len(alike) == 1:
            return alike[0]
        near = difflib.get_close_matches(name.casefold(), [n.casefold() for n in self.names], 3, 0.5)
        nearest = [n for n in self.names if n.casefold() in near]
        hint = f"nearest: {', '.join(nearest)}" if nearest else f"there are: {', '.join(self.names)[:300]}"
        raise InputError(f"the table has no column {name!r}; {hint}")
