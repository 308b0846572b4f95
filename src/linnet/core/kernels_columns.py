"""Kernel that writes chosen points as columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from linnet.core.compiled import FLAGS, FLOATS, INTS, compiled, inlined
from linnet.core.lists import Bools, Floats, Ints


@inlined
def _reals(source: Floats, chosen: Ints, values: npt.NDArray[np.float32], bits: npt.NDArray[np.uint8]) -> int:
    """Write chosen values, null where they are not finite as float32; how many are null."""
    nulls = 0
    for at in range(len(chosen)):
        narrow = np.float32(source[chosen[at]])
        if np.isfinite(narrow):
            values[at] = narrow
            bits[at >> 3] |= np.uint8(1 << (at & 7))
        else:
            values[at] = 0
            nulls += 1
    return nulls


@inlined
def _integers(source: Ints, chosen: Ints, null: int, values: Ints, bits: npt.NDArray[np.uint8]) -> int:
    """Write chosen values, null where they are `null` or below; how many are null."""
    nulls = 0
    for at in range(len(chosen)):
        value = source[chosen[at]]
        if value > null:
            values[at] = value
            bits[at >> 3] |= np.uint8(1 << (at & 7))
        else:
            values[at] = 0
            nulls += 1
    return nulls


_OUT = "Tuple((float64[::1], float32[::1], float32[::1], int32[::1], int8[::1], int64[::1], int64[::1]))"


@compiled(
    f"void({INTS}, UniTuple({FLOATS}, 3), UniTuple({INTS}, 4), {FLAGS}, {_OUT}, Tuple((uint8[:, ::1], int64[::1])))"
)
def write(
    chosen: Ints,
    reals: tuple[Floats, Floats, Floats],
    whole: tuple[Ints, Ints, Ints, Ints],
    public: Bools,
    out: tuple[npt.NDArray[Any], ...],
    bits: tuple[npt.NDArray[np.uint8], Ints],
) -> None:
    """Write chosen points as Arrow holds them.

    Args:
        chosen: points in the order of the columns.
        reals: mjd, flux, flux_err.
        whole: band (-1: null), kind, source_id (smallest int64: null), key.
        public: whether each may be published.
        out: mjd, flux, flux_err, band, kind, source_id, key: are filled, 0 for null.
        bits: zeros of shape (5, at least n/8): are filled with the validity of flux, flux_err, band, source_id, and
            with `public`; and the nulls of those four.
    """
    mjd, flux, flux_err, band, kind, source_id, key = out
    rows, nulls = bits
    nulls[0] = _reals(reals[1], chosen, flux, rows[0])
    nulls[1] = _reals(reals[2], chosen, flux_err, rows[1])
    nulls[2] = _integers(whole[0], chosen, -1, band, rows[2])
    nulls[3] = _integers(whole[2], chosen, np.iinfo(np.int64).min, source_id, rows[3])
    times, kinds, keys, shown = reals[0], whole[1], whole[3], rows[4]
    for at in range(len(chosen)):
        i = chosen[at]
        mjd[at] = times[i]
        kind[at] = kinds[i]
        key[at] = keys[i]
        if public[i]:
            shown[at >> 3] |= np.uint8(1 << (at & 7))
