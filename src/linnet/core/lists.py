"""List columns as flat arrays, and one number per alert out of them.

The points of all alerts of a batch are one flat array; `row_of` says to which alert a point belongs. Sums over points
are to run in their order (`np.bincount`, not `np.add.reduceat`, which regroups), so that a result does not depend, not
even in its last bit, on the batch it came in.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.vocabulary import BANDS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def edges_of(lists: pa.Array) -> Ints:
    """Where the points of each alert begin among all of them, and where they end (int64, one more than alerts)."""
    if lists.null_count:
        edges: Ints = np.zeros(len(lists) + 1, dtype=np.int64)
        np.cumsum(pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False), out=edges[1:])
        return edges
    offsets: Ints = lists.offsets.to_numpy().astype(np.int64)
    offsets -= offsets[0]
    return offsets


def row_of(lists: pa.Array) -> Ints:
    """Index of the alert of every point (int64, ascending). A null list has no points."""
    return np.repeat(np.arange(len(lists), dtype=np.int64), np.diff(edges_of(lists)))


def floats_of(lists: pa.Array) -> Floats:
    """The points of a numeric list column as float64; null is NaN."""
    values: Floats = lists.flatten().to_numpy(zero_copy_only=False)
    return values.astype(np.float64, copy=False)


def signed_kinds_of(lists: pa.Array) -> npt.NDArray[np.int8]:
    """The points of a `*_kind` column as they are (int8); null is -1."""
    kinds = lists.flatten()
    found: npt.NDArray[np.int8] = (kinds.fill_null(-1) if kinds.null_count else kinds).to_numpy(zero_copy_only=False)
    return found


def kinds_of(lists: pa.Array) -> Ints:
    """The points of a `*_kind` column as int64; null is -1."""
    return signed_kinds_of(lists).astype(np.int64)


def bands_of(lists: pa.Array) -> Ints:
    """The points of a `*_band` column as index into `vocabulary.BANDS` (int64); -1 for null and for any other band."""
    return band_codes(lists.flatten())


def band_codes(band: pa.Array) -> Ints:
    """A column of bands, one per alert or point, as index into `vocabulary.BANDS` (int64); -1 for null or any other."""
    known = {name: i for i, name in enumerate(BANDS)}
    table = np.array([known.get(name, -1) for name in band.dictionary.to_pylist()] + [-1], dtype=np.int64)
    indices = band.indices.fill_null(-1) if band.null_count else band.indices
    codes: Ints = table[indices.to_numpy(zero_copy_only=False)]
    return codes


def points_of(
    mjd: pa.Array, flux: pa.Array, flux_err: pa.Array, band: pa.Array, kind: pa.Array
) -> tuple[Floats, Floats, Floats, Ints, npt.NDArray[np.int8]]:
    """The columns of a light curve as kernels take them (`compiled.Points`): NaN and -1 stand for null."""
    return floats_of(mjd), floats_of(flux), floats_of(flux_err), bands_of(band), signed_kinds_of(kind)


def smallest(row: Ints, values: Floats, rows: int) -> Floats:
    """The smallest value of each of `rows` alerts, NaN where it has none."""
    least = np.full(rows, np.nan)
    np.fmin.at(least, row, values)
    return least


def largest(row: Ints, values: Floats, rows: int) -> Floats:
    """The largest value of each of `rows` alerts, NaN where it has none."""
    most = np.full(rows, np.nan)
    np.fmax.at(most, row, values)
    return most


def count(row: Ints, rows: int) -> Ints:
    """How many points each of `rows` alerts has (int64)."""
    return np.bincount(row, minlength=rows).astype(np.int64)


def numbers(values: Floats, kind: pa.DataType) -> pa.Array:
    """Floats as an Arrow column of this type, null where they are NaN or infinite there."""
    with np.errstate(over="ignore"):
        narrowed = values.astype(kind.to_pandas_dtype())
    return pa.array(narrowed, type=kind, mask=~np.isfinite(narrowed))


def whole(values: Ints, missing: Bools, kind: pa.DataType) -> pa.Array:
    """Integers as an Arrow column of this type, null where `missing`."""
    return pa.array(values.astype(kind.to_pandas_dtype()), type=kind, mask=missing)


def missing_in(column: pa.Array) -> Bools:
    """Where a column is null (bool)."""
    if not column.null_count:
        return np.zeros(len(column), dtype=bool)
    nulls: Bools = column.is_null().to_numpy(zero_copy_only=False)
    return nulls


def flags_of(column: pa.Array) -> Bools:
    """A boolean column, false where it is null."""
    flags: Bools = (column.fill_null(False) if column.null_count else column).to_numpy(zero_copy_only=False)
    return flags


def letters_of(texts: pa.Array) -> npt.NDArray[np.uint8] | None:
    """Texts of one ASCII letter as its code (uint8), 0 where null or empty; None where any is longer."""
    _, places, text = texts.buffers()
    if places is None or text is None or not text.size:
        return np.zeros(len(texts), np.uint8) if texts.null_count == len(texts) else None
    offsets = np.frombuffer(places, np.int32, len(texts) + 1, 4 * texts.offset)
    lengths = np.diff(offsets)
    lengths[missing_in(texts)] = 0
    octets = np.frombuffer(text, np.uint8)
    letters: npt.NDArray[np.uint8] = np.where(lengths, octets[np.minimum(offsets[:-1], len(octets) - 1)], 0)
    return letters if lengths.max(initial=0) <= 1 and letters.max(initial=0) < 128 else None
