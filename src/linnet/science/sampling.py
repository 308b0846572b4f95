"""A number from 0 to 999 that every alert draws by lot, always the same for the same alert: samples of exact size."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core.as_sent import integers
from linnet.core.column import Column, integer
from linnet.core.lists import Ints, missing_in
from linnet.core.module import module

LOTS = 1000
"""Lots from which an alert draws one: a sample of k of them is k/1000 of all alerts."""

GIVES: dict[str, Column] = {
    "sampling_lot": integer(
        "Lot of the alert, 0 to 999, each equally often: sampling_lot < 10 is a sample of 1 %.", bits=32
    ),
}

Words = npt.NDArray[np.uint64]


@module(needs=("survey", "alert_id"), gives=GIVES, version="1")
def sampling(survey: pa.Array, alert_id: pa.Array) -> Mapping[str, pa.Array]:
    """The lot of each alert: `hash64` of its survey and id, modulo 1000.

    Ids themselves are not uniform (they count exposures and detectors), so their last digits choose no fair sample.

    Returns:
        `sampling_lot`: 0 to 999. It depends on nothing but survey and id: the same sample in every broker, night after
        night and in every reprocessing. Null where either is null.
    """
    ids, unknown = integers(alert_id)
    names = [_fnv1a64((name or "").encode()) for name in survey.dictionary.to_pylist()]
    codes = survey.indices.fill_null(0).to_numpy(zero_copy_only=False) if names else np.zeros(len(survey), np.int64)
    lots = hash64(np.array(names or [0], np.uint64)[codes], ids) % np.uint64(LOTS)
    return {"sampling_lot": pa.array(lots.astype(np.int32), mask=unknown | missing_in(survey))}


def hash64(survey: Words, alert_id: Ints) -> Words:
    """64 well-mixed bits of (survey, alert_id): the first output of SplitMix64 with the seed FNV-1a(survey) + alert_id.

    Args:
        survey: FNV-1a hash of 64 bits of each survey's name in UTF-8 (Fowler, Noll & Vo; RFC 9923).
        alert_id: ids of alerts; both are added modulo 2^64.

    Returns:
        uint64, of the same shape. SplitMix64: Steele, Lea & Flood 2014, OOPSLA, p. 453, in the constants of its
        reference implementation (Vigna 2015). Each step is one to one: two ids of a survey never share a hash.
    """
    state = survey + alert_id.astype(np.int64).view(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Words = state ^ (state >> np.uint64(31))
    return mixed


def _fnv1a64(octets: bytes) -> int:
    """The FNV-1a hash of 64 bits, of a few bytes: survey names, of which a batch has one or two."""
    found = 0xCBF29CE484222325
    for octet in octets:
        found = (found ^ octet) * 0x100000001B3 % (1 << 64)
    return found
