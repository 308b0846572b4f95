"""The smallest change of one value that turns a filter's verdict, found by asking the whole filter.

Every clause names the values at which it may turn; at each of them, and at its neighbours in the column's type, the
filter itself is asked, and on the way to the nearest one that turns it. So a change that is named really turns the
verdict, whatever the clauses are made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from linnet.filters.evaluate import Evaluation
from linnet.filters.ordered_values import Scalar
from linnet.filters.probing import Batch, Place, Stretch, is_number
from linnet.filters.tree import Node
from linnet.filters.turning_points import Worth, turning_points

NUMBERS, KNOWN, FROM_NULL, TO_NULL = range(4)
"""Sorts of changes, the smallest first: of a number; to another text or truth; of what was null; to null."""


@dataclass(frozen=True)
class Change:
    """A change of one column that turns the verdict.

    Attributes:
        column: which.
        before, after: its values, null as None.
        size: for numbers the difference over the value before (where that is 0, the difference itself); None for all
            else.
    """

    column: str
    before: Scalar
    after: Scalar
    size: float | None


def smallest_changes(
    tree: Node, clauses: Sequence[Node], worth: Worth, arrays: Mapping[str, pa.Array]
) -> dict[int, Change]:
    """The smallest change of each row that has one.

    Args:
        tree: the whole filter.
        clauses: of it.
        worth: what every part of every clause is worth in each row.
        arrays: the columns that it reads, equally long.

    Returns:
        Row -> change. Of two that are equally small, the one whose column comes first in the text.
    """
    batch = Batch(arrays)
    length = len(next(iter(arrays.values()))) if arrays else 0
    verdicts = Evaluation(batch.arrays.__getitem__, length).condition(tree)
    passes: list[bool] = verdicts.fill_null(False).to_pylist()
    candidates = _candidates(batch, clauses, worth, length)
    trials = [(place, value) for place, values in candidates.items() for value in _around(batch, place, values)]
    tried: dict[Place, list[tuple[Scalar, bool]]] = {}
    for (place, value), said in zip(trials, batch.ask(tree, trials, whole=True), strict=True):
        tried.setdefault(place, []).append((value, said is not passes[place.row]))
    found: dict[int, Change] = {}
    for place, change in _nearest(batch, tree, tried, passes):
        before = found.get(place.row)
        if before is None or _rank(change) < _rank(before):
            found[place.row] = change
    return found


def _candidates(batch: Batch, clauses: Sequence[Node], worth: Worth, length: int) -> dict[Place, set[Scalar]]:
    """Where the verdict may turn: at the values that the clauses name, and where what is computed of one turns them."""
    found: dict[Place, set[Scalar]] = {}
    for clause in clauses:
        searched: dict[Place, set[Scalar]] = {}
        for row in range(length):
            for column, points, is_alone in turning_points(clause, worth, row):
                place = Place(row, column)
                found.setdefault(place, set()).update(points)
                if not is_alone:
                    searched[place] = points
        for place, points in batch.edges(clause, searched).items():
            found[place] |= points
    return found


def _around(batch: Batch, place: Place, values: Iterable[Scalar]) -> set[Scalar]:
    """Values to be tried in a place: for a number each with its neighbours, and null."""
    here, order = batch.values[place.column][place.row], batch.order(place.column)
    nothing = {None} if here is not None else set()
    if order is None:
        kind = bool if pa.types.is_boolean(batch.arrays[place.column].type) else str
        return {v for v in values if isinstance(v, kind)} - {here} | nothing
    numbers = {order.number(v) + step for v in values if is_number(v) for step in (-1, 0, 1)}
    return {order.value(n) for n in numbers} - {here} | nothing


def _nearest(
    batch: Batch, tree: Node, tried: Mapping[Place, list[tuple[Scalar, bool]]], passes: Sequence[bool]
) -> list[tuple[Place, Change]]:
    """The nearest change to either side of each number, and the plainest one of anything else, by row and column."""
    found: list[tuple[Place, Change]] = []
    stretches: list[Stretch] = []
    for place, results in tried.items():
        here, order = batch.values[place.column][place.row], batch.order(place.column)
        known = [v for v, turns in results if turns and (v is None or not (is_number(v) and is_number(here)))]
        if known:
            found.append((place, Change(place.column, here, min(known, key=_plainness), None)))
        if order is not None and is_number(here):
            numbers = sorted((order.number(v), turns) for v, turns in results if is_number(v))
            ends = _first_turns(order.number(here), numbers)
            stretches += [Stretch(place, near, far, passes[place.row]) for near, far in ends]
    return found + [(each.place, _of_number(batch, each)) for each in batch.narrowed(tree, stretches, whole=True)]


def _first_turns(here: int, numbers: Sequence[tuple[int, bool]]) -> list[tuple[int, int]]:
    """To either side of a number: the last value that leaves the verdict, and the first one that turns it."""
    found = []
    for side in (1, -1):
        away = [(n, turns) for n, turns in numbers[::side] if (n - here) * side > 0]
        first = next((at for at, (_, turns) in enumerate(away) if turns), None)
        if first is not None:
            found.append((away[first - 1][0] if first else here, away[first][0]))
    return found


def _of_number(batch: Batch, stretch: Stretch) -> Change:
    place, order = stretch.place, batch.order(stretch.place.column)
    here = batch.values[place.column][place.row]
    assert order is not None and isinstance(here, int | float)  # noqa: S101, PT018 - only numbers have stretches
    after = order.value(stretch.far)
    return Change(place.column, here, after, abs(after - here) / (abs(here) or 1.0))


def _rank(change: Change) -> tuple[int, float]:
    if change.before is None:
        return FROM_NULL, 0.0
    if change.after is None:
        return TO_NULL, 0.0
    return (KNOWN, 0.0) if change.size is None else (NUMBERS, change.size)


def _plainness(value: Scalar) -> tuple[bool, float, str]:
    """Known values before null, numbers by their size."""
    return value is None, abs(value) if isinstance(value, int | float) else 0.0, str(value)
