"""Columns inside the evaluator: plain numpy values beside an explicit mask of validity.

What stands where the mask is false is 0, false or any word, and is never looked at. Lengths are the batch's, or 1 for a
constant; numpy's broadcasting does the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.catalogue import FAILED
from linnet.filters.tree import Column, Kind, Literal, Member

Bools: TypeAlias = npt.NDArray[np.bool_]
Values: TypeAlias = npt.NDArray[Any]
"""int64 or float64."""


@dataclass(frozen=True)
class Truth:
    """Conditions. `true` is false wherever `valid` is."""

    true: Bools
    valid: Bools


@dataclass(frozen=True)
class Numbers:
    """Numbers, all int64 or all finite float64."""

    values: Values
    valid: Bools

    @property
    def exact(self) -> bool:
        """True for integers."""
        return self.values.dtype.kind == "i"


@dataclass(frozen=True)
class Texts:
    """Texts, by code where the column came dictionary-encoded.

    Attributes:
        words: an Arrow string array: one word per row, or, with `codes`, the distinct words.
        codes: index into `words` per row, or None.
        valid: validity per row.
        constant: the word itself where this is a constant of the filter.
    """

    words: pa.Array
    codes: npt.NDArray[np.int64] | None
    valid: Bools
    constant: str | None = None

    def where(self, hit: pa.Array) -> Bools:
        """Rows whose word has a true in `hit` (aligned with `words`; null counts as false)."""
        flags: Bools = pc.fill_null(hit, False).to_numpy(zero_copy_only=False)
        if self.codes is None:
            return flags
        # Without any word every row is null: one false word gives the codes (all 0) something to point at.
        return flags[self.codes] if len(flags) else np.zeros(len(self.codes), dtype=np.bool_)

    def spelled(self) -> pa.Array:
        """The words row by row."""
        if self.codes is None:
            return self.words
        if len(self.words) == 0:
            return pa.nulls(len(self.codes), self.words.type)
        return pc.take(self.words, pa.array(self.codes))


Vector: TypeAlias = Truth | Numbers | Texts


def load(array: pa.Array, column: Column | Member) -> Vector:
    """A column of the batch, or a membership.

    NaN and infinity become null; float32 becomes the float64 of the same value. The state of a look-up
    that failed becomes null too: it is not known whether there is a match.
    """
    kind = column.kind
    if pa.types.is_null(array.type):
        return _nothing(len(array), kind)
    if kind is Kind.TEXT:
        texts = _load_texts(array)
        return _without_failed(texts) if isinstance(column, Column) and column.look_up == column.name else texts
    valid = _validity(array)
    if kind is Kind.BOOLEAN:
        return Truth(_filled(array, False), valid)
    values = _filled(array, 0)
    if kind is Kind.INTEGER:
        return Numbers(values.astype(np.int64, copy=False), valid)
    return finite(values.astype(np.float64, copy=False), valid)


def constant(literal: Literal) -> Vector:
    """A constant as a vector of length 1."""
    value, valid = literal.value, np.ones(1, dtype=np.bool_)
    if isinstance(value, bool):
        return Truth(np.array([value]), valid)
    if isinstance(value, str):
        return Texts(pa.array([value], pa.string()), None, valid, value)
    return Numbers(np.array([value], dtype=np.int64 if literal.kind is Kind.INTEGER else np.float64), valid)


def array_of(vector: Vector, length: int) -> pa.Array:
    """A vector as an Arrow array of this length, null where it is not valid."""
    gone = ~np.broadcast_to(vector.valid, (length,))
    if isinstance(vector, Texts):
        spelled = vector.spelled().cast(pa.string())
        whole = spelled if len(spelled) == length else pa.nulls(length, pa.string()).fill_null(vector.constant or "")
        return pc.if_else(pa.array(gone), pa.scalar(None, pa.string()), whole)
    values = vector.true if isinstance(vector, Truth) else vector.values
    return pa.array(np.broadcast_to(values, (length,)), mask=gone)


def finite(values: npt.NDArray[np.float64], valid: Bools) -> Numbers:
    """Floats with everything that is NaN or infinite made null."""
    fine = np.isfinite(values)
    if fine.all():
        return Numbers(values, valid)
    return Numbers(np.where(fine, values, 0.0), valid & fine)


def _load_texts(array: pa.Array) -> Texts:
    if not pa.types.is_dictionary(array.type):
        return Texts(array, None, _validity(array))
    codes = _filled(array.indices, 0).astype(np.int64, copy=False)
    words, valid = array.dictionary, _validity(array.indices)
    if words.null_count:
        valid = valid & _validity(words)[codes]
    return Texts(words, codes, valid)


def _without_failed(states: Texts) -> Texts:
    failed = states.where(pc.equal(states.words, FAILED))
    return Texts(states.words, states.codes, states.valid & ~failed)


def _nothing(length: int, kind: Kind) -> Vector:
    valid = np.zeros(length, dtype=np.bool_)
    if kind is Kind.TEXT:
        return Texts(pa.nulls(length, pa.string()), None, valid)
    if kind is Kind.BOOLEAN:
        return Truth(valid, valid)
    return Numbers(np.zeros(length, dtype=np.int64 if kind is Kind.INTEGER else np.float64), valid)


def _validity(array: pa.Array) -> Bools:
    if array.null_count == 0:
        return np.ones(len(array), dtype=np.bool_)
    valid: Bools = array.is_valid().to_numpy(zero_copy_only=False)
    return valid


def _filled(array: pa.Array, value: bool | int) -> npt.NDArray[Any]:
    # Filled before it becomes numpy: Arrow would turn integers with nulls into floats.
    full = array.fill_null(pa.scalar(value, array.type)) if array.null_count else array
    found: npt.NDArray[Any] = full.to_numpy(zero_copy_only=False)
    return found
