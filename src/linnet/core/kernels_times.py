"""Kernel of what needs the times of a light curve and no errors: intervals, slopes between points, plain trend."""

from __future__ import annotations

import math

from linnet.core.compiled import compiled, inlined
from linnet.core.lists import Bools, Floats, Ints

OUTPUTS = (
    "time_span",
    "minimum_time_interval",
    "maximum_time_interval",
    "maximum_slope",
    "eta_e",
    "linear_trend",
    "linear_trend_sigma",
    "linear_trend_noise",
)

FLAT = 1e-280
"""A sum of squares below this has lost its digits; the curve counts as constant."""


@inlined
def _trend(mjd: Floats, value: Floats, rough: float, out: Floats) -> None:
    """Least squares without errors; and eta^e, which takes the variance from it."""
    n, start, first = len(value), mjd[0], value[0]
    middle = mean = lever = both = second = left = 0.0
    for i in range(n):
        middle += mjd[i] - start
        mean += value[i] - first
    middle, mean = middle / n, mean / n
    for i in range(n):
        away, above = mjd[i] - start - middle, value[i] - first - mean
        lever += away * away
        both += away * above
        second += above * above
    slope = both / lever
    for i in range(n):
        left += (value[i] - first - mean - slope * (mjd[i] - start - middle)) ** 2
    out[5] = slope
    out[7] = math.sqrt(left / (n - 2))
    out[6] = out[7] / math.sqrt(lever)
    out[4] = out[0] ** 2 / (n - 1) ** 2 * rough / second if second > FLAT else math.nan


@inlined
def _steps(mjd: Floats, value: Floats, out: Floats) -> float:
    """Two points of one time have no slope: the steepest is that of the others. Gives the sum of the squared slopes."""
    n = len(value)
    shortest, longest, steepest, rough = math.inf, -math.inf, -math.inf, 0.0
    for i in range(1, n):
        interval = mjd[i] - mjd[i - 1]
        shortest, longest = min(shortest, interval), max(longest, interval)
        slope = (value[i] - value[i - 1]) / interval
        rough += slope * slope
        if interval > 0:
            steepest = max(steepest, abs(slope))
    span = mjd[n - 1] - mjd[0]
    out[0] = span
    out[1] = shortest
    out[2] = longest
    out[3] = steepest
    return rough


@compiled("void(float64[:, ::1], int64[::1], boolean[::1], float64[:, ::1])")
def times(points: Floats, offsets: Ints, wanted: Bools, out: Floats) -> None:
    """The `wanted` of `OUTPUTS`, of each curve into its row of `out`; what is not defined becomes NaN or infinite."""
    trend = wanted[4:].any()
    for i in range(len(offsets) - 1):
        if offsets[i + 1] > offsets[i]:
            mjd, value = points[0, offsets[i] : offsets[i + 1]], points[1, offsets[i] : offsets[i + 1]]
            rough = _steps(mjd, value, out[i])
            if trend:
                _trend(mjd, value, rough, out[i])
