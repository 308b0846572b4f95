"""Since when a source is known: by the joined history, and by the survey's own account, which reaches further back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from linnet.core.as_sent import reals
from linnet.core.column import Column, real
from linnet.core.lists import numbers
from linnet.core.module import module

GIVES: dict[str, Column] = {
    "first_seen_age": real(
        "Time since the first detection that the history or the survey itself knows. Null without either.",
        unit="d",
        ucd="time.interval",
    ),
}


@module(
    needs=("age", "mjd", "ztf_jd", "ztf_jdstarthist", "lsst_object_firstDiaSourceMjdTai"),
    gives=GIVES,
    version="1",
)
def first_seen(
    age: pa.Array, mjd: pa.Array, jd: pa.Array, jd_start: pa.Array, lsst_first: pa.Array
) -> Mapping[str, pa.Array]:
    """The longest of three times: `age`, and since the survey's own first detection.

    A packet of ZTF brings the history of 30 d, and says in `jdstarthist` when the source was first detected at all
    (Masci et al. 2019, PASP 131, 018003); one of LSST may say it in `firstDiaSourceMjdTai`.

    Returns:
        `first_seen_age`: d, not below 0; null where none is known.
    """
    known = np.stack([reals(age), reals(jd) - reals(jd_start), reals(mjd) - reals(lsst_first)])
    longest = np.fmax.reduce(known, axis=0)
    return {"first_seen_age": numbers(np.where(longest < 0, 0.0, longest), pa.float32())}
