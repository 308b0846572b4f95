"""The light curves of a batch, read block by block: the points of one kind of some alerts as vectors, one per field."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core import magnitudes
from linnet.core.kernels import compile_kernels, readable
from linnet.core.lists import Ints
from linnet.core.vocabulary import HISTORY
from linnet.errors import FilterError
from linnet.filters.arithmetic import combine
from linnet.filters.history_nodes import FIELDS, lists_of
from linnet.filters.tree import Column, kind_of
from linnet.filters.vectors import Bools, Numbers, Vector, finite, load

if TYPE_CHECKING:
    from linnet.filters.evaluate import Lookup

BLOCK = 65_536
"""Points that are looked at together, or those of one alert if it has more. With all fields of a point and what a
condition makes of them they take some 8 MB, and the fields of one function stay in the processor's cache."""


class LightCurves:
    """The joined histories of a batch.

    Args:
        lookup: gives the Arrow array of a column.
        length: rows of the batch.
        fields: keys of `history_nodes.FIELDS` that will be asked for.

    Attributes:
        known: rows that have a light curve, be it an empty one.

    Raises:
        FilterError: a list comes with another type or length than declared.
    """

    def __init__(self, lookup: Lookup, length: int, fields: Collection[str]) -> None:
        self._lists = {name: _checked(name, lookup(name), length) for name in lists_of(fields)}
        self.known: Bools = np.ones(length, dtype=np.bool_)
        self._starts: dict[str, Ints] = {}
        self._counts = np.zeros(length, dtype=np.int64)
        for place, (name, lists) in enumerate(self._lists.items()):
            edges = lists.offsets.to_numpy().astype(np.int64)
            self._starts[name] = edges[:-1]
            self.known &= lists.is_valid().to_numpy(zero_copy_only=False)
            counts = np.diff(edges)
            if place and ((counts != self._counts) & self.known).any():
                raise FilterError(f"the lists of light curves have other lengths in {name} than elsewhere")
            self._counts = counts
        self._counts = np.where(self.known, self._counts, 0)
        self._kinds = _kinds(self._lists["hist_kind"])

    def number(self, rows: Bools) -> int:
        """How many points the alerts in these rows have."""
        return int(self._counts[rows].sum())

    def blocks(self, rows: Ints) -> Iterator[Ints]:
        """These rows in pieces, so that each has a bounded number of points."""
        number = np.cumsum(self._counts[rows]) // BLOCK
        yield from np.split(rows, np.flatnonzero(np.diff(number)) + 1)

    def points(self, rows: Ints, kind: int) -> Points:
        """The points of one kind that these rows have."""
        starts = self._starts["hist_kind"][rows]
        stops = starts + self._counts[rows]
        total = int(self._counts[rows].sum())
        index, row, edges = np.empty(total, np.int64), np.empty(total, np.int64), np.empty(len(rows) + 1, np.int64)
        found = compile_kernels()["segments"].of_kind((starts, stops), self._kinds, kind, (index, row, edges))
        return Points(self, rows, index[:found], row[:found], edges)

    def values(self, name: str, points: Points) -> pa.Array:
        """What a list says of these points."""
        starts, given = self._starts["hist_kind"], self._starts[name]
        index = points.index
        if given is not starts and not np.array_equal(given, starts):
            index = index + (given - starts)[points.rows[points.row]]
        return self._lists[name].values.take(pa.array(index))


@dataclass(frozen=True)
class Points:
    """Points of one kind.

    Attributes:
        curves: whose they are.
        rows: rows of the batch.
        index: of each point among all points of the batch.
        row: place in `rows` of each point's alert.
        edges: where the points of each alert begin (one more than `rows`).
    """

    curves: LightCurves
    rows: Ints
    index: Ints
    row: Ints
    edges: Ints

    def __len__(self) -> int:
        """Number of points."""
        return len(self.index)

    def repeated(self, column: pa.Array) -> pa.Array:
        """A column of the batch, its value once for every point."""
        return column.take(pa.array(self.rows[self.row]))


class FieldValues:
    """The fields of some points, each made when it is first asked for."""

    def __init__(self, points: Points) -> None:
        self.points = points
        self._made: dict[str, Vector] = {}

    def __getitem__(self, name: str) -> Vector:
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = self._make(name)
        return found

    def numbers(self, name: str) -> Numbers:
        """A field that is a number, as doubles."""
        found = self[name]
        if not isinstance(found, Numbers):
            raise FilterError(f"{name} of a point is no number")
        return found

    def _make(self, name: str) -> Vector:
        if name == "snr":
            return combine("/", self.numbers("flux"), self.numbers("flux_err"))
        if name == "mag":
            flux = self.numbers("flux")
            bright = flux.valid & (flux.values > 0)
            return finite(np.where(bright, magnitudes.mag(flux.values), 0.0), bright)
        kind = kind_of(FIELDS[name].type)
        if kind is None:
            raise FilterError(f"{name} of a point cannot be used in a filter")
        return load(self.points.curves.values(f"hist_{name}", self.points), Column(name, kind))


def _kinds(lists: pa.ListArray) -> npt.NDArray[np.int8]:
    """The kinds of all points behind a list column, those before its first row included (int8); null is -1."""
    kinds = lists.values
    return readable((kinds.fill_null(-1) if kinds.null_count else kinds).to_numpy(zero_copy_only=False), np.int8)


def _checked(name: str, lists: pa.Array, length: int) -> pa.ListArray:
    declared = HISTORY[name].type
    if len(lists) != length:
        raise FilterError(f"column {name} came with {len(lists)} rows instead of {length}")
    if pa.types.is_null(lists.type):
        return pa.nulls(length, declared)
    if not pa.types.is_list(lists.type) or kind_of(lists.type.value_type) is not kind_of(declared.value_type):
        raise FilterError(f"column {name} came as {lists.type}; the filter was checked for {declared}")
    return lists
