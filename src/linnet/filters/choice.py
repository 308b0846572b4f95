"""`case when`: the value behind the first condition that is true.

A condition that is false, or null because a value is missing, lets the next one be asked, as in SQL. Where it is null
because a look-up failed, nobody knows which value holds, and the whole is null: `else` is not for failures. Without
`else`, what no condition takes is null.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.errors import FilterError
from linnet.filters.arithmetic import as_floats
from linnet.filters.look_ups import looked_up
from linnet.filters.tree import Case, Kind
from linnet.filters.vectors import Bools, Numbers, Texts, Truth, Vector

Places = npt.NDArray[np.int64]


def chosen(node: Case, parts: Sequence[Vector]) -> Vector:
    """The values of a `case` from its operands: for each `when` condition, value, states of look-ups; then `else`."""
    rest = iter(parts)
    values: list[Vector] = []
    which, still = np.full(1, -1), np.ones(1, dtype=np.bool_)
    for place, (condition, _) in enumerate(node.whens):
        truth = next(rest)
        values.append(next(rest))
        refused = _refused(truth, [next(rest) for _ in looked_up(condition)])
        which = np.where(still & _true(truth), place, which)
        still = still & refused
    values.extend(rest)
    if node.otherwise is not None:
        which = np.where(still, len(node.whens), which)
    return _taken(values, which, node.kind)


def _true(vector: Vector) -> Bools:
    if not isinstance(vector, Truth):
        raise FilterError(f"{type(vector).__name__} where a condition belongs")
    return vector.true


def _refused(truth: Vector, states: Sequence[Vector]) -> Bools:
    """Where a condition lets the next one be asked."""
    known = np.ones(1, dtype=np.bool_)
    for state in states:
        known = known & state.valid
    return ~_true(truth) & (truth.valid | known)


def _taken(values: Sequence[Vector], which: Places, kind: Kind) -> Vector:
    if kind is Kind.TEXT:
        return _texts(values, which)
    valid = _pick([each.valid for each in values], which, np.False_)
    if kind is Kind.BOOLEAN:
        true = _pick([_true(each) for each in values], which, np.False_)
        return Truth(true & valid, valid)
    numbers = list(_numbers(values, kind))
    zero = np.int64(0) if kind is Kind.INTEGER else np.float64(0.0)
    return Numbers(
        _pick([each.values for each in numbers], which, zero), _pick([n.valid for n in numbers], which, np.False_)
    )


def _numbers(values: Sequence[Vector], kind: Kind) -> Iterator[Numbers]:
    for each in values:
        if not isinstance(each, Numbers):
            raise FilterError(f"{type(each).__name__} where numbers belong")
        yield each if kind is Kind.INTEGER else as_floats(each)


def _texts(values: Sequence[Vector], which: Places) -> Texts:
    """One text for each row, as codes into the words of all branches one behind the other."""
    words: list[pa.Array] = [pa.array([""], pa.string())]
    codes: list[Places] = []
    first = 1
    for each in values:
        if not isinstance(each, Texts):
            raise FilterError(f"{type(each).__name__} where texts belong")
        own = np.arange(len(each.words)) if each.codes is None else each.codes
        codes.append(np.where(each.valid, own + first, 0))
        words.append(each.words.cast(pa.string()))
        first += len(each.words)
    valid = _pick([each.valid for each in values], which, np.False_)
    return Texts(pa.concat_arrays(words), _pick(codes, which, np.int64(0)), valid)


def _pick(branches: Sequence[npt.NDArray[Any]], which: Places, nothing: np.generic) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = np.full(1, nothing)
    for place, branch in enumerate(branches):
        found = np.where(which == place, branch, found)
    return found
