"""A number from 0 to 999 that every alert draws by lot, always the same for the same alert: samples of exact size."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from linnet.core.as_sent import integers
from linnet.core.column import Column, integer
from linnet.core.lists import missing_in
from linnet.core.lots import fnv1a64, hash64
from linnet.core.module import module

LOTS = 1000
"""Lots from which an alert draws one: a sample of k of them is k/1000 of all alerts."""

GIVES: dict[str, Column] = {
    "sampling_lot": integer(
        "Lot of the alert, 0 to 999, each equally often: sampling_lot < 10 is a sample of 1 %.", bits=32
    ),
}


@module(needs=("survey", "alert_id"), gives=GIVES, version="1")
def sampling(survey: pa.Array, alert_id: pa.Array) -> Mapping[str, pa.Array]:
    """The lot of each alert: `hash64` of its survey and id, modulo 1000.

    Ids themselves are not uniform (they count exposures and detectors), so their last digits choose no fair sample.

    Returns:
        `sampling_lot`: 0 to 999. It depends on nothing but survey and id: the same sample in every broker, night after
        night and in every reprocessing. Null where either is null.
    """
    ids, unknown = integers(alert_id)
    names = [fnv1a64((name or "").encode()) for name in survey.dictionary.to_pylist()]
    codes = survey.indices.fill_null(0).to_numpy(zero_copy_only=False) if names else np.zeros(len(survey), np.int64)
    lots = hash64(np.array(names or [0], np.uint64)[codes], ids) % np.uint64(LOTS)
    return {"sampling_lot": pa.array(lots.astype(np.int32), mask=unknown | missing_in(survey))}
