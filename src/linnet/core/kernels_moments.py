"""Kernel of what the values of a light curve say without their errors: moments and sums along their order."""

from __future__ import annotations

import math

from linnet.core.compiled import compiled, inlined
from linnet.core.lists import Bools, Floats, Ints

OUTPUTS = (
    "amplitude",
    "mean",
    "standard_deviation",
    "mean_variance",
    "eta",
    "cusum",
    "skew",
    "kurtosis",
    "beyond_1_std",
    "beyond_2_std",
)

FLAT = 1e-280
"""A sum of squares below this has lost its digits; the curve counts as constant."""


@inlined
def _spread(value: Floats, out: Floats) -> None:
    """Everything is taken from the first value before it is squared: equal values then have no variance at all."""
    n, first = len(value), value[0]
    low = high = total = steps = second = walk = lowest = highest = 0.0
    for i in range(n):
        low, high = min(low, value[i] - first), max(high, value[i] - first)
        total += value[i] - first
        if i:
            steps += (value[i] - value[i - 1]) ** 2
    mean = total / n
    for i in range(n):
        away = value[i] - first - mean
        second += away * away
        walk += away
        lowest = walk if i == 0 else min(lowest, walk)
        highest = walk if i == 0 else max(highest, walk)
    sigma = math.sqrt(second / (n - 1)) if second > FLAT else 0.0 / (n - 1)
    out[0] = (high - low) / 2
    out[1] = first + mean
    out[2] = sigma
    out[3] = sigma / (first + mean)
    out[4] = steps / second if second > FLAT else math.nan
    out[5] = (highest - lowest) / (n * sigma)


@inlined
def _shape(value: Floats, out: Floats) -> None:
    """Third and fourth moment and the tails, in units of the standard deviation."""
    n, first, sigma = len(value), value[0], out[2]
    mean = out[1] - first
    third = fourth = 0.0
    beyond_1 = beyond_2 = 0
    for i in range(n):
        z = (value[i] - first - mean) / sigma
        third += z**3
        fourth += z**4
        beyond_1 += abs(z) > 1
        beyond_2 += abs(z) > 2
    out[6] = third * n / ((n - 1) * (n - 2))
    out[7] = fourth * n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) - 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))
    out[8] = beyond_1 / n if sigma > 0 else math.nan
    out[9] = beyond_2 / n if sigma > 0 else math.nan


@compiled("void(float64[:, ::1], int64[::1], boolean[::1], float64[:, ::1])")
def moments(points: Floats, offsets: Ints, wanted: Bools, out: Floats) -> None:
    """The `wanted` of `OUTPUTS`, of each curve into its row of `out`; what is not defined becomes NaN or infinite."""
    shape = wanted[6:].any()
    for i in range(len(offsets) - 1):
        if offsets[i + 1] > offsets[i]:
            value = points[1, offsets[i] : offsets[i + 1]]
            _spread(value, out[i])
            if shape:
                _shape(value, out[i])
