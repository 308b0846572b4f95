"""Nodes of the tree that are about an alert's light curve, and the words that name its parts.

The light curve is the joined history `hist_*`: what the packet brought and what was known before this night, the
alert's own detection included. It is read as three sequences of points, by what they are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from linnet.core.column import Column, code, real
from linnet.core.vocabulary import DETECTION, FORCED, LIMIT

if TYPE_CHECKING:
    from linnet.filters.tree import Kind, Node

Span: TypeAlias = tuple[int, int]

SEQUENCES: dict[str, int] = {"lc": DETECTION, "forced": FORCED, "limits": LIMIT}
"""Sequences of points by name, and the `hist_kind` of their points."""

FIELDS: dict[str, Column] = {
    "mjd": real("Middle of the exposure of the point, TAI.", unit="d", bits=64),
    "band": code("Band of the point."),
    "flux": real("Difference flux of the point, signed.", unit="nJy"),
    "flux_err": real("Error of flux; of a limit one fifth of the limiting flux.", unit="nJy"),
    "snr": real("Signal to noise of the point with its sign: flux/flux_err.", bits=64),
    "mag": real("AB magnitude of the point; null for negative flux.", unit="mag", bits=64),
}
"""What is known of a point. Inside of a condition on points these names mean the point and not the alert."""

ABSENT: dict[str, frozenset[str]] = {"limits": frozenset({"flux", "snr", "mag"})}
"""Fields that the points of a sequence never have."""

FUNCTIONS = ("count", "min", "max", "mean", "median", "std", "slope", "first", "last")
"""Functions of a sequence. `count` counts points, the others want a field; `first` and `last` are by time."""

_READS = {"snr": ("flux", "flux_err"), "mag": ("flux",)}


@dataclass(frozen=True)
class Field:
    """A quantity of the point that a condition inside of a history function is about: a key of `FIELDS`."""

    name: str
    kind: Kind
    span: Span = dataclasses.field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True)
class History:
    """One number out of the points of a sequence: `FUNCTION(SEQUENCE.FIELD where CONDITION)`.

    Attributes:
        function: one of `FUNCTIONS`.
        sequence: a key of `SEQUENCES`.
        field: a key of `FIELDS`; "" for `count`.
        condition: which points count, or None for all of them. Its `Field` nodes are about the point, its `Column`
            nodes about the alert.
        kind: INTEGER for `count`, FLOAT otherwise.
    """

    function: str
    sequence: str
    field: str
    condition: Node | None
    kind: Kind
    span: Span = dataclasses.field(default=(0, 0), compare=False, repr=False)

    def fields(self, inner: set[str]) -> set[str]:
        """Fields that it reads, with those that its condition names (`inner`)."""
        own = {self.field} if self.field else set()
        return own | inner | ({"mjd"} if self.function == "slope" else set())


def lists_of(fields: Collection[str]) -> set[str]:
    """Names of the list columns from which these fields are made, and of the one that says what a point is."""
    plain = {part for name in fields for part in _READS.get(name, (name,))}
    return {f"hist_{name}" for name in plain | {"kind"}}
