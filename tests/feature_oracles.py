"""The features of one light curve, each by numpy from its definition: one function per output, slow and plain.

Written from the papers without a look at the kernels, and sharing nothing with them: means are taken directly, medians
and quantiles by numpy, straight lines by `lstsq`, the normal distribution by the standard library.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def n_points(t: Floats, m: Floats, e: Floats) -> float:
    return len(m)


def amplitude(t: Floats, m: Floats, e: Floats) -> float:
    return float(np.ptp(m)) / 2


def mean(t: Floats, m: Floats, e: Floats) -> float:
    return math.fsum(m) / len(m)


def standard_deviation(t: Floats, m: Floats, e: Floats) -> float:
    return float(np.std(m, ddof=1))


def mean_variance(t: Floats, m: Floats, e: Floats) -> float:
    return standard_deviation(t, m, e) / mean(t, m, e)


def skew(t: Floats, m: Floats, e: Floats) -> float:
    """From the biased moments g1 = m3 / m2^1.5, as Joanes & Gill write G1."""
    n, away = len(m), m - m.mean()
    return float(np.mean(away**3) / np.mean(away**2) ** 1.5 * math.sqrt(n * (n - 1)) / (n - 2))


def kurtosis(t: Floats, m: Floats, e: Floats) -> float:
    """From the biased moments g2 = m4 / m2^2 - 3, as Joanes & Gill write G2."""
    n, away = len(m), m - m.mean()
    biased = float(np.mean(away**4) / np.mean(away**2) ** 2) - 3
    return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * biased + 6)


def eta(t: Floats, m: Floats, e: Floats) -> float:
    return float(np.mean(np.diff(m) ** 2) / np.var(m, ddof=1))


def eta_e(t: Floats, m: Floats, e: Floats) -> float:
    n, slopes = len(m), np.diff(m) / np.diff(t)
    return float((t[-1] - t[0]) ** 2 / (n - 1) ** 3 * np.sum(slopes**2) / np.var(m, ddof=1))


def cusum(t: Floats, m: Floats, e: Floats) -> float:
    return float(np.ptp(np.cumsum(m - m.mean()) / (len(m) * np.std(m, ddof=1))))


def beyond_1_std(t: Floats, m: Floats, e: Floats) -> float:
    return float(np.mean(np.abs(m - m.mean()) > np.std(m, ddof=1)))


def beyond_2_std(t: Floats, m: Floats, e: Floats) -> float:
    return float(np.mean(np.abs(m - m.mean()) > 2 * np.std(m, ddof=1)))


def weighted_mean(t: Floats, m: Floats, e: Floats) -> float:
    return float(np.average(m, weights=e**-2))


def residuals(t: Floats, m: Floats, e: Floats) -> Floats:
    """(m - weighted mean) / error."""
    from_mean: Floats = (m - weighted_mean(t, m, e)) / e
    return from_mean


def reduced_chi2(t: Floats, m: Floats, e: Floats) -> float:
    return float(np.sum(residuals(t, m, e) ** 2)) / (len(m) - 1)


def excess_variance(t: Floats, m: Floats, e: Floats) -> float:
    return float((np.var(m, ddof=1) - np.mean(e**2)) / np.mean(m) ** 2)


def stetson_k(t: Floats, m: Floats, e: Floats) -> float:
    each = residuals(t, m, e)
    return float(np.mean(np.abs(each)) / np.sqrt(np.mean(each**2)))


def stetson_j(t: Floats, m: Floats, e: Floats) -> float:
    """Pairs are cut off the front of the list as long as there is one."""
    left = list(zip(t, residuals(t, m, e) * math.sqrt(len(m) / (len(m) - 1)), strict=True))
    products = []
    while left:
        (when, one), *left = left
        if left and left[0][0] - when <= 0.05:
            products.append(one * left.pop(0)[1])
        else:
            products.append(one**2 - 1)
    return float(np.mean(np.sign(products) * np.sqrt(np.abs(products))))


def _line(t: Floats, m: Floats, e: Floats) -> tuple[float, float, Floats]:
    """Slope, its error from the errors of the points, and residuals in units of these, by lstsq."""
    design = np.column_stack([np.ones_like(t), t - t.mean()]) / e[:, None]
    solution = np.linalg.lstsq(design, (m - m.mean()) / e)[0]
    error = math.sqrt(np.linalg.inv(design.T @ design)[1, 1])
    return float(solution[1]), error, (m - m.mean()) / e - design @ solution


def linear_fit_slope(t: Floats, m: Floats, e: Floats) -> float:
    return _line(t, m, e)[0]


def linear_fit_slope_sigma(t: Floats, m: Floats, e: Floats) -> float:
    return _line(t, m, e)[1]


def linear_fit_reduced_chi2(t: Floats, m: Floats, e: Floats) -> float:
    return float(np.sum(_line(t, m, e)[2] ** 2)) / (len(m) - 2)


def linear_trend(t: Floats, m: Floats, e: Floats) -> float:
    return _line(t, m, np.ones_like(m))[0]


def linear_trend_noise(t: Floats, m: Floats, e: Floats) -> float:
    return math.sqrt(float(np.sum(_line(t, m, np.ones_like(m))[2] ** 2)) / (len(m) - 2))


def linear_trend_sigma(t: Floats, m: Floats, e: Floats) -> float:
    return linear_trend_noise(t, m, e) * _line(t, m, np.ones_like(m))[1]


def time_span(t: Floats, m: Floats, e: Floats) -> float:
    return float(np.ptp(t))


def minimum_time_interval(t: Floats, m: Floats, e: Floats) -> float:
    return float(np.diff(t).min())


def maximum_time_interval(t: Floats, m: Floats, e: Floats) -> float:
    return float(np.diff(t).max())


def maximum_slope(t: Floats, m: Floats, e: Floats) -> float:
    apart = np.diff(t) > 0
    return float(np.abs(np.diff(m)[apart] / np.diff(t)[apart]).max())


def _between(m: Floats, low: float) -> float:
    return float(np.quantile(m, 1 - low, method="hazen") - np.quantile(m, low, method="hazen"))


def median(t: Floats, m: Floats, e: Floats) -> float:
    return float(np.median(m))


def median_absolute_deviation(t: Floats, m: Floats, e: Floats) -> float:
    return float(np.median(np.abs(m - np.median(m))))


def percent_amplitude(t: Floats, m: Floats, e: Floats) -> float:
    return float(np.abs(m - np.median(m)).max())


def median_buffer_range_percentage_10(t: Floats, m: Floats, e: Floats) -> float:
    return float(np.mean(np.abs(m - np.median(m)) < 0.1 * np.ptp(m) / 2))


def inter_percentile_range_10(t: Floats, m: Floats, e: Floats) -> float:
    return _between(m, 0.1)


def inter_percentile_range_25(t: Floats, m: Floats, e: Floats) -> float:
    return _between(m, 0.25)


def magnitude_percentage_ratio_40_5(t: Floats, m: Floats, e: Floats) -> float:
    return _between(m, 0.4) / _between(m, 0.05)


def magnitude_percentage_ratio_20_5(t: Floats, m: Floats, e: Floats) -> float:
    return _between(m, 0.2) / _between(m, 0.05)


def percent_difference_magnitude_percentile_5(t: Floats, m: Floats, e: Floats) -> float:
    return _between(m, 0.05) / median(t, m, e)


def percent_difference_magnitude_percentile_10(t: Floats, m: Floats, e: Floats) -> float:
    return _between(m, 0.1) / median(t, m, e)


def anderson_darling_normal(t: Floats, m: Floats, e: Floats) -> float:
    """Both ends at once, as 1 - cdf(z) = cdf(-z)."""
    n = len(m)
    z = ((np.sort(m) - m.mean()) / np.std(m, ddof=1)).tolist()
    logs = [(2 * i - 1) * (_log_cdf(z[i - 1]) + _log_cdf(-z[n - i])) for i in range(1, n + 1)]
    return (1 + 4 / n - 25 / n**2) * (-n - math.fsum(logs) / n)


def _log_cdf(z: float) -> float:
    """Of the normal distribution; far below zero by Laplace's continued fraction."""
    if z > -5:
        return math.log1p(-_tail(z)) if z > 0 else math.log(_tail(-z))
    fraction = -z
    for k in range(80, 0, -1):
        fraction = k / fraction - z
    return -z * z / 2 - math.log(2 * math.pi) / 2 - math.log(fraction)


def _tail(z: float) -> float:
    return 1 - NormalDist().cdf(z) if z < 1 else math.erfc(z / math.sqrt(2)) / 2


ORACLES: dict[str, Callable[[Floats, Floats, Floats], float]] = {
    function.__name__: function
    for function in (
        n_points,
        amplitude,
        mean,
        standard_deviation,
        mean_variance,
        skew,
        kurtosis,
        eta,
        cusum,
        beyond_1_std,
        beyond_2_std,
        weighted_mean,
        reduced_chi2,
        excess_variance,
        stetson_j,
        stetson_k,
        linear_fit_slope,
        linear_fit_slope_sigma,
        linear_fit_reduced_chi2,
        time_span,
        minimum_time_interval,
        maximum_time_interval,
        maximum_slope,
        eta_e,
        linear_trend,
        linear_trend_sigma,
        linear_trend_noise,
        median,
        median_absolute_deviation,
        percent_amplitude,
        median_buffer_range_percentage_10,
        inter_percentile_range_10,
        inter_percentile_range_25,
        magnitude_percentage_ratio_40_5,
        magnitude_percentage_ratio_20_5,
        percent_difference_magnitude_percentile_5,
        percent_difference_magnitude_percentile_10,
        anderson_darling_normal,
    )
}
"""By name of the output."""
