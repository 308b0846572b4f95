"""How fast the source brightens or fades now: a straight line through the recent detections of each band."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from linnet.core import kernels
from linnet.core.column import Column, boolean, real
from linnet.core.lightcurve import TIME_TOLERANCE
from linnet.core.lists import (
    Floats,
    Ints,
    bands_of,
    edges_of,
    floats_of,
    largest,
    numbers,
    row_of,
    signed_kinds_of,
    smallest,
)
from linnet.core.module import module
from linnet.core.vocabulary import BANDS

WINDOW = 30.0
"""Days before the alert. The history that a ZTF packet carries (Masci et al. 2019, PASP 131, 018003), and room for
several same-band visits at the pace of Rubin's main survey (Ivezic et al. 2019, ApJ 873, 111)."""

LEAST_SPAN = 0.02
"""Days (29 min) that the detections of a band must span. Points of one exposure have no rate."""

SIGNIFICANT = 3.0
"""Standard deviations from which a slope counts as rising or fading."""

MAG_PER_RELATIVE = 2.5 / np.log(10.0)
"""Magnitudes per relative change of flux."""


def _gives() -> dict[str, Column]:
    null = "Null below two detections 0.02 d apart in the last 30 d."
    columns: dict[str, Column] = {}
    for band in BANDS:
        flux, mag = (
            f"Slope of the difference flux in {band}",
            f"Slope of the difference magnitude in {band}, + is fading",
        )
        columns[f"rates_{band}_flux"] = real(f"{flux}. {null}", unit="nJy.d**-1")
        columns[f"rates_{band}_flux_err"] = real(f"Error of rates_{band}_flux.", unit="nJy.d**-1", ucd="stat.error")
        columns[f"rates_{band}_mag"] = real(f"{mag}. Positive detections only. {null}", unit="mag.d**-1")
        columns[f"rates_{band}_mag_err"] = real(f"Error of rates_{band}_mag.", unit="mag.d**-1", ucd="stat.error")
    return columns


GIVES: dict[str, Column] = {
    **_gives(),
    "rates_rising": boolean("True where the flux rises in any band by more than 3 sigma. Null without any slope."),
    "rates_fading": boolean("True where the flux falls in any band by more than 3 sigma. Null without any slope."),
    "rates_fastest_mag": real(
        "Magnitude slope of the band where it is most significant, + is fading. Null without any.", unit="mag.d**-1"
    ),
    "rates_fastest_mag_err": real("Error of rates_fastest_mag.", unit="mag.d**-1", ucd="stat.error"),
    "rates_span": real("Time between the first and last detection behind rates_fastest_mag.", unit="d"),
}


@dataclass(frozen=True)
class Lines:
    """Slopes of straight lines, one per alert and band: arrays of shape (rows, 6), NaN where there is none.

    Attributes:
        slope, error: value and error per day.
        span: days between the first and the last point.
    """

    slope: Floats
    error: Floats
    span: Floats


@module(
    needs=("hist_mjd", "hist_band", "hist_flux", "hist_flux_err", "hist_kind", "mjd"),
    gives=GIVES,
    version="1",
)
def rates(
    hist_mjd: pa.Array,
    hist_band: pa.Array,
    hist_flux: pa.Array,
    hist_flux_err: pa.Array,
    hist_kind: pa.Array,
    mjd: pa.Array,
) -> Mapping[str, pa.Array]:
    """Slopes per band in flux (nJy/d) and magnitude (mag/d, + is fading), rising, fading, the most significant slope.

    Each slope is a least-squares line, weighted by 1/error^2, through the detections (kind 0) of one band in the 30 d
    up to this alert, this one included: detections alone, since forced fluxes of visits without a detection are another
    sample. Fluxes of either sign enter the flux slope, positive ones the magnitude slope.

    Returns:
        `rates_BAND_flux`, `rates_BAND_mag` and `_err`: null below two detections that span 0.02 d. With three points or
        more the error grows by the root of the reduced chi square where that exceeds one (Birge 1932, Phys. Rev. 40,
        207; Particle Data Group), so that the ups and downs of a variable star are not a trend.
        `rates_rising`, `rates_fading`: a flux slope beyond 3 sigma in any band; both where bands disagree. Null where
        no band has a flux slope.
        `rates_fastest_mag`, `_err`, `rates_span`: the magnitude slope with the largest slope/error, and the time it
        spans; null where no band has one.
    """
    rows = len(hist_mjd)
    chosen = _recent(hist_mjd, hist_kind, mjd.to_numpy(zero_copy_only=False).astype(np.float64))
    row, band = row_of(hist_mjd)[chosen], bands_of(hist_band)[chosen]
    when, flux, error = (floats_of(each)[chosen] for each in (hist_mjd, hist_flux, hist_flux_err))
    age = mjd.to_numpy(zero_copy_only=False).astype(np.float64)[row] - when
    used = (band >= 0) & np.isfinite(flux) & (error > 0)
    line = row * len(BANDS) + band
    fluxes = _lines(line[used], -age[used], flux[used], error[used], rows)
    used &= flux > 0
    relative = error[used] / flux[used]
    mags = _lines(line[used], -age[used], -MAG_PER_RELATIVE * np.log(flux[used]), MAG_PER_RELATIVE * relative, rows)
    return {**_per_band(fluxes, mags), **_verdicts(fluxes), **_fastest(mags)}


def _recent(hist_mjd: pa.Array, hist_kind: pa.Array, now: Floats) -> Ints:
    """Indices of the detections in the window before each alert: a few of what may be hundreds of points."""
    edges = edges_of(hist_mjd)
    found = np.empty(edges[-1], np.int64)
    kernel = kernels.compile_kernels()["counts"]
    ages = (-TIME_TOLERANCE, WINDOW)
    return found[: kernel.recent(edges, floats_of(hist_mjd), signed_kinds_of(hist_kind), now, ages, found)]


def _lines(line: Ints, when: Floats, value: Floats, error: Floats, rows: int) -> Lines:
    """Weighted lines through the points of each (alert, band); all is centred before it is multiplied."""
    lines = rows * len(BANDS)

    def total(quantity: Floats) -> Floats:
        return np.bincount(line, weights=quantity, minlength=lines).astype(np.float64)

    weight = 1.0 / (error * error)
    with np.errstate(divide="ignore", invalid="ignore"):
        away = when - (total(weight * when) / total(weight))[line]
        above = value - (total(weight * value) / total(weight))[line]
        lever = total(weight * away**2)
        slope = total(weight * away * above) / lever
        chi2 = total(weight * (above - slope[line] * away) ** 2)
        freedom = np.bincount(line, minlength=lines) - 2
        scale = np.sqrt(np.where(freedom > 0, np.maximum(1.0, chi2 / freedom), 1.0))
        formal = 1.0 / np.sqrt(lever)
    span = largest(line, when, lines) - smallest(line, when, lines)
    enough = span >= LEAST_SPAN
    kept = [np.where(enough, values, np.nan).reshape(rows, len(BANDS)) for values in (slope, formal * scale, span)]
    return Lines(*kept)


def _per_band(fluxes: Lines, mags: Lines) -> dict[str, pa.Array]:
    columns = {}
    for name, lines in (("flux", fluxes), ("mag", mags)):
        for i, band in enumerate(BANDS):
            columns[f"rates_{band}_{name}"] = numbers(lines.slope[:, i], pa.float32())
            columns[f"rates_{band}_{name}_err"] = numbers(lines.error[:, i], pa.float32())
    return columns


def _verdicts(fluxes: Lines) -> dict[str, pa.Array]:
    unknown = np.isnan(fluxes.slope).all(axis=1)
    rising = (fluxes.slope > SIGNIFICANT * fluxes.error).any(axis=1)
    fading = (fluxes.slope < -SIGNIFICANT * fluxes.error).any(axis=1)
    return {"rates_rising": pa.array(rising, mask=unknown), "rates_fading": pa.array(fading, mask=unknown)}


def _fastest(mags: Lines) -> dict[str, pa.Array]:
    """Of equally significant bands the bluest."""
    significance = np.nan_to_num(np.abs(mags.slope) / mags.error, nan=-1.0)
    best = significance.argmax(axis=1)
    each = np.arange(len(best))
    chosen = {"fastest_mag": mags.slope, "fastest_mag_err": mags.error, "span": mags.span}
    return {f"rates_{name}": numbers(values[each, best], pa.float32()) for name, values in chosen.items()}
