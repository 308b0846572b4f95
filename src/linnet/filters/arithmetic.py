"""Arithmetic without wrong answers: a result that cannot be given is null.

- Integer `+`, `-`, `*`, minus and `abs` are exact; overflow of 64 bits is null.
- `/` gives a float; division by zero is null, as is every result that is infinite or no number.
- Where an integer meets a float (and in `/`) it becomes the double of the same value; an integer beyond 2^53 that has
  no such double is null there, never rounded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from linnet.filters.vectors import Bools, Numbers, finite

LOWEST = np.int64(-(2**63))
EXACT = 2**53
"""Up to here every integer is a double."""

_INTEGER: dict[str, Any] = {"+": np.add, "-": np.subtract, "*": np.multiply}
_FLOAT: dict[str, Any] = {**_INTEGER, "/": np.divide}


def combine(operator: str, left: Numbers, right: Numbers) -> Numbers:
    """`left operator right` for `+`, `-`, `*`, `/`."""
    with np.errstate(all="ignore"):
        if left.exact and right.exact and operator != "/":
            values = _INTEGER[operator](left.values, right.values)
            fits = _fits(operator, left.values, right.values, values)
            return Numbers(values, left.valid & right.valid & fits)
        first, second = as_floats(left), as_floats(right)
        return finite(_FLOAT[operator](first.values, second.values), first.valid & second.valid)


def negative(item: Numbers) -> Numbers:
    """Unary minus."""
    with np.errstate(all="ignore"):
        return Numbers(-item.values, item.valid & _has_opposite(item))


def absolute(item: Numbers) -> Numbers:
    """Absolute value."""
    with np.errstate(all="ignore"):
        return Numbers(np.abs(item.values), item.valid & _has_opposite(item))


def small(values: npt.NDArray[Any]) -> bool:
    """Whether all of these integers are exact as doubles by size alone."""
    return values.size == 0 or bool(values.min() >= -EXACT and values.max() <= EXACT)


def as_floats(item: Numbers) -> Numbers:
    """The same numbers as doubles; null where a double cannot hold the integer."""
    if not item.exact:
        return item
    floats = item.values.astype(np.float64)
    if small(item.values):
        return Numbers(floats, item.valid)
    # 2^63 as a double is beyond int64: such a neighbour is not the integer, and must not be converted back.
    inside = floats < 2.0**63
    same = inside & (np.where(inside, floats, 0.0).astype(np.int64) == item.values)
    return Numbers(floats, item.valid & same)


def _has_opposite(item: Numbers) -> Bools | np.bool_:
    return item.values != LOWEST if item.exact else np.True_


def _fits(operator: str, left: npt.NDArray[Any], right: npt.NDArray[Any], result: npt.NDArray[Any]) -> Bools:
    """Where the wrapped 64-bit result is the true one."""
    if operator == "+":
        return np.asarray(((left ^ result) & (right ^ result)) >= 0)
    if operator == "-":
        return np.asarray(((left ^ right) & (left ^ result)) >= 0)
    undone = result // np.where(right == 0, 1, right) == left
    return np.asarray((right == 0) | (undone & ~((left == LOWEST) & (right == -1))))
