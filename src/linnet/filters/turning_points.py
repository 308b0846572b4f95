"""The values at which the clauses of a filter may turn, column by column: where to look for a smallest change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from linnet.core.catalogue import MATCH, NONE
from linnet.filters.measured import read
from linnet.filters.ordered_values import Scalar
from linnet.filters.tree import Between, Column, Compare, In, IsNull, Kind, Node, children, walk

ANOTHER = "another"
"""A text that no constant of a filter is, for a change to anything else."""

_STEPS = (*(2.0**k for k in range(-4, 24, 2)),)
"""How far from a number to look, in its own size, where what a clause compares is computed out of it."""

Worth = Mapping[Node, Sequence[Scalar]]
"""What the nodes of a tree are worth in each row."""


def turning_points(clause: Node, worth: Worth, row: int) -> Iterator[tuple[str, set[Scalar], bool]]:
    """Each column that a clause reads, values at which it may turn, and whether these are all there are.

    A column that stands alone turns at what it is compared with: the value of any other part of the clause. For one
    that is computed with, values far and near are named, among which the places must still be searched.
    """
    numbers, texts = _parts(clause, worth, row)
    for column, is_alone in _columns(clause):
        if column.kind.is_number:
            points: set[Scalar] = {*numbers, *(-n for n in numbers), 0}
            yield column.name, points if is_alone else points | _near_and_far(worth[column][row]), is_alone
        elif column.kind is Kind.TEXT:
            yield column.name, texts | {_other_than(texts)}, True
        else:
            yield column.name, {True, False}, True
        if isinstance(clause, IsNull) and column.look_up:
            # Nobody knows whether a value is null that could not be looked up.
            yield column.look_up, {MATCH, NONE}, True


def _parts(clause: Node, worth: Worth, row: int) -> tuple[set[float], set[Scalar]]:
    """Numbers and texts that the parts of a clause are worth."""
    numbers: set[float] = set()
    texts: set[Scalar] = set()
    for node in walk(clause):
        value = worth[node][row] if node in worth else None
        if isinstance(value, str):
            texts.add(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            numbers.add(value)
    return numbers, texts


def _columns(clause: Node) -> Iterator[tuple[Column, bool]]:
    """The columns of a clause, each with whether it stands alone on a side of it."""
    alone = isinstance(clause, Compare | Between | In | IsNull)
    for child in children(clause) or (clause,):
        yield from ((column, alone and column is child) for column in read(child))


def _near_and_far(here: Scalar) -> set[Scalar]:
    size = abs(here) if isinstance(here, int | float) and here else 1.0
    centre = here if isinstance(here, int | float) else 0.0
    return {centre + sign * step * size for step in _STEPS for sign in (1, -1)}


def _other_than(texts: set[Scalar]) -> str:
    word = ANOTHER
    while word in texts:
        word += "_"
    return word
