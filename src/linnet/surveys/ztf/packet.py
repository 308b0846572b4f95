"""Decoded ZTF fields as numpy arrays, with one rule for what is missing: null, infinity and sentinels are NaN."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.as_sent import integers, reals
from linnet.core.lists import letters_of
from linnet.surveys.ztf.fields import SENTINELS

_POSITIVE = pa.array(["t", "1", "true", "1.0"])
_NEGATIVE = pa.array(["f", "0", "false", "0.0"])
_SIGNS = np.full(256, np.nan)
_SIGNS[list(b"tT1")], _SIGNS[list(b"fF0")] = 1.0, -1.0
_NO_TEXT = pa.array(["", "null"])

NULL_TEXT = pa.scalar(None, pa.string())
"""A null among texts. It and the sets above are made once: making one costs more than using it."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

BANDS: dict[int, str] = {1: "g", 2: "r", 3: "i"}
"""Filter numbers of ZTF."""

EXPTIME_S = 30.0
"""Exposure time where the packet has none (schemas before 3.1, all previous candidates) or says 0: that of the survey
(Bellm et al. 2019, PASP 131, 018002)."""


def said(column: pa.Array) -> Floats:
    """A numeric column as float64; null, infinity and the sentinels are NaN."""
    values = reals(column)
    found = np.isfinite(values)
    for sentinel in SENTINELS:
        found &= values != sentinel
    return values if found.all() else np.where(found, values, np.nan)


def signs(isdiffpos: pa.Array) -> Floats:
    """+1, -1 or NaN of every form in which ZTF and those who rewrite it tell the sign of a subtraction."""
    short = letters_of(isdiffpos)
    if short is not None:
        return _SIGNS[short]
    letters = pc.utf8_lower(pc.utf8_trim_whitespace(isdiffpos))
    positive = pc.is_in(letters, value_set=_POSITIVE).to_numpy(zero_copy_only=False)
    negative = pc.is_in(letters, value_set=_NEGATIVE).to_numpy(zero_copy_only=False)
    return np.where(positive, 1.0, np.where(negative, -1.0, np.nan))


def exposure_days(exptime: Floats) -> Floats:
    """Exposure times in days, `EXPTIME_S` where there is none."""
    return np.where(exptime > 0, exptime, EXPTIME_S) / 86400.0


def texts(column: pa.Array) -> pa.Array:
    """A text column with null for an empty text and for the word `null`."""
    _, places, _ = column.buffers()
    if places is None or column.null_count == len(column):
        return column
    lengths = np.diff(np.frombuffer(places, np.int32, len(column) + 1, 4 * column.offset))
    if not ((lengths == 0) | (lengths == len("null"))).any():
        return column
    return pc.if_else(pc.is_in(column, value_set=_NO_TEXT), NULL_TEXT, column)


def band_codes(fid: pa.Array) -> tuple[Ints, tuple[str, ...]]:
    """Filter numbers as (index into names, -1 where null; names).

    A filter that is not g, r or i is kept, e.g. as fid4, where its number has at most two digits.
    """
    values, missing = integers(fid)
    known = ~missing & (values >= 0) & (values < 100)
    numbers = tuple(BANDS) + tuple(int(n) for n in np.unique(values[known]) if n not in BANDS)
    table = np.full(100, -1, dtype=np.int64)
    table[list(numbers)] = np.arange(len(numbers))
    codes = np.where(known, table[np.where(known, values, 0)], -1)
    return codes, tuple(BANDS.get(n, f"fid{n}") for n in numbers)
