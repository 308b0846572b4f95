"""Does the flux vary at all: against a constant, band by band and all together, and against its own past."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from linnet.core import kernels
from linnet.core.as_sent import reals
from linnet.core.column import Column, integer, real
from linnet.core.lightcurve import TIME_TOLERANCE
from linnet.core.lists import Bools, Floats, Ints, band_codes, edges_of, missing_in, numbers, points_of, whole
from linnet.core.module import module
from linnet.core.vocabulary import BANDS

FEWEST = 2
"""Points of a band below which there is no scatter."""

RECENT = 5.0
"""Days before the alert that count as now."""

PAST_SPAN = 30.0
"""Days that the points before those must span."""

PAST_POINTS = 10
"""How many those must be."""

MAD_TO_SIGMA = 1.4826
"""Standard deviation over median absolute deviation of a normal one (Rousseeuw & Croux 1993, JASA 88, 1273)."""

MEDIAN_ERROR = np.sqrt(np.pi / 2.0)
"""Error of a median over that of a mean (Kendall & Stuart, Advanced Theory of Statistics 1, ch. 10)."""

SAMPLES = {
    **{f"variability_{b}": (f"the detections in {b}", f"two detections in {b}") for b in BANDS},
    "variability": ("the detections of all bands", "two detections in one band"),
    "variability_forced": ("the forced measurements of all bands", "two forced measurements in one band"),
}


def _gives() -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for name, (sample, least) in SAMPLES.items():
        null = f"Null below {least}."
        columns[f"{name}_chi2"] = real(f"Reduced chi square of {sample} about their weighted mean. {null}")
        columns[f"{name}_log_p"] = real(
            f"log10 of the probability that a constant source scatters as much in {sample}. {null}",
            ucd="stat.probability",
        )
        columns[f"{name}_n"] = integer(f"How many {sample} are.", bits=32, ucd="meta.number")
    return columns


GIVES: dict[str, Column] = {
    **_gives(),
    "variability_high_ratio": real(
        "Mean total flux of the last 5 d over the median before, in the band of the alert. "
        "Null below ten detections over 30 d before."
    ),
    "variability_high_sigma": real("By how many errors that mean lies above that median. Null like the ratio."),
}


@module(
    needs=(
        *("hist_mjd", "hist_flux", "hist_flux_err", "hist_band", "hist_kind"),
        *("mjd", "band", "template_flux"),
    ),
    gives=GIVES,
    version="1",
)
def variability(*columns: pa.Array) -> Mapping[str, pa.Array]:
    """Reduced chi square about a constant with its probability and number of points; present over past total flux.

    Args:
        columns: the arrays of the needs, in that order.

    Returns:
        `variability_BAND_chi2`, `_log_p`, `_n`: of the difference fluxes of the detections (kind 0, either sign) of the
        joined history, weighted by 1/error^2; null below two points. The probability is that of chi square with n - 1
        degrees of freedom (Abramowitz & Stegun 26.4) for errors that are normal and right: those of bright sources are
        too small in both surveys, so a small probability alone proves little.
        `variability_chi2` and so on: each band about its own mean, degrees of freedom added. `variability_forced_*`:
        the same of forced measurements (kind 1), which no threshold has selected. The numbers of points are null
        without a history.
        `variability_high_ratio`, `_sigma`: total flux (difference plus the template of this alert) in the band of this
        alert: weighted mean of the last 5 d over the median of the detections before, and their difference in errors
        of both (of the median sqrt(pi/2) 1.48 MAD / sqrt(n)). Null below ten detections before that span 30 d,
        without a template flux, the ratio also where the median is not positive.
    """
    lists, (mjd, band, template) = columns[:5], columns[5:]
    edges, points, now, missing = edges_of(lists[0]), points_of(*lists), reals(mjd), missing_in(lists[0])
    rows = len(mjd)
    kernel = kernels.compile_kernels()["constant"]
    chi2, counts = np.zeros((rows, 2, len(BANDS))), np.zeros((rows, 2, len(BANDS)), np.int64)
    kernel.scatter(edges, points, now, TIME_TOLERANCE, (chi2, counts))
    states, before = np.full((rows, 4), np.nan), np.zeros(rows, np.int64)
    limits = (TIME_TOLERANCE, RECENT, PAST_SPAN)
    kernel.high_state(edges, points, (now, reals(template)), band_codes(band), limits, (states, before))
    found: dict[str, pa.Array] = {}
    for i, b in enumerate(BANDS):
        found |= _against_constant(kernel, f"variability_{b}", (chi2[:, 0, i], counts[:, 0, i : i + 1]), missing)
    for kind, name in enumerate(("variability", "variability_forced")):
        found |= _against_constant(kernel, name, (chi2[:, kind].sum(axis=1), counts[:, kind]), missing)
    return found | _high(states, before)


def _against_constant(kernel: Any, name: str, sums: tuple[Floats, Ints], missing: Bools) -> dict[str, pa.Array]:
    chi2, counts = sums
    freedom = np.maximum(counts - 1, 0).sum(axis=1)
    log_p = np.empty(len(chi2))
    kernel.log_chance(np.ascontiguousarray(chi2), freedom, log_p)
    with np.errstate(divide="ignore", invalid="ignore"):
        reduced = chi2 / freedom
    return {
        f"{name}_chi2": numbers(np.where(freedom > 0, reduced, np.nan), pa.float32()),
        f"{name}_log_p": numbers(log_p, pa.float32()),
        f"{name}_n": whole(counts.sum(axis=1), missing, pa.int32()),
    }


def _high(states: Floats, before: Ints) -> dict[str, pa.Array]:
    mean, error, median, away = np.where(before[:, None] >= PAST_POINTS, states, np.nan).T
    with np.errstate(divide="ignore", invalid="ignore"):
        both = np.hypot(error, MEDIAN_ERROR * MAD_TO_SIGMA * away / np.sqrt(before))
        ratio = np.where(median > 0, mean / median, np.nan)
    return {
        "variability_high_ratio": numbers(ratio, pa.float32()),
        "variability_high_sigma": numbers((mean - median) / both, pa.float32()),
    }
