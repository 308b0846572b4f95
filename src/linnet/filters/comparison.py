"""Comparisons (numbers by value, exactly, whatever their type; texts by identity) and what joins their truths."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linnet.filters.arithmetic import small
from linnet.filters.tree import Literal
from linnet.filters.vectors import Bools, Numbers, Texts, Truth

DIRECT: dict[str, Any] = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
_MIRRORED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def compare_numbers(operator: str, left: Numbers, right: Numbers) -> Truth:
    """Null where either side is null; otherwise the truth about the two values."""
    if left.exact == right.exact:
        found = DIRECT[operator](left.values, right.values)
    elif left.exact:
        found = _integers_with_floats(operator, left.values, right.values)
    else:
        found = _integers_with_floats(_MIRRORED[operator], right.values, left.values)
    valid = left.valid & right.valid
    return Truth(found & valid, valid)


def _integers_with_floats(operator: str, integers: npt.NDArray[Any], floats: npt.NDArray[Any]) -> Bools:
    """Exact comparison: an integer with the whole part of the float, then with what is behind its point."""
    if small(integers):
        return np.asarray(DIRECT[operator](integers.astype(np.float64), floats))
    whole = np.floor(floats)
    above, below = whole >= 2.0**63, whole < -(2.0**63)
    inside = np.where(above | below, 0.0, whole).astype(np.int64)
    equal_whole = ~above & ~below & (integers == inside)
    less = above | (~below & (integers < inside)) | (equal_whole & (floats > whole))
    equal = equal_whole & (floats == whole)
    answers = {"=": equal, "!=": ~equal, "<": less, "<=": less | equal, ">": ~(less | equal), ">=": ~less}
    return np.asarray(answers[operator])


def compare_texts(operator: str, left: Texts, right: Texts) -> Truth:
    """`=` or `!=`, letter by letter; null where either side is null."""
    valid = left.valid & right.valid
    if right.constant is not None:
        same = left.where(pc.equal(left.words, right.constant))
    elif left.constant is not None:
        same = right.where(pc.equal(right.words, left.constant))
    else:
        rows = pc.equal(*_alike(left.spelled().cast(pa.string()), right.spelled().cast(pa.string())))
        same = pc.fill_null(rows, False).to_numpy(zero_copy_only=False)
    return Truth((same if operator == "=" else ~same) & valid, valid)


def _alike(left: pa.Array, right: pa.Array) -> tuple[Any, Any]:
    """Both sides for Arrow, which stretches no array of length 1, but takes its value."""
    if len(left) == len(right):
        return left, right
    return (left[0], right) if len(left) == 1 else (left, right[0])


def compare_truths(operator: str, left: Truth, right: Truth) -> Truth:
    """`=` or `!=` of two conditions; null where either is null."""
    valid = left.valid & right.valid
    same = left.true == right.true
    return Truth((same if operator == "=" else ~same) & valid, valid)


def negation(item: Truth) -> Truth:
    """Kleene's not: null stays null."""
    return Truth(item.valid & ~item.true, item.valid)


def conjunction(items: Iterable[Truth]) -> Truth:
    """Kleene's and: false where any is false, else null where any is null, else true."""
    true, false = np.ones(1, dtype=np.bool_), np.zeros(1, dtype=np.bool_)
    for item in items:
        true, false = true & item.true, false | (item.valid & ~item.true)
    return Truth(true, true | false)


def disjunction(items: Iterable[Truth]) -> Truth:
    """Kleene's or: true where any is true, else null where any is null, else false."""
    return negation(conjunction(negation(item) for item in items))


def number_in(item: Numbers, values: tuple[Literal, ...]) -> Truth:
    """Whether a number equals one of the constants exactly."""
    wanted = [v for v in (_as_stored(each.value, item.exact) for each in values) if v is not None]
    held = np.array(wanted, dtype=item.values.dtype)
    return Truth(np.isin(item.values, held) & item.valid, item.valid)


def text_in(item: Texts, values: tuple[Literal, ...]) -> Truth:
    """Whether a text is one of the constants."""
    held = pa.array([str(v.value) for v in values], item.words.type)
    return Truth(item.where(pc.is_in(item.words, held)) & item.valid, item.valid)


def _as_stored(value: float | str, exact: bool) -> float | None:
    """The constant in the column's own type, or None where no value of that type equals it."""
    if isinstance(value, str):
        return None
    if exact:
        whole = int(value)
        return whole if whole == value and -(2**63) <= whole < 2**63 else None
    double = float(value)
    return double if double == value else None
