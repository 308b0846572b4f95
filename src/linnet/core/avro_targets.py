"""Where the fields of a survey's packets go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Target:
    """A column that a value goes to: its number, and its kind as the kernel calls it."""

    column: int
    kind: int


@dataclass(frozen=True)
class ListTarget:
    """A wanted list: the level of its columns, and the columns by path in the item."""

    level: int
    columns: Mapping[str, Target]


@dataclass(frozen=True)
class Targets:
    """Where the fields of one survey's packets go.

    Attributes:
        scalars: columns by path. lists: by path. skip: paths that are known, and so not undeclared.
        tape_level: level of the notes on undeclared fields. tape_column: their column.
        symbols: names of enum symbols, shared by all programs; grows as programs are compiled.
    """

    scalars: Mapping[str, Target]
    lists: Mapping[str, ListTarget]
    tape_level: int
    tape_column: int
    symbols: bytearray = field(default_factory=bytearray)
