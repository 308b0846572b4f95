"""Evaluation of a tree over columns, by three-valued logic.

- A comparison with null is null; `false and null` is false, `true or null` is true, `not null` is null (Kleene, and
  SQL).
- What a failed look-up did not say is unknown: a comparison with it is null, and so is the question whether it is null.
- Null, NaN and infinity that come in are null, and so is every operation whose result would be NaN or infinite.
- A float32 column is compared as the double of the stored value, so `flux < 20.1` asks about that double, and
  `flux = 20.1` is true of no float32: 20.1 has none. Write a range where a decimal fraction is meant.
- Each row is judged by itself: splitting or permuting a batch splits or permutes the result.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from linnet.errors import FilterError
from linnet.filters import tree
from linnet.filters.history_nodes import Field, History
from linnet.filters.history_values import Histories, Judge
from linnet.filters.light_curves import FieldValues
from linnet.filters.look_ups import guarded
from linnet.filters.operations import expect, operands, value
from linnet.filters.tree import Node, kind_of
from linnet.filters.vectors import Truth, Vector, array_of, constant, load

Lookup = Callable[[str], pa.Array]
"""Gives a column of the batch by name."""


class Evaluation:
    """One batch under evaluation. Every column is looked up and prepared once.

    Args:
        lookup: gives the Arrow array of a column; a column of another survey comes as typed nulls.
        length: rows of the batch.
        fields: of the points, where the rows are points of light curves.
    """

    def __init__(self, lookup: Lookup, length: int, fields: FieldValues | None = None) -> None:
        self._lookup = lookup
        self._length = length
        self._fields = fields
        self._loaded: dict[str, Vector] = {}
        self._histories: dict[History, Vector] = {}

    def condition(self, node: Node) -> pa.BooleanArray:
        """A condition as an Arrow array of the batch's length, with nulls.

        Raises:
            FilterError: a column comes with another type or length than the filter was checked against.
        """
        self._read_light_curves(node)
        found = self.truth(node)
        true = np.broadcast_to(found.true, (self._length,))
        return pa.array(true, pa.bool_(), mask=~np.broadcast_to(found.valid, (self._length,)))

    def value(self, node: Node) -> pa.Array:
        """Any part of a tree as an Arrow array of the batch's length: what an explanation shows.

        Raises:
            FilterError: as `condition`.
        """
        self._read_light_curves(node)
        return array_of(self._vector(node), self._length)

    def truth(self, node: Node) -> Truth:
        """A condition as it is inside of the evaluator."""
        return expect(Truth, self._vector(node))

    def _vector(self, node: Node) -> Vector:
        match node:
            case tree.Column() | tree.Member():
                return self._column(node)
            case Field() if self._fields is not None:
                return self._fields[node.name]
            case History():
                self._read_light_curves(node)
                return self._histories[node]
            case tree.Literal():
                return constant(node)
            case tree.IsNull() if isinstance(both := guarded(node), tree.And):
                return self._vector(both)
            case _:
                return value(node, [self._vector(part) for part in operands(node)])

    def _read_light_curves(self, node: Node) -> None:
        """Make the values of all functions of the light curve together, so that each is read once."""
        asked = list({n: None for n in tree.walk(node) if isinstance(n, History) and n not in self._histories})
        if asked:
            histories = Histories(self._lookup, self._length, asked, judging(self._lookup))
            self._histories.update(zip(asked, histories.numbers(asked), strict=True))

    def _column(self, node: tree.Column | tree.Member) -> Vector:
        name = name_of(node)
        if name not in self._loaded:
            self._loaded[name] = load(column_of(node, self._lookup, self._length), node)
        return self._loaded[name]


def judging(lookup: Lookup) -> Callable[[FieldValues], Judge]:
    """Evaluation over points of light curves, to which `lookup` gives the columns of their alerts."""

    def begin(fields: FieldValues) -> Judge:
        points = fields.points
        return Evaluation(lambda name: points.repeated(lookup(name)), len(points), fields).truth

    return begin


def name_of(node: tree.Column | tree.Member) -> str:
    """The name under which an array is looked up."""
    return node.name if isinstance(node, tree.Column) else node.column


def column_of(node: tree.Column | tree.Member, lookup: Lookup, length: int) -> pa.Array:
    """The array of a column or membership.

    Raises:
        FilterError: it comes with another type or length than the filter was checked against.
    """
    name = name_of(node)
    array = lookup(name)
    if len(array) != length:
        raise FilterError(f"column {name} came with {len(array)} rows instead of {length}")
    if not pa.types.is_null(array.type) and kind_of(array.type) is not node.kind:
        raise FilterError(f"column {name} came as {array.type}; the filter was checked for {node.kind.value}")
    return array
