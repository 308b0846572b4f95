"""64 well-mixed bits of an alert's identity: samples that are the same in every broker, night and process."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core.lists import Ints

Words = npt.NDArray[np.uint64]


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


def fnv1a64(octets: bytes) -> int:
    """The FNV-1a hash of 64 bits, of a few bytes: survey names, of which a batch has one or two."""
    found = 0xCBF29CE484222325
    for octet in octets:
        found = (found ^ octet) * 0x100000001B3 % (1 << 64)
    return found


def drawn(survey: str, alert_id: pa.Array, share: float) -> npt.NDArray[np.bool_]:
    """Which alerts of a survey are in a sample of this share: always the same, and a smaller sample within a larger.

    Args:
        survey: its name.
        alert_id: int64, never null.
        share: 0 to 1; of 1 all are.
    """
    ids = alert_id.to_numpy(zero_copy_only=False)
    if share >= 1.0:
        return np.ones(len(ids), dtype=np.bool_)
    mixed = hash64(np.full(len(ids), fnv1a64(survey.encode()), np.uint64), ids)
    # The same order as of sampling_lot would need the remainder; the upper bits are as good, and know no thousandths.
    chosen: npt.NDArray[np.bool_] = mixed < np.uint64(int(share * 2.0**64))
    return chosen
