"""Counts over the joined history: how often, how long, in which bands an object was detected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from linnet.core.lists import (
    Bools,
    Floats,
    Ints,
    bands_of,
    count,
    floats_of,
    kinds_of,
    largest,
    missing_in,
    numbers,
    row_of,
    smallest,
    whole,
)
from linnet.core.vocabulary import BANDS, COUNTED, DETECTION, LIMIT

Nights = Callable[[np.ndarray[Any, np.dtype[np.float64]]], np.ndarray[Any, np.dtype[np.int32]]]
"""The night of times in MJD TAI, as `Survey.night` gives it."""

_NIGHT_SPAN = 10**8
"""Larger than any night, which is YYYYMMDD."""


def counted(batch: pa.RecordBatch, night: Nights) -> dict[str, pa.Array]:
    """The columns of `vocabulary.COUNTED` for every alert of a batch.

    Args:
        batch: `hist_*` columns and `mjd`, any number of rows.
        night: the survey's nights of times.

    Returns:
        One column per name of `COUNTED`. A detection is a point of kind 0, of either sign of flux; two detections in
        one exposure count as two. A limit counts as `last_limit_mjd` where it is earlier than the first detection, or
        wherever it is if there is no detection. Counts are null where the history itself is null; times are null where
        there is no such point.
    """
    lists = {name: batch.column(f"hist_{name}") for name in ("mjd", "band", "flux", "kind")}
    missing, rows = missing_in(lists["mjd"]), batch.num_rows
    row, mjd, kind = row_of(lists["mjd"]), floats_of(lists["mjd"]), kinds_of(lists["kind"])
    seen = kind == DETECTION
    positive = seen & (floats_of(lists["flux"]) > 0)
    first = smallest(row[seen], mjd[seen], rows)
    counts = {
        "n_detections": count(row[seen], rows),
        "n_positive": count(row[positive], rows),
        "n_nights": _nights(row[seen], night(mjd[seen]), rows),
        **_per_band(row[seen], bands_of(lists["band"])[seen], rows),
    }
    alert_mjd = batch.column("mjd").to_numpy(zero_copy_only=False).astype(np.float64)
    times = {
        "first_mjd": first,
        "last_mjd": largest(row[seen], mjd[seen], rows),
        "last_limit_mjd": _last_limit(row, mjd, kind == LIMIT, first),
        "age": alert_mjd - first,
    }
    return {
        **{name: whole(values, missing, COUNTED[name].type) for name, values in counts.items()},
        **{name: numbers(values, COUNTED[name].type) for name, values in times.items()},
    }


def _nights(row: Ints, nights: np.ndarray[Any, np.dtype[np.int32]], rows: int) -> Ints:
    distinct = np.unique(row * _NIGHT_SPAN + nights.astype(np.int64))
    return count(distinct // _NIGHT_SPAN, rows)


def _per_band(row: Ints, band: Ints, rows: int) -> dict[str, Ints]:
    return {f"n_detections_{name}": count(row[band == i], rows) for i, name in enumerate(BANDS)}


def _last_limit(row: Ints, mjd: Floats, limit: Bools, first: Floats) -> Floats:
    before = limit & ~(mjd >= first[row])  # "not later" is also true where there is no first detection (NaN)
    return largest(row[before], mjd[before], len(first))
