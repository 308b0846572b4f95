"""The clauses of a filter, each with an address: what an explanation lists, one verdict after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from linnet.filters.evaluate import Evaluation, Lookup
from linnet.filters.formatter import canonical
from linnet.filters.tree import And, Node, Not, Or, Span, Tagged, children


@dataclass(frozen=True)
class Clause:
    """A condition that is not made of `and`, `or`, `not`. Those of a filter on which this one stands are clauses too.

    Attributes:
        path: its address: which child at each step from the root.
        node: the condition.
        text: its canonical text.
        span: where it stands in the filter's text; for one of another filter, where that one is named.
    """

    path: tuple[int, ...]
    node: Node
    text: str
    span: Span


def clauses(tree: Node) -> tuple[Clause, ...]:
    """All clauses in the order of the text."""
    return tuple(_clauses(tree, (), None))


def at(tree: Node, path: tuple[int, ...]) -> Node:
    """The node at an address."""
    for step in path:
        tree = children(tree)[step]
    return tree


def verdicts(tree: Node, lookup: Lookup, length: int) -> dict[tuple[int, ...], pa.BooleanArray]:
    """Every clause's verdict for every row, by address: true, false, or null where the data cannot say."""
    evaluation = Evaluation(lookup, length)
    return {clause.path: evaluation.condition(clause.node) for clause in clauses(tree)}


def _clauses(node: Node, path: tuple[int, ...], within: Span | None) -> Iterator[Clause]:
    if isinstance(node, Tagged):
        yield from _clauses(node.item, (*path, 0), within or node.span)
    elif isinstance(node, And | Or | Not):
        for step, child in enumerate(children(node)):
            yield from _clauses(child, (*path, step), within)
    else:
        yield Clause(path, node, canonical(node), within or node.span)
