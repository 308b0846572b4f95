"""Kernel of what needs the values of a light curve in order of size: median, percentiles, a test of normality."""

from __future__ import annotations

import math

from linnet.core.compiled import compiled, inlined
from linnet.core.lists import Bools, Floats, Ints

OUTPUTS = (
    "median",
    "median_absolute_deviation",
    "percent_amplitude",
    "median_buffer_range_percentage_10",
    "inter_percentile_range_10",
    "inter_percentile_range_25",
    "magnitude_percentage_ratio_40_5",
    "magnitude_percentage_ratio_20_5",
    "percent_difference_magnitude_percentile_5",
    "percent_difference_magnitude_percentile_10",
    "anderson_darling_normal",
)

FLAT = 1e-280
"""A sum of squares below this has lost its digits; the curve counts as constant."""


@inlined
def _quantile(ordered: Floats, share: float) -> float:
    """Hazen's: the i-th of n values (from 0) stands for the share (i + 1/2) / n; between them a straight line."""
    n = len(ordered)
    place = min(max(n * share - 0.5, 0.0), n - 1.0)
    below = min(int(place), n - 2) if n > 1 else 0
    above = min(below + 1, n - 1)
    quantile: float = ordered[below] + (place - below) * (ordered[above] - ordered[below])
    return quantile


@inlined
def _range(ordered: Floats, share: float) -> float:
    return _quantile(ordered, 1 - share) - _quantile(ordered, share)


@inlined
def _percentiles(ordered: Floats, out: Floats) -> None:
    median, wide, decile = _quantile(ordered, 0.5), _range(ordered, 0.05), _range(ordered, 0.1)
    out[0] = median
    out[4] = decile
    out[5] = _range(ordered, 0.25)
    out[6] = _range(ordered, 0.4) / wide
    out[7] = _range(ordered, 0.2) / wide
    out[8] = wide / median
    out[9] = decile / median


@inlined
def _about_the_median(ordered: Floats, out: Floats) -> None:
    """Distances from the median ascend on both sides of it: merged up to their own median, they need no second sort."""
    n, median = len(ordered), out[0]
    amplitude = (ordered[n - 1] - ordered[0]) / 2
    near, left, right, before, now = 0, (n - 1) // 2, (n - 1) // 2 + 1, 0.0, 0.0
    for _ in range(n // 2 + 1):
        before = now
        if right >= n or (left >= 0 and median - ordered[left] <= ordered[right] - median):
            now = median - ordered[left]
            left -= 1
        else:
            now = ordered[right] - median
            right += 1
    for each in ordered:
        near += abs(each - median) < 0.1 * amplitude
    out[1] = now if n % 2 else (before + now) / 2
    out[2] = max(ordered[n - 1] - median, median - ordered[0])
    out[3] = near / n if amplitude > 0 else math.nan


@inlined
def _anderson_darling(ordered: Floats) -> float:
    n, first = len(ordered), ordered[0]
    mean = second = total = 0.0
    for i in range(n):
        mean += ordered[i] - first
    mean /= n
    for i in range(n):
        second += (ordered[i] - first - mean) ** 2
    sigma = math.sqrt(second / (n - 1)) if second > FLAT else math.nan
    for i in range(n):
        z = (ordered[i] - first - mean) / sigma
        tail = 0.5 * math.erfc(abs(z) / math.sqrt(2.0))
        below, above = _log_of_tail(abs(z), tail), math.log1p(-tail)
        if z > 0:
            below, above = above, below
        total += (2 * i + 1) * below + (2 * (n - i) - 1) * above
    return (1 + 4 / n - 25 / (n * n)) * (-n - total / n)


@inlined
def _log_of_tail(z: float, tail: float) -> float:
    """Beyond 38 standard deviations, where the tail is no longer a float64, by the asymptotic series."""
    if tail > 1e-300:
        return math.log(tail)
    return -z * z / 2 - math.log(z * math.sqrt(2 * math.pi)) + math.log1p((3 / (z * z) - 1) / (z * z))


@compiled("void(float64[:, ::1], int64[::1], boolean[::1], float64[:, ::1])")
def ranks(points: Floats, offsets: Ints, wanted: Bools, out: Floats) -> None:
    """The `wanted` of `OUTPUTS`, of each curve into its row of `out`; what is not defined becomes NaN or infinite."""
    values, normality = points[1].copy(), wanted[10]
    for i in range(len(offsets) - 1):
        if offsets[i + 1] > offsets[i]:
            ordered = values[offsets[i] : offsets[i + 1]]
            ordered.sort()
            _percentiles(ordered, out[i])
            _about_the_median(ordered, out[i])
            if normality:
                out[i, 10] = _anderson_darling(ordered)
