"""Why a detection may not be trusted, reason by reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from linnet.core.as_sent import Plain, plain
from linnet.core.column import Column, boolean, text
from linnet.core.lists import Bools, flags_of, missing_in
from linnet.core.module import module

RB_AT_LEAST = 0.55
"""Random-forest real/bogus score, 0 to 1 (Mahabal et al. 2019, PASP 131, 038002; this cut as in Moller et al. 2021,
MNRAS 501, 3272)."""

DRB_AT_LEAST = 0.5
"""Deep-learning real/bogus score, 0 to 1 (Duev et al. 2019, MNRAS 489, 3582: its own threshold)."""

RELIABILITY_AT_LEAST = 0.6
"""Rubin reliability, 0 to 1. Sources below 0.1 are not sent; no threshold is recommended yet
(prompt-products.lsst.io, Filtering and Reliability Scoring), so this one is our decision."""

BAD_PIXELS_AT_MOST = 0
"""Bad pixels in the 5 x 5 stamp (ZTF alert documentation, "Filtering alerts", tests at IPAC)."""

FWHM_AT_MOST = 5.0
"""Pixels (the same)."""

ELONGATION_AT_MOST = 1.2
"""Ratio of the axes (the same)."""

EDGE_AT_LEAST = 10.0
"""Pixels to the nearest edge: no nearer source is among the ZTF alerts of the public BTSbot set (Rehemtulla et al.
2024, ApJ 972, 7) or of our samples."""

REASONS: dict[str, str] = {
    "low_reliability": "The survey's own score says that the source is probably not real.",
    "bad_pixels": "Bad, missing or interpolated pixels or a cosmic ray under the source.",
    "edge": "The source lies at the edge of the image.",
    "elongated": "Wider or longer than a point source.",
    "dipole": "A positive and a negative lobe side by side, as of a badly subtracted star.",
    "saturated": "The centre of the source is saturated.",
    "streak": "The source lies on the trail of a satellite or of another fast body.",
    "bad_fit": "The fit of its position or flux failed.",
}
"""Every reason with its sentence, in the order in which `quality_reasons` names them."""

FLAGS: dict[str, tuple[str, ...]] = {
    "bad_pixels": (
        "lsst_pixelFlags_bad",
        "lsst_pixelFlags_cr",
        "lsst_pixelFlags_crCenter",
        "lsst_pixelFlags_nodata",
        "lsst_pixelFlags_interpolatedCenter",
    ),
    "edge": ("lsst_pixelFlags_edge",),
    "dipole": ("lsst_isDipole",),
    "saturated": ("lsst_pixelFlags_saturatedCenter",),
    "streak": ("lsst_pixelFlags_streak", "lsst_glint_trail"),
    "bad_fit": ("lsst_psfFlux_flag", "lsst_centroid_flag"),
}
"""Flags of the packet that stand for a reason. `shape_flag` is not among them: it is up for good sources too."""

MEASURED = (
    "reliability",
    "reliability_kind",
    "ztf_rb",
    "ztf_drb",
    "ztf_nbad",
    "ztf_fwhm",
    "ztf_elong",
    "ztf_mindtoedge",
)
"""Measured columns on which the cuts above are made."""

NEEDS = (*MEASURED, *(flag for flags in FLAGS.values() for flag in flags))

GIVES: dict[str, Column] = {
    **{f"quality_{name}": boolean(f"{doc} Null where the packet does not say.") for name, doc in REASONS.items()},
    "quality_reasons": text(
        "Names of the reasons that apply, between spaces; empty where none does, null where none could be checked."
    ),
}


_TEXTS = pa.array(
    [" ".join(name for bit, name in enumerate(REASONS) if number >> bit & 1) for number in range(1 << len(REASONS))]
)


@module(needs=NEEDS, gives=GIVES, version="1")
def quality(*columns: pa.Array) -> Mapping[str, pa.Array]:
    """Eight reasons not to trust a detection, and their names in one text.

    Args:
        columns: the arrays of `NEEDS`, in that order.

    Returns:
        `quality_REASON`: true where any of the checks behind the reason fails, false where at least one could be made
        and none fails, null where none could: ZTF has no flag of dipoles, saturation, streaks or failed fits (its score
        has learned the first of them), LSST no agreed cut on shapes, and older packets lack some flags.
        `quality_reasons`: "bad_pixels edge", "" and so on; null where no check at all could be made.

    A survey's column that the alert does not have is null, and a null is never a reason. So nothing here asks for the
    survey.
    """
    given = dict(zip(NEEDS, columns, strict=True))
    checks = _checks(given)
    found = {name: _any_fails(checks[name], len(given["reliability"])) for name in REASONS}
    flags = {f"quality_{name}": pa.array(each.fails, mask=~each.known) for name, each in found.items()}
    return {**flags, "quality_reasons": _names(found)}


@dataclass(frozen=True)
class _Check:
    """One check of every alert: where it fails, and where the packet says enough to know."""

    fails: Bools
    known: Bools


def _checks(given: Mapping[str, pa.Array]) -> dict[str, list[_Check]]:
    """The checks of each reason, without those of which no packet of the batch says anything."""
    checks = {name: [_flag(given[flag]) for flag in FLAGS.get(name, ())] for name in REASONS}
    score, own = given["reliability"], _is_own_score(given["reliability_kind"])
    reliable = _below(score, RELIABILITY_AT_LEAST)
    checks["low_reliability"] += [
        _below(given["ztf_rb"], RB_AT_LEAST),
        _below(given["ztf_drb"], DRB_AT_LEAST),
        reliable and _Check(reliable.fails, reliable.known & own),
    ]
    checks["bad_pixels"].append(_above(given["ztf_nbad"], BAD_PIXELS_AT_MOST))
    checks["edge"].append(_below(given["ztf_mindtoedge"], EDGE_AT_LEAST))
    checks["elongated"] += [_above(given["ztf_fwhm"], FWHM_AT_MOST), _above(given["ztf_elong"], ELONGATION_AT_MOST)]
    return {name: [check for check in each if check is not None] for name, each in checks.items()}


def _is_own_score(kind: pa.DictionaryArray) -> Bools:
    table = np.array([name == "reliability" for name in kind.dictionary.to_pylist()] + [False])
    codes = kind.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    found: Bools = table[codes]
    return found


def _flag(column: pa.Array) -> _Check | None:
    return None if column.null_count == len(column) else _Check(flags_of(column), ~missing_in(column))


def _below(column: pa.Array, cut: float) -> _Check | None:
    """In the column's own precision, so that a packet's 1.2 is not above 1.2."""
    if column.null_count == len(column):
        return None
    values = plain(column)
    return _Check(values < _as(values, cut), ~missing_in(column))


def _above(column: pa.Array, cut: float) -> _Check | None:
    if column.null_count == len(column):
        return None
    values = plain(column)
    return _Check(values > _as(values, cut), ~missing_in(column))


def _as(values: Plain, cut: float) -> Plain:
    return np.array(cut).astype(values.dtype)


def _any_fails(checks: list[_Check], rows: int) -> _Check:
    """Fails where any does, known where any is."""
    fails, known = np.zeros(rows, dtype=bool), np.zeros(rows, dtype=bool)
    for check in checks:
        fails |= check.fails & check.known
        known |= check.known
    return _Check(fails, known)


def _names(flags: Mapping[str, _Check]) -> pa.Array:
    """The texts of all combinations are made once and picked by number.

    (Arrow's own join of strings, `binary_join_element_wise`, loses rows where all are null: seen in pyarrow 26.)
    """
    number = np.zeros(len(flags["edge"].fails), dtype=np.int64)
    known = np.zeros(len(number), dtype=bool)
    for bit, flag in enumerate(flags.values()):
        number |= flag.fails.astype(np.int64) << bit
        known |= flag.known
    return _TEXTS.take(pa.array(number, mask=~known))
