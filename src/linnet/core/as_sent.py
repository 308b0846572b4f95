"""Columns as they were sent, null where a number says nothing; hundreds of columns at the price of a few.

A batch has up to five hundred columns, however few its alerts are. So the columns of one type are looked at together,
in the memory in which they lie, and only those are made anew in which something has to become null.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core.lists import Bools, Floats, Ints, missing_in

Plain = npt.NDArray[np.number]

_KINDS = {pa.float32().id: np.float32, pa.float64().id: np.float64, pa.int32().id: np.int32, pa.int64().id: np.int64}


def as_sent(
    columns: Sequence[pa.Array], sentinels: tuple[float, ...] = (), whole: tuple[int, ...] = ()
) -> list[pa.Array]:
    """Columns with null in place of what says nothing.

    Args:
        columns: of one length and any types; those that are no numbers stay what they are.
        sentinels: floating-point numbers that stand for nothing, as NaN and infinity do.
        whole: integers of 32 or 64 bits that do.

    Returns:
        The columns in their order, of the same types; those without such a number are the very same.
    """
    found = list(columns)
    groups: dict[int, list[int]] = {}
    for i, column in enumerate(columns):
        if column.null_count != len(column):
            groups.setdefault(column.type.id, []).append(i)
    for kind, group in groups.items():
        if kind in _KINDS:
            floating = np.issubdtype(_KINDS[kind], np.floating)
            says_nothing = _nothing(np.stack([plain(columns[i]) for i in group]), sentinels if floating else whole)
            for at in np.flatnonzero(says_nothing.any(axis=1)).tolist():
                column = columns[group[at]]
                found[group[at]] = pa.array(plain(column), column.type, mask=says_nothing[at] | missing_in(column))
    return found


def plain(column: pa.Array) -> Plain:
    """The values of a numeric column, not copied; what stands at a null may be anything."""
    kind, values = _KINDS[column.type.id], column.buffers()[1]
    if values is None:
        return np.zeros(len(column), kind)
    return np.frombuffer(values, kind, len(column), column.offset * np.dtype(kind).itemsize)


def without(column: pa.Array, number: int) -> pa.Array:
    """A numeric column with null where it is this number; itself where it never is."""
    mask = plain(column) == number
    return pa.array(plain(column), column.type, mask=mask | missing_in(column)) if mask.any() else column


def reals(column: pa.Array) -> Floats:
    """A numeric column as float64, NaN where it is null."""
    values: Floats = column.to_numpy(zero_copy_only=False).astype(np.float64)
    return values


def integers(column: pa.Array) -> tuple[Ints, Bools]:
    """An integer column as (int64 with 0 for null, where it is null); 64-bit ids pass exactly."""
    if not column.null_count:
        return plain(column).astype(np.int64), np.zeros(len(column), dtype=bool)
    missing = missing_in(column)
    return np.where(missing, 0, plain(column)).astype(np.int64), missing


def _nothing(values: Plain, sentinels: tuple[float, ...]) -> Bools:
    found: Bools = ~np.isfinite(values)
    for sentinel in sentinels:
        found |= values == sentinel
    return found
