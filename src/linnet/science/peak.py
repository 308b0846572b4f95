"""When it was brightest, how it came up to that and how it goes down from it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from linnet.core import kernels
from linnet.core.as_sent import reals
from linnet.core.column import TEXT_CODE, Column, boolean, code, real
from linnet.core.lightcurve import TIME_TOLERANCE
from linnet.core.lists import Floats, Ints, edges_of, numbers, points_of
from linnet.core.magnitudes import mag, mag_error
from linnet.core.module import module
from linnet.core.vocabulary import BANDS

SIDE = 30.0
"""Days before and after the brightest point through which its sides are fitted."""

LEAST_SPAN = 0.02
"""Days (29 min) that the detections of a side must span. Points of one exposure have no slope."""

SIGNIFICANT = 3.0
"""Errors by which the last detection must be fainter than the brightest to be past it."""


def _gives() -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for b in BANDS:
        null = f"Null below two positive detections in {b} 0.02 d apart within 30 d of it, it included."
        columns |= {
            f"peak_{b}_mag": real(
                f"Magnitude of the brightest detection in {b}. Null without a positive one.", unit="mag", ucd="phot.mag"
            ),
            f"peak_{b}_mjd": real(f"When that was in {b}, TAI.", unit="d", ucd="time.epoch", bits=64),
            f"peak_{b}_rise": real(
                f"Slope up to the brightest detection in {b}, - is rising. {null}", unit="mag.d**-1"
            ),
            f"peak_{b}_rise_err": real(f"Error of peak_{b}_rise.", unit="mag.d**-1", ucd="stat.error"),
            f"peak_{b}_fall": real(f"Slope from it down in {b}, + is fading. {null}", unit="mag.d**-1"),
            f"peak_{b}_fall_err": real(f"Error of peak_{b}_fall.", unit="mag.d**-1", ucd="stat.error"),
        }
    return columns


GIVES: dict[str, Column] = {
    **_gives(),
    "peak_mag": real("Magnitude of the brightest detection. Null without a positive one.", unit="mag", ucd="phot.mag"),
    "peak_mag_err": real("Error of peak_mag.", unit="mag", ucd="stat.error;phot.mag"),
    "peak_mjd": real("When that was, TAI.", unit="d", ucd="time.epoch", bits=64),
    "peak_band": code("In which band that was.", ucd="instr.bandpass"),
    "peak_age": real("Time since then.", unit="d", ucd="time.interval"),
    "peak_is_past": boolean(
        "True where the last detection of any band is 3 sigma fainter than its brightest. Null within 0.02 d."
    ),
}


@module(
    needs=("hist_mjd", "hist_flux", "hist_flux_err", "hist_band", "hist_kind", "mjd"),
    gives=GIVES,
    version="1",
)
def peak(
    hist_mjd: pa.Array,
    hist_flux: pa.Array,
    hist_flux_err: pa.Array,
    hist_band: pa.Array,
    hist_kind: pa.Array,
    mjd: pa.Array,
) -> Mapping[str, pa.Array]:
    """The brightest detection of each band and of all, the slopes on both sides of it, and whether it is past.

    Detections (kind 0) with an error of the joined history up to this alert, this one included. The brightest of many
    is brighter than the source by some noise, and so the sides are steeper by it: with few points over a short time
    look at the errors.

    Returns:
        `peak_BAND_mag`, `peak_BAND_mjd`: the largest positive flux, of equal ones the first.
        `peak_BAND_rise`, `peak_BAND_fall`, `_err`: least-squares lines in magnitude, weighted by 1/error^2, through the
        positive detections of the 30 d before and behind the brightest, it included; null below two that span 0.02 d.
        With three or more the error grows by the root of the reduced chi square where that exceeds one (Birge 1932,
        Phys. Rev. 40, 207).
        `peak_mag`, `_mag_err`, `_mjd`, `_band`, `_age`: the brightest of all bands (of equal ones the bluest).
        `peak_is_past`: in any band the last detection, of either sign, at least 0.02 d later than the brightest and
        fainter by more than 3 sigma of both; false where some band has detections 0.02 d apart and none is; else null.
    """
    rows, bands = len(mjd), len(BANDS)
    points = points_of(hist_mjd, hist_flux, hist_flux_err, hist_band, hist_kind)
    lines, brightest = np.full((rows, bands, 4), np.nan), np.empty((rows, bands + 1), np.int64)
    past = np.empty((rows, bands), np.int8)
    limits = (TIME_TOLERANCE, SIDE, LEAST_SPAN, SIGNIFICANT)
    edges, now = edges_of(hist_mjd), reals(mjd)
    kernels.compile_kernels()["lines"].peaks(edges, points, now, limits, (lines, brightest, past))
    when, flux, error = (_at(each, brightest) for each in points[:3])
    found = {}
    for i, b in enumerate(BANDS):
        found[f"peak_{b}_mag"] = numbers(mag(flux[:, i]), pa.float32())
        found[f"peak_{b}_mjd"] = numbers(when[:, i], pa.float64())
        for j, name in enumerate(("rise", "rise_err", "fall", "fall_err")):
            found[f"peak_{b}_{name}"] = numbers(lines[:, i, j], pa.float32())
    return found | {
        "peak_mag": numbers(mag(flux[:, bands]), pa.float32()),
        "peak_mag_err": numbers(mag_error(flux[:, bands], error[:, bands]), pa.float32()),
        "peak_mjd": numbers(when[:, bands], pa.float64()),
        "peak_band": _band(points[3], brightest[:, bands]),
        "peak_age": numbers(now - when[:, bands], pa.float32()),
        "peak_is_past": pa.array((past == 1).any(axis=1), mask=(past < 0).all(axis=1)),
    }


def _at(values: Floats, places: Ints) -> Floats:
    """Values at these places, NaN where a place is below zero."""
    padded = values if len(values) else np.full(1, np.nan)
    return np.where(places >= 0, padded[np.maximum(places, 0)], np.nan)


def _band(bands: Ints, places: Ints) -> pa.Array:
    codes = bands[np.maximum(places, 0)] if len(bands) else np.zeros(len(places), np.int64)
    indices = pa.array(codes.astype(np.int32), mask=places < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(BANDS, pa.string())).cast(TEXT_CODE)
