"""A condition asked about rows in which one value is another one, and where on the way its verdict changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeAlias, TypeGuard

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.filters.blocking import Truth
from linnet.filters.evaluate import Evaluation
from linnet.filters.ordered_values import Ordered, Scalar, ordered
from linnet.filters.tree import Node

WAYS = 16
"""Parts into which a stretch is cut at once: a column of doubles takes 16 rounds, one of floats 8."""


class Place(NamedTuple):
    """One value of a batch: its row and column."""

    row: int
    column: str


Trial: TypeAlias = tuple[Place, Scalar]
"""A value put into a place."""


@dataclass(frozen=True)
class Stretch:
    """Numbers of values in the order of their type, between which a verdict changes.

    Attributes:
        near, far: its ends; the change is searched from the near one on.
        said: the verdict at the near end.
    """

    place: Place
    near: int
    far: int
    said: Truth


class Batch:
    """The columns that a filter reads, ready for other values.

    Args:
        arrays: by name, equally long. Dictionaries are spelled out: a word that no row has gets in more easily.
    """

    def __init__(self, arrays: Mapping[str, pa.Array]) -> None:
        self.arrays = {n: a.dictionary_decode() if pa.types.is_dictionary(a.type) else a for n, a in arrays.items()}
        self.values: dict[str, list[Scalar]] = {n: a.to_pylist() for n, a in self.arrays.items()}
        self._orders = {n: ordered(a.type) for n, a in self.arrays.items()}

    def order(self, column: str) -> Ordered | None:
        """The order of a column's values; None where they are no numbers."""
        return self._orders[column]

    def ask(self, condition: Node, trials: Sequence[Trial], *, whole: bool = False) -> list[Truth]:
        """The verdict of a condition on the row of each trial, with its value in its place.

        Args:
            condition: any.
            trials: what is put where.
            whole: whether it is a whole filter: at its end null is as good as false.
        """
        if not trials:
            return []
        rows = pa.array(np.array([place.row for place, _ in trials]))
        of_column: dict[str, list[int]] = {}
        for number, (place, _) in enumerate(trials):
            of_column.setdefault(place.column, []).append(number)

        def look_up(name: str) -> pa.Array:
            taken = self.arrays[name].take(rows)
            numbers = of_column.get(name)
            if numbers is None:
                return taken
            mask = np.zeros(len(trials), dtype=np.bool_)
            mask[numbers] = True
            return pc.replace_with_mask(taken, pa.array(mask), pa.array([trials[n][1] for n in numbers], taken.type))

        verdicts = Evaluation(look_up, len(trials)).condition(condition)
        found: list[Truth] = (verdicts.fill_null(False) if whole else verdicts).to_pylist()
        return found

    def edges(self, condition: Node, points: Mapping[Place, Iterable[Scalar]]) -> dict[Place, set[Scalar]]:
        """Values at which the verdict of a condition changes: the neighbours on both sides of each change.

        Args:
            condition: any.
            points: numbers among which changes are looked for; between two of them at most one is found.
        """
        trials = [
            (place, value)
            for place, values in points.items()
            for value in self.numbers(place.column, {*values, self.values[place.column][place.row]})
        ]
        tried: dict[Place, list[tuple[int, Truth]]] = {}
        for (place, value), said in zip(trials, self.ask(condition, trials), strict=True):
            tried.setdefault(place, []).append((self._number(place, value), said))
        stretches = []
        for place, known in tried.items():
            known.sort(key=lambda each: each[0])
            stretches += [Stretch(place, a[0], b[0], a[1]) for a, b in pairwise(known) if a[1] is not b[1]]
        found: dict[Place, set[Scalar]] = {}
        for each in self.narrowed(condition, stretches):
            order = self._orders[each.place.column]
            assert order is not None  # noqa: S101 - stretches are those of numbers
            found.setdefault(each.place, set()).update((order.value(each.near), order.value(each.far)))
        return found

    def narrowed(self, condition: Node, stretches: Sequence[Stretch], *, whole: bool = False) -> list[Stretch]:
        """The same stretches, narrowed down until their ends are neighbours. `whole`: as in `ask`."""
        done: list[Stretch] = []
        left = list(stretches)
        while left:
            cuts = [_cuts(each) for each in left]
            numbers = [(each.place, cut) for each, here in zip(left, cuts, strict=True) for cut in here]
            trials = [(place, self._value(place, cut)) for place, cut in numbers]
            said = iter(self.ask(condition, trials, whole=whole))
            shorter = [_shorter(each, [(c, next(said)) for c in here]) for each, here in zip(left, cuts, strict=True)]
            done += [each for each in shorter if abs(each.far - each.near) <= 1]
            left = [each for each in shorter if abs(each.far - each.near) > 1]
        return done

    def numbers(self, column: str, values: Iterable[Scalar]) -> set[Scalar]:
        """Finite numbers as those of the column's type that are nearest."""
        order = self._orders[column]
        return set() if order is None else {order.value(order.number(v)) for v in values if is_number(v)}

    def _number(self, place: Place, value: Scalar) -> int:
        order = self._orders[place.column]
        assert order is not None and is_number(value)  # noqa: S101, PT018 - only numbers are put in an order
        return order.number(value)

    def _value(self, place: Place, number: int) -> Scalar:
        order = self._orders[place.column]
        assert order is not None  # noqa: S101 - the same
        return order.value(number)


def _cuts(stretch: Stretch) -> list[int]:
    """Numbers that cut a stretch into parts, from its near end on."""
    near, far = stretch.near, stretch.far
    between = {near + (far - near) * i // WAYS for i in range(1, WAYS)} - {near, far}
    return sorted(between, reverse=far < near)


def _shorter(stretch: Stretch, said: Iterable[tuple[int, Truth]]) -> Stretch:
    near = stretch.near
    for cut, verdict in said:
        if verdict is not stretch.said:
            return Stretch(stretch.place, near, cut, stretch.said)
        near = cut
    return Stretch(stretch.place, near, stretch.far, stretch.said)


def is_number(value: Scalar) -> TypeGuard[float]:
    """Whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value - value == 0
