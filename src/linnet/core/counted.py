"""Counts over the joined history: how often, how long, in which bands an object was detected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from linnet.core.kernels import compile_kernels
from linnet.core.lists import bands_of, edges_of, floats_of, missing_in, numbers, signed_kinds_of, whole
from linnet.core.vocabulary import COUNTED, DETECTION

Nights = Callable[[np.ndarray[Any, np.dtype[np.float64]]], np.ndarray[Any, np.dtype[np.int32]]]
"""The night of times in MJD TAI, as `Survey.night` gives it."""

_TIMES = ("first_mjd", "last_mjd", "last_limit_mjd", "age")
_WHOLE = tuple(name for name in COUNTED if name not in _TIMES)


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
    rows, missing = batch.num_rows, missing_in(lists["mjd"])
    mjd, kind = floats_of(lists["mjd"]), signed_kinds_of(lists["kind"])
    points = (mjd, floats_of(lists["flux"]), bands_of(lists["band"]), kind)
    found = np.zeros((rows, 9), np.int64), np.full((rows, 3), np.nan)
    nights = night(mjd[kind == DETECTION]).astype(np.int64)
    compile_kernels()["counts"].counts(edges_of(lists["mjd"]), points, nights, found)
    alert_mjd = batch.column("mjd").to_numpy(zero_copy_only=False).astype(np.float64)
    times = [*found[1].T, alert_mjd - found[1][:, 0]]
    return {
        **{n: whole(each, missing, COUNTED[n].type) for n, each in zip(_WHOLE, found[0].T, strict=True)},
        **{n: numbers(each, COUNTED[n].type) for n, each in zip(_TIMES, times, strict=True)},
    }
