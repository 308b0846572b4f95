"""Questions answered for a whole batch: all those about one value together, as rows of bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linnet.errors import FilterError
from linnet.filters.comparison import DIRECT, compare_numbers, compare_texts
from linnet.filters.expressions import COMPUTED, Expressions, Values
from linnet.filters.signals import Question
from linnet.filters.vectors import Bools, Numbers, Texts, Truth, Vector

Words: TypeAlias = npt.NDArray[np.uint64]
"""Bits of a batch's rows, 64 to a number; beyond the last row they mean nothing."""

WORD = 64


@dataclass(frozen=True)
class Test:
    """One operator, and all the constants that values are held against."""

    operator: str
    constants: npt.NDArray[Any]


@dataclass(frozen=True)
class Group:
    """All questions about one value; or one question about two.

    Attributes:
        item: number of the expression.
        first: place of the first answer. The questions of the tests come first, then the states, then the other.
        size: number of questions.
        tests: comparisons with constants.
        states: `true`, `false`, `known` or `null`.
        other: operator and number of the expression that is compared with.
        cost: of the values that it asks about (`expressions.THERE` and so on).
    """

    item: int
    first: int
    size: int
    tests: tuple[Test, ...]
    states: tuple[str, ...]
    other: tuple[str, int] | None
    cost: int


def grouped(questions: Sequence[Question], expressions: Expressions) -> tuple[tuple[Group, ...], list[Question]]:
    """Groups in the order in which they are best answered, the cheap ones first, and the questions in their order."""
    by_item: dict[tuple[int, int, int, str], list[Question]] = {}
    for each in questions:
        apart = each.other >= 0
        cost = expressions.cost(each.item)
        if apart:
            cost = max(cost, COMPUTED, expressions.cost(each.other))
        by_item.setdefault((cost, each.item, each.other, each.test if apart else ""), []).append(each)
    groups: list[Group] = []
    order: list[Question] = []
    for (cost, item, *_), asked in sorted(by_item.items()):
        asked.sort(key=_rank)
        groups.append(_group(item, len(order), asked, cost))
        order.extend(asked)
    return tuple(groups), order


def answer(group: Group, values: Values, length: int) -> Words:
    """The answers of a group: one row of bits for each question."""
    bits = np.zeros((group.size, -(-length // WORD) * WORD), dtype=np.bool_)
    _fill(group, values, bits[:, :length])
    packed: Words = np.packbits(bits, axis=1, bitorder="little").view(np.uint64)
    return packed


def _fill(group: Group, values: Values, bits: Bools) -> None:
    if group.other is not None:
        operator, other = group.other
        if not values.is_empty(group.item) and not values.is_empty(other):
            bits[0] = _pair(operator, values[group.item], values[other])
        return
    vector, start = values[group.item], 0
    for test in group.tests if not values.is_empty(group.item) else ():
        stop = start + len(test.constants)
        _compare(test, vector, bits[start:stop])
        start = stop
    if start and not vector.valid.all():
        bits[:start] &= vector.valid
    for place, state in enumerate(group.states, group.size - len(group.states)):
        bits[place] = _state(state, vector)


def _compare(test: Test, vector: Vector, bits: Bools) -> None:
    if isinstance(vector, Texts):
        # Each word becomes the place of its constant, and then the comparison is one of numbers.
        found = pc.fill_null(pc.index_in(vector.words, pa.array(test.constants, vector.words.type)), -1)
        codes = found.to_numpy(zero_copy_only=False)
        given = codes if vector.codes is None else codes[vector.codes]
        DIRECT[test.operator](given, np.arange(len(test.constants))[:, None], out=bits)
    elif isinstance(vector, Numbers):
        DIRECT[test.operator](vector.values, test.constants[:, None], out=bits)
    else:
        raise FilterError("a flag where numbers or texts belong")


def _pair(operator: str, left: Vector, right: Vector) -> Bools:
    if isinstance(left, Numbers) and isinstance(right, Numbers):
        return compare_numbers(operator, left, right).true
    if isinstance(left, Texts) and isinstance(right, Texts):
        return compare_texts(operator, left, right).true
    raise FilterError(f"{type(left).__name__} cannot be compared with {type(right).__name__}")


def _state(state: str, vector: Vector) -> Bools:
    if state == "known":
        return vector.valid
    if state == "null":
        return ~vector.valid
    if not isinstance(vector, Truth):
        raise FilterError(f"{type(vector).__name__} where a flag belongs")
    return vector.true if state == "true" else vector.valid & ~vector.true


def _rank(question: Question) -> tuple[bool, str]:
    return question.constant is None, question.test


def _group(item: int, first: int, asked: list[Question], cost: int) -> Group:
    operators = dict.fromkeys(q.test for q in asked if q.constant is not None)
    tests = tuple(Test(o, _constants([q.constant for q in asked if q.test == o])) for o in operators)
    states = tuple(q.test for q in asked if q.constant is None and q.other < 0)
    other = next(((q.test, q.other) for q in asked if q.other >= 0), None)
    return Group(item, first, len(asked), tests, states, other, cost)


def _constants(values: list[Any]) -> npt.NDArray[Any]:
    kind: Any = {int: np.int64, float: np.float64, str: object}[type(values[0])]
    return np.array(values, dtype=kind)
