"""Kernels of how well a constant describes fluxes, and of how likely chance alone would make them scatter as much."""

from __future__ import annotations

import math

import numpy as np

from linnet.core.compiled import FLOATS, INTS, POINTS, Points, compiled, inlined
from linnet.core.lists import Floats, Ints

BANDS = 6


@inlined
def _counts(kind: int, band: int, flux: float, error: float) -> bool:
    """Whether a point is a measurement (detection or forced) that can be counted with."""
    return 0 <= kind <= 1 and band >= 0 and error > 0 and math.isfinite(flux)


@compiled(f"void({INTS}, {POINTS}, {FLOATS}, float64, Tuple((float64[:, :, ::1], int64[:, :, ::1])))")
def scatter(edges: Ints, points: Points, now: Floats, later: float, found: tuple[Floats, Ints]) -> None:
    """Chi square of the fluxes of each kind and band about their weighted mean.

    Args:
        edges: where the points of each alert begin (one more than alerts).
        points: see `compiled.Points`.
        now: mjd of each alert.
        later: days by which a point may be later than the alert.
        found: zeros of shape (alerts, 2, 6), which are filled with chi square and number of points of the detections
            and of the forced measurements of each band.
    """
    mjd, flux, error, band, kind = points
    weights, totals, first = np.empty((2, BANDS)), np.empty((2, BANDS)), np.empty((2, BANDS))
    chi2, counts = found
    for a in range(len(edges) - 1):
        weights[:] = 0.0
        totals[:] = 0.0
        for i in range(edges[a], edges[a + 1]):
            if mjd[i] <= now[a] + later and _counts(kind[i], band[i], flux[i], error[i]):
                k, b = kind[i], band[i]
                first[k, b] = flux[i] if counts[a, k, b] == 0 else first[k, b]
                weight = 1.0 / (error[i] * error[i])
                weights[k, b] += weight
                totals[k, b] += weight * (flux[i] - first[k, b])
                counts[a, k, b] += 1
        for i in range(edges[a], edges[a + 1]):
            if mjd[i] <= now[a] + later and _counts(kind[i], band[i], flux[i], error[i]):
                k, b = kind[i], band[i]
                away = (flux[i] - first[k, b] - totals[k, b] / weights[k, b]) / error[i]
                chi2[a, k, b] += away * away


@inlined
def _log_lower(a: float, x: float) -> float:
    """Ln P(a, x) by its series (DLMF 8.11.4), which converges for x < a + 1."""
    term = total = 1.0 / a
    n = a
    for _ in range(100_000):
        n += 1.0
        term *= x / n
        total += term
        if term < total * 1e-16:
            break
    return a * math.log(x) - x - math.lgamma(a) + math.log(total)


@inlined
def _log_upper(a: float, x: float) -> float:
    """Ln Q(a, x) by its continued fraction (DLMF 8.9.2 in the method of Lentz), which converges for x >= a + 1."""
    b = x + 1.0 - a
    c = 1e300
    d = 1.0 / b
    fraction = d
    for i in range(1, 100_000):
        part = -i * (i - a)
        b += 2.0
        d = 1.0 / (part * d + b)
        c = b + part / c
        change = c * d
        fraction *= change
        if abs(change - 1.0) < 1e-15:
            break
    return a * math.log(x) - x - math.lgamma(a) + math.log(fraction)


@compiled(f"void({FLOATS}, {INTS}, float64[::1])")
def log_chance(chi2: Floats, freedom: Ints, found: Floats) -> None:
    """Fill `found` with log10 of the probability that chi square exceeds this by chance; NaN without freedom.

    It is Q(freedom/2, chi2/2), the upper incomplete gamma function (Abramowitz & Stegun 26.4.19), in logarithms all the
    way: it stays exact where the probability itself is too small for any number.
    """
    for i in range(len(chi2)):
        a, x = freedom[i] / 2.0, chi2[i] / 2.0
        if freedom[i] <= 0 or not math.isfinite(x):
            found[i] = math.nan
        elif x <= 0.0:
            found[i] = 0.0
        elif x < a + 1.0:
            found[i] = math.log1p(-math.exp(_log_lower(a, x))) / math.log(10.0)
        else:
            found[i] = _log_upper(a, x) / math.log(10.0)


@compiled(
    f"void({INTS}, {POINTS}, UniTuple({FLOATS}, 2), {INTS}, UniTuple(float64, 3), Tuple((float64[:, ::1], int64[::1])))"
)
def high_state(
    edges: Ints,
    points: Points,
    alerts: tuple[Floats, Floats],
    bands: Ints,
    limits: tuple[float, float, float],
    found: tuple[Floats, Ints],
) -> None:
    """The total flux of the last days beside that of all days before, in the band of the alert.

    Args:
        edges: where the points of each alert begin (one more than alerts).
        points: see `compiled.Points`; detections count.
        alerts: mjd of each alert and its template flux, which is added to every difference flux.
        bands: band of each alert (0 to 5, or below).
        limits: days by which a point may be later than the alert; days that are the last ones; days that the points
            before must span.
        found: is filled: NaN of shape (alerts, 4) with the weighted mean of the last days and its error, the median of
            those before and their median distance from it; (alerts) the number of points before.
    """
    room = np.empty(np.diff(edges).max() if len(edges) > 1 else 0)
    mjd, flux, error, band, kind = points
    for a in range(len(edges) - 1):
        now, below = alerts[0][a], alerts[1][a]
        n, weights, total, start = 0, 0.0, 0.0, math.nan
        for i in range(edges[a], edges[a + 1]):
            if band[i] != bands[a] or kind[i] != 0 or mjd[i] > now + limits[0]:
                continue
            if not _counts(kind[i], band[i], flux[i], error[i]):
                continue
            if mjd[i] < now - limits[1]:
                start = mjd[i] if n == 0 else start
                room[n] = flux[i] + below
                n += 1
                span = mjd[i] - start
            else:
                weight = 1.0 / (error[i] * error[i])
                weights += weight
                total += weight * (flux[i] + below)
        found[1][a] = n
        if n and weights and span >= limits[2]:
            middle = np.median(room[:n])
            found[0][a, 0], found[0][a, 1] = total / weights, 1.0 / math.sqrt(weights)
            found[0][a, 2], found[0][a, 3] = middle, np.median(np.abs(room[:n] - middle))
