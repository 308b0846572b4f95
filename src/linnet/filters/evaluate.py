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
from typing import TypeVar

import numpy as np
import pyarrow as pa

from linnet.errors import FilterError
from linnet.filters import tree
from linnet.filters.arithmetic import absolute, combine, negative
from linnet.filters.comparison import (
    compare_numbers,
    compare_texts,
    compare_truths,
    conjunction,
    negation,
    number_in,
    text_in,
)
from linnet.filters.history_nodes import Field, History
from linnet.filters.history_values import Histories, Judge
from linnet.filters.light_curves import FieldValues
from linnet.filters.tree import Node, kind_of
from linnet.filters.vectors import Numbers, Texts, Truth, Vector, constant, load

T = TypeVar("T")

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
        self._histories: dict[History, Numbers] = {}

    def condition(self, node: Node) -> pa.BooleanArray:
        """A condition as an Arrow array of the batch's length, with nulls.

        Raises:
            FilterError: a column comes with another type or length than the filter was checked against.
        """
        self._read_light_curves(node)
        found = self.truth(node)
        true = np.broadcast_to(found.true, (self._length,))
        return pa.array(true, pa.bool_(), mask=~np.broadcast_to(found.valid, (self._length,)))

    def truth(self, node: Node) -> Truth:
        """A condition as it is inside of the evaluator."""
        match node:
            case tree.And():
                return conjunction([self.truth(i) for i in node.items])
            case tree.Or():
                return negation(conjunction([negation(self.truth(i)) for i in node.items]))
            case tree.Not():
                return negation(self.truth(node.item))
            case tree.Tagged():
                return self.truth(node.item)
            case tree.IsNull() if isinstance(both := tree.guarded(node), tree.And):
                return self.truth(both)
            case tree.IsNull():
                valid = self._vector(node.item).valid
                return Truth(~valid, np.ones_like(valid))
            case tree.Compare():
                return self._compare(node)
            case tree.Between():
                return self._between(node)
            case tree.In():
                return self._in(node)
            case _:
                return expect(Truth, self._vector(node))

    def _compare(self, node: tree.Compare) -> Truth:
        left, right = self._vector(node.left), self._vector(node.right)
        match left, right:
            case Numbers(), Numbers():
                return compare_numbers(node.operator, left, right)
            case Texts(), Texts():
                return compare_texts(node.operator, left, right)
            case _:
                return compare_truths(node.operator, expect(Truth, left), expect(Truth, right))

    def _between(self, node: tree.Between) -> Truth:
        item, low, high = (self._numbers(n) for n in (node.item, node.low, node.high))
        return conjunction([compare_numbers(">=", item, low), compare_numbers("<=", item, high)])

    def _in(self, node: tree.In) -> Truth:
        item = self._vector(node.item)
        return text_in(item, node.values) if isinstance(item, Texts) else number_in(expect(Numbers, item), node.values)

    def _vector(self, node: Node) -> Vector:
        match node:
            case tree.Column() | tree.Member():
                return self._column(node)
            case Field() if self._fields is not None:
                return self._fields[node.name]
            case History():
                return self._histories[node]
            case tree.Literal():
                return constant(node)
            case tree.Arithmetic():
                return combine(node.operator, self._numbers(node.left), self._numbers(node.right))
            case tree.Negative():
                return negative(self._numbers(node.item))
            case tree.Call():
                return absolute(self._numbers(node.arguments[0]))
            case _:
                return self.truth(node)

    def _read_light_curves(self, node: Node) -> None:
        """Make the values of all functions of the light curve together, so that each is read once."""
        asked = list({n: None for n in tree.walk(node) if isinstance(n, History) and n not in self._histories})
        if asked:
            histories = Histories(self._lookup, self._length, asked, judging(self._lookup))
            self._histories.update(zip(asked, histories.numbers(asked), strict=True))

    def _numbers(self, node: Node) -> Numbers:
        return expect(Numbers, self._vector(node))

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


def expect(wanted: type[T], vector: Vector) -> T:
    """The vector itself, known to be of one sort.

    Raises:
        FilterError: it is of another: the tree was not checked.
    """
    if not isinstance(vector, wanted):
        raise FilterError(f"{type(vector).__name__} where {wanted.__name__} belong")
    return vector
