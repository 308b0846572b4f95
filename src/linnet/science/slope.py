"""How the magnitude has moved over the last 60 days: a straight line in each band, and one through all bands."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from linnet.core import kernels
from linnet.core.as_sent import reals
from linnet.core.column import Column, integer, real
from linnet.core.lightcurve import TIME_TOLERANCE
from linnet.core.lists import edges_of, missing_in, numbers, points_of, whole
from linnet.core.module import module
from linnet.core.vocabulary import BANDS

WINDOW = 60.0
"""Days before the alert. Slow risers (superluminous and slow type II supernovae, tidal disruptions) rise over 20 to 60
d (Gal-Yam 2019, ARA&A 57, 305; Nicholl et al. 2017, ApJ 850, 55). For what changes faster see `rates`."""

LEAST_SPAN = 0.02
"""Days (29 min) that the detections of a band must span. Points of one exposure have no slope."""

NAMES = {**{f"slope_{b}": f"in {b}" for b in BANDS}, "slope": "common to all bands"}


def _gives() -> dict[str, Column]:
    null = "Null below two positive detections of one band 0.02 d apart in the last 60 d."
    columns: dict[str, Column] = {}
    for name, where in NAMES.items():
        columns |= {
            f"{name}_mag": real(f"Slope of the difference magnitude {where}, + is fading. {null}", unit="mag.d**-1"),
            f"{name}_mag_err": real(f"Error of {name}_mag.", unit="mag.d**-1", ucd="stat.error"),
            f"{name}_chi2": real(f"Reduced chi square about the line of {name}_mag. Null where it has no freedom."),
            f"{name}_span": real(f"Time between the first and the last detection behind {name}_mag.", unit="d"),
            f"{name}_n": integer(f"How many detections {name}_mag may use.", bits=32, ucd="meta.number"),
        }
    return columns


GIVES: dict[str, Column] = _gives()


@module(
    needs=("hist_mjd", "hist_flux", "hist_flux_err", "hist_band", "hist_kind", "mjd"),
    gives=GIVES,
    version="1",
)
def slope(
    hist_mjd: pa.Array,
    hist_flux: pa.Array,
    hist_flux_err: pa.Array,
    hist_band: pa.Array,
    hist_kind: pa.Array,
    mjd: pa.Array,
) -> Mapping[str, pa.Array]:
    """Least-squares lines through the magnitudes of the last 60 d, weighted by 1/error^2, with chi square and span.

    Positive detections (kind 0) of the joined history up to this alert, this one included.

    Returns:
        `slope_BAND_mag` (mag/d, + is fading) and `_mag_err`: null below two detections that span 0.02 d. The error
        grows by the root of the reduced chi square where that exceeds one (Birge 1932, Phys. Rev. 40, 207).
        `slope_BAND_chi2`: null below three. `slope_BAND_span`: d. `slope_BAND_n`: detections in the window.
        `slope_mag` and so on: one slope with a level of its own in each band that has a slope; `slope_n` counts the
        detections of these bands, `slope_span` is the longest of theirs. The numbers are null without a history.
    """
    rows, missing = len(mjd), missing_in(hist_mjd)
    values = np.full((rows, len(NAMES), 5), np.nan)
    points = points_of(hist_mjd, hist_flux, hist_flux_err, hist_band, hist_kind)
    limits = (TIME_TOLERANCE, WINDOW, LEAST_SPAN)
    kernels.compile_kernels()["lines"].slopes(edges_of(hist_mjd), points, reals(mjd), limits, values)
    found = {}
    for b, name in enumerate(NAMES):
        for i, suffix in enumerate(("mag", "mag_err", "chi2", "span")):
            found[f"{name}_{suffix}"] = numbers(values[:, b, i], pa.float32())
        found[f"{name}_n"] = whole(np.nan_to_num(values[:, b, 4]).astype(np.int64), missing, pa.int32())
    return found
