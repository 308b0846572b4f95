"""What conditions come down to: questions about values, and gates that join the answers. Equal ones exist once.

A condition of three-valued logic is two ordinary ones: where it is true, and where it is false. Where `a and b` is
true, both are true; where it is false, either is false; `not` exchanges the two. So nothing remains above the questions
but "every" and "any" of plain bits, nulls need no further thought, and the clauses that filters share are found by
looking them up.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class Question(NamedTuple):
    """Something about one value, true or not in each row, never null.

    Attributes:
        test: an operator, or `true`, `false` (of a flag), `known`, `null`.
        item: number of the expression.
        constant: what an operator compares with.
        other: number of the expression that an operator compares with, or -1.
    """

    test: str
    item: int
    constant: int | float | str | None = None
    other: int = -1


class Opposite(NamedTuple):
    """True where another signal is not."""

    of: int


class Gate(NamedTuple):
    """Every, or any, of other signals."""

    every: bool
    inputs: tuple[int, ...]


Signal: TypeAlias = Question | Opposite | Gate
"""One bit for each row."""


class Signals:
    """Distinct signals, numbered so that each comes after those it depends on."""

    def __init__(self) -> None:
        self.all: list[Signal] = []
        self._places: dict[tuple[type, Signal], int] = {}

    def add(self, signal: Signal) -> int:
        """The number of a signal, the same for equal ones."""
        # With its type: to Python the tuples of Opposite(3) and of another sort could be equal.
        place = self._places.setdefault((type(signal), signal), len(self.all))
        if place == len(self.all):
            self.all.append(signal)
        return place

    def join(self, every: bool, inputs: list[int]) -> int:
        """Every, or any, of these."""
        distinct = tuple(sorted(set(inputs)))
        return distinct[0] if len(distinct) == 1 else self.add(Gate(every, distinct))
