"""What each construct makes of the values of its operands.

Both evaluators come here: the one for a single filter, and the one that computes once what many filters share.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from linnet.errors import FilterError
from linnet.filters import tree
from linnet.filters.arithmetic import combine, negative
from linnet.filters.choice import chosen
from linnet.filters.comparison import (
    compare_numbers,
    compare_texts,
    compare_truths,
    conjunction,
    disjunction,
    negation,
    number_in,
    text_in,
)
from linnet.filters.cones import within
from linnet.filters.functions import NUMERIC
from linnet.filters.history_nodes import History
from linnet.filters.look_ups import looked_up
from linnet.filters.tree import Node
from linnet.filters.vectors import Numbers, Texts, Truth, Vector

T = TypeVar("T")


def operands(node: Node) -> tuple[Node, ...]:
    """What must be evaluated before a node is, in the order in which `value` takes it."""
    match node:
        case tree.In():
            return (node.item,)
        case History():
            # Its condition is about points; nothing of it is a value of an alert.
            return ()
        case tree.Case():
            return tuple(part for when in node.whens for part in (*when, *looked_up(when[0]))) + (
                (node.otherwise,) if node.otherwise else ()
            )
        case _:
            return tree.children(node)


def value(node: Node, parts: Sequence[Vector]) -> Vector:
    """A node's values from those of its `operands`.

    Raises:
        FilterError: they are of another sort than the node takes: the tree was not checked.
    """
    match node:
        case tree.Compare():
            return _compared(node.operator, *parts)
        case tree.Case():
            return chosen(node, parts)
        case tree.Arithmetic() | tree.Negative() | tree.Call() | tree.Between():
            return _numeric(node, [expect(Numbers, part) for part in parts])
        case tree.In():
            return _listed(node, parts[0])
        case tree.Cone():
            return within(node, *(expect(Numbers, part) for part in parts))
        case tree.IsNull():
            return Truth(~parts[0].valid, np.ones_like(parts[0].valid))
        case _:
            return _joined(node, [expect(Truth, part) for part in parts])


def _compared(operator: str, left: Vector, right: Vector) -> Truth:
    match left, right:
        case Numbers(), Numbers():
            return compare_numbers(operator, left, right)
        case Texts(), Texts():
            return compare_texts(operator, left, right)
        case _:
            return compare_truths(operator, expect(Truth, left), expect(Truth, right))


def _numeric(node: tree.Arithmetic | tree.Negative | tree.Call | tree.Between, parts: list[Numbers]) -> Vector:
    match node:
        case tree.Arithmetic():
            return combine(node.operator, *parts)
        case tree.Negative():
            return negative(*parts)
        case tree.Call():
            return NUMERIC[node.name].compute(parts)
        case tree.Between():
            item, low, high = parts
            return conjunction([compare_numbers(">=", item, low), compare_numbers("<=", item, high)])


def _listed(node: tree.In, item: Vector) -> Truth:
    return text_in(item, node.values) if isinstance(item, Texts) else number_in(expect(Numbers, item), node.values)


def _joined(node: Node, parts: list[Truth]) -> Truth:
    match node:
        case tree.And():
            return conjunction(parts)
        case tree.Or():
            return disjunction(parts)
        case tree.Not():
            return negation(*parts)
        case tree.Tagged():
            return parts[0]
        case _:
            raise FilterError(f"{type(node).__name__} is not made of parts")


def expect(wanted: type[T], vector: Vector) -> T:
    """The vector itself, known to be of one sort.

    Raises:
        FilterError: it is of another: the tree was not checked.
    """
    if not isinstance(vector, wanted):
        raise FilterError(f"{type(vector).__name__} where {wanted.__name__} belong")
    return vector
