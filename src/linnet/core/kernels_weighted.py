"""Kernel of what the values of a light curve say with their errors: weighted mean, scatter, straight line."""

from __future__ import annotations

import math

from linnet.core.compiled import compiled, inlined
from linnet.core.lists import Bools, Floats, Ints

OUTPUTS = (
    "weighted_mean",
    "reduced_chi2",
    "excess_variance",
    "stetson_k",
    "stetson_j",
    "linear_fit_slope",
    "linear_fit_slope_sigma",
    "linear_fit_reduced_chi2",
)

PAIR = 0.05
"""Days (72 min) within which two consecutive points are one pair of Stetson's J: both surveys come back to a field
within the hour (Bellm et al. 2019, PASP 131, 068003; Ivezic et al. 2019, ApJ 873, 111)."""


@inlined
def _scatter(value: Floats, error: Floats, out: Floats) -> float:
    """Gives the weighted mean above the first value, which keeps more digits than the mean itself."""
    n, first = len(value), value[0]
    weights = total = plain = noise = chi2 = absolute = second = 0.0
    for i in range(n):
        weight = 1 / (error[i] * error[i])
        weights += weight
        total += weight * (value[i] - first)
        plain += value[i] - first
        noise += error[i] * error[i]
    mean, plain = total / weights, plain / n
    for i in range(n):
        away = (value[i] - first - mean) / error[i]
        chi2 += away * away
        absolute += abs(away)
        second += (value[i] - first - plain) ** 2
    out[0] = first + mean
    out[1] = chi2 / (n - 1)
    out[2] = (second / (n - 1) - noise / n) / (first + plain) ** 2
    out[3] = absolute / math.sqrt(n * chi2)
    return mean


@inlined
def _stetson_j(mjd: Floats, value: Floats, error: Floats, mean: float, out: Floats) -> None:
    """Mean of sgn(P) sqrt(|P|): P of a pair is the product of its residuals, of a single point its square less one."""
    n, first = len(value), value[0]
    total, groups, i = 0.0, 0, 0
    scale = n / (n - 1)
    while i < n:
        one = (value[i] - first - mean) / error[i]
        paired = i + 1 < n and mjd[i + 1] - mjd[i] <= PAIR
        other = (value[i + 1] - first - mean) / error[i + 1] if paired else one
        product = scale * one * other - (not paired)
        total += math.copysign(math.sqrt(abs(product)), product)
        groups += 1
        i += 2 if paired else 1
    out[4] = total / groups if out[1] > 0 else math.nan


@inlined
def _line(mjd: Floats, value: Floats, error: Floats, mean: float, out: Floats) -> None:
    """Weighted least squares, times and values taken from their weighted means before they are multiplied."""
    n, start, first = len(value), mjd[0], value[0]
    weights = total = lever = both = chi2 = 0.0
    for i in range(n):
        weight = 1 / (error[i] * error[i])
        weights += weight
        total += weight * (mjd[i] - start)
    middle = total / weights
    for i in range(n):
        weight, away = 1 / (error[i] * error[i]), mjd[i] - start - middle
        lever += weight * away * away
        both += weight * away * (value[i] - first - mean)
    slope = both / lever
    for i in range(n):
        left = (value[i] - first - mean - slope * (mjd[i] - start - middle)) / error[i]
        chi2 += left * left
    out[5] = slope
    out[6] = 1 / math.sqrt(lever)
    out[7] = chi2 / (n - 2)


@compiled("void(float64[:, ::1], int64[::1], boolean[::1], float64[:, ::1])")
def weighted(points: Floats, offsets: Ints, wanted: Bools, out: Floats) -> None:
    """The `wanted` of `OUTPUTS`, of each curve into its row of `out`; what is not defined becomes NaN or infinite."""
    pairs, line = wanted[4], wanted[5:].any()
    for i in range(len(offsets) - 1):
        start, stop = offsets[i], offsets[i + 1]
        if stop > start:
            mjd, value, error = points[0, start:stop], points[1, start:stop], points[2, start:stop]
            mean = _scatter(value, error, out[i])
            if pairs:
                _stetson_j(mjd, value, error, mean, out[i])
            if line:
                _line(mjd, value, error, mean, out[i])
