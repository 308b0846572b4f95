"""LSST's quality flags as one number."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from linnet.core.lists import flags_of, missing_in

QUALITY_BITS: dict[str, int] = {
    "centroid_flag": 0,
    "apFlux_flag": 1,
    "apFlux_flag_apertureTruncated": 2,
    "psfFlux_flag": 3,
    "psfFlux_flag_edge": 4,
    "psfFlux_flag_noGoodPixels": 5,
    "trail_flag_edge": 6,
    "forced_PsfFlux_flag": 7,
    "forced_PsfFlux_flag_edge": 8,
    "forced_PsfFlux_flag_noGoodPixels": 9,
    "shape_flag": 10,
    "shape_flag_no_pixels": 11,
    "shape_flag_not_contained": 12,
    "shape_flag_parent_source": 13,
    "pixelFlags": 14,
    "pixelFlags_bad": 15,
    "pixelFlags_cr": 16,
    "pixelFlags_crCenter": 17,
    "pixelFlags_edge": 18,
    "pixelFlags_interpolated": 19,
    "pixelFlags_interpolatedCenter": 20,
    "pixelFlags_offimage": 21,
    "pixelFlags_saturated": 22,
    "pixelFlags_saturatedCenter": 23,
    "pixelFlags_suspect": 24,
    "pixelFlags_suspectCenter": 25,
    "pixelFlags_streak": 26,
    "pixelFlags_streakCenter": 27,
    "pixelFlags_injected": 28,
    "pixelFlags_injectedCenter": 29,
    "pixelFlags_injected_template": 30,
    "pixelFlags_injected_templateCenter": 31,
    "pixelFlags_nodata": 32,
    "pixelFlags_nodataCenter": 33,
    "isDipole": 34,
    "glint_trail": 35,
    "trail_flag": 36,
}
"""Flag of the diaSource -> its bit in `quality_bits`. A bit never changes its meaning; a new flag gets the next one.

Not among them: `isNegative` (`is_negative`), which says how the source was detected and not how well, and
`dipoleFitAttempted`, which says what was tried."""


def quality_bits(sent: Mapping[str, pa.Array], rows: int) -> pa.Array:
    """The set of flags that are true (int64), null for an alert that has none of the flags at all.

    A bit that is not set says "false or not sent": which of the two, the flag's own column `lsst_FLAG` says, for a null
    flag is not false.

    Args:
        sent: columns by the packet's fields.
        rows: number of alerts.
    """
    flags = {bit: sent[f"diaSource.{flag}"] for flag, bit in QUALITY_BITS.items()}
    flags = {bit: values for bit, values in flags.items() if values.null_count < rows}
    if not flags:
        return pa.nulls(rows, pa.int64())
    missing = np.stack([missing_in(values) for values in flags.values()])
    true = np.stack([flags_of(values) for values in flags.values()]) & ~missing
    bits = true.astype(np.int64) << np.array(list(flags), dtype=np.int64)[:, None]
    return pa.array(np.bitwise_or.reduce(bits), mask=missing.all(axis=0))
