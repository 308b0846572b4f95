"""Kernels of magnitudes against time: lines over a window, the brightest point, the way up to it and down from it.

What counts is a detection with an error above zero in one of six bands that is not later than the alert; for a
magnitude its flux must be positive.
"""

from __future__ import annotations

import math

import numpy as np

from linnet.core.compiled import FLOATS, INTS, POINTS, Kinds, Points, compiled, inlined
from linnet.core.lists import Floats, Ints

BANDS = 6
POGSON = 2.5 / math.log(10.0)


@inlined
def _detections(points: Points, mine: tuple[int, int], latest: float, chosen: Ints) -> int:
    """Fill `chosen` with those of the points that count; how many they are."""
    mjd, flux, error, band, kind = points
    n = 0
    for i in range(mine[0], mine[1]):
        if kind[i] == 0 and band[i] >= 0 and error[i] > 0 and mjd[i] <= latest and math.isfinite(flux[i]):
            chosen[n] = i
            n += 1
    return n


@inlined
def _gather(points: Points, chosen: Ints, band: int, times: tuple[float, float], room: Floats) -> int:
    """Bring time, magnitude and error of the positive points of a band between two times together; how many they are.

    Times are counted from the first of them and magnitudes from that of the first, which keeps their digits.
    """
    mjd, flux, error = points[0], points[1], points[2]
    n = 0
    start = brightness = 1.0
    for i in chosen:
        if points[3][i] == band and flux[i] > 0 and times[0] <= mjd[i] <= times[1]:
            if n == 0:
                start, brightness = mjd[i], flux[i]
            room[0, n] = mjd[i] - start
            room[1, n] = -POGSON * math.log(flux[i] / brightness)
            room[2, n] = POGSON * error[i] / flux[i]
            n += 1
    return n


@inlined
def _squares(room: Floats, n: int, sums: Floats) -> None:
    """Of n gathered points, weighted by 1/error^2: sums of squares of time, of both, of magnitude; and the span."""
    weights = when = value = 0.0
    for i in range(n):
        weight = 1.0 / (room[2, i] * room[2, i])
        weights += weight
        when += weight * room[0, i]
        value += weight * room[1, i]
    when, value = when / weights, value / weights
    sums[:] = 0.0
    for i in range(n):
        weight, away, above = 1.0 / (room[2, i] * room[2, i]), room[0, i] - when, room[1, i] - value
        sums[0] += weight * away * away
        sums[1] += weight * away * above
        sums[2] += weight * above * above
    sums[3] = room[0, n - 1] - room[0, 0]


@inlined
def _slope(sums: Floats, freedom: int, out: Floats) -> float:
    """Slope and its error, grown by the root of the reduced chi square where that exceeds one; gives that, or NaN."""
    out[0] = sums[1] / sums[0]
    out[1] = 1.0 / math.sqrt(sums[0])
    if freedom <= 0:
        return math.nan
    chi2: float = max(0.0, sums[2] - out[0] * sums[1]) / freedom
    out[1] *= math.sqrt(max(1.0, chi2))
    return chi2


@compiled(f"void({INTS}, {POINTS}, {FLOATS}, UniTuple(float64, 3), float64[:, :, ::1])")
def slopes(edges: Ints, points: Points, now: Floats, limits: tuple[float, float, float], found: Floats) -> None:
    """Straight lines through the magnitudes of the last days.

    Args:
        edges: where the points of each alert begin (one more than alerts).
        points: see `compiled.Points`.
        now: mjd of each alert.
        limits: days by which a point may be later than the alert; length of the window; span below which there is no
            slope.
        found: NaN of shape (alerts, 7, 5); is filled for each band, and at last for all of them together (one slope, a
            level for each band), with slope, error, reduced chi square, span, number of points.
    """
    most = np.diff(edges).max() if len(edges) > 1 else 0
    room, chosen, sums, total = np.empty((3, most)), np.empty(most, np.int64), np.empty(4), np.empty(4)
    for a in range(len(edges) - 1):
        times = (now[a] - limits[1], now[a] + limits[0])
        seen = chosen[: _detections(points, (edges[a], edges[a + 1]), times[1], chosen)]
        total[:] = 0.0
        count = freedom = 0
        for band in range(BANDS):
            n = _gather(points, seen, band, times, room)
            found[a, band, 4] = n
            if n < 2 or room[0, n - 1] < limits[2]:
                continue
            _squares(room, n, sums)
            found[a, band, 2] = _slope(sums, n - 2, found[a, band])
            found[a, band, 3] = sums[3]
            total[:3] += sums[:3]
            total[3] = max(total[3], sums[3])
            count += n
            freedom += n - 1
        found[a, BANDS, 4] = count
        if count:
            found[a, BANDS, 2] = _slope(total, freedom - 1, found[a, BANDS])
            found[a, BANDS, 3] = total[3]


@inlined
def _brightest(points: Points, chosen: Ints, band: int) -> tuple[int, int, int]:
    """The brightest point of a band (of equal ones the first), its first and its last; -1 without one."""
    best, first, last = -1, -1, -1
    for i in chosen:
        if points[3][i] == band:
            first = i if first < 0 else first
            last = i
            if points[1][i] > 0 and (best < 0 or points[1][i] > points[1][best]):
                best = i
    return best, first, last


@inlined
def _is_past(points: Points, ends: tuple[int, int, int], limits: tuple[float, float, float, float]) -> int:
    """1 where the last point is much fainter than the brightest, 0 where not, -1 where all are of one epoch."""
    mjd, flux, error = points[0], points[1], points[2]
    best, first, last = ends
    if mjd[last] - mjd[best] >= limits[2]:
        return 1 if flux[best] - flux[last] > limits[3] * math.hypot(error[best], error[last]) else 0
    return 0 if mjd[best] - mjd[first] >= limits[2] else -1


@compiled(
    f"void({INTS}, {POINTS}, {FLOATS}, UniTuple(float64, 4), Tuple((float64[:, :, ::1], int64[:, ::1], int8[:, ::1])))"
)
def peaks(
    edges: Ints,
    points: Points,
    now: Floats,
    limits: tuple[float, float, float, float],
    found: tuple[Floats, Ints, Kinds],
) -> None:
    """The brightest detection of each band, and the lines up to it and down from it.

    Args:
        edges: where the points of each alert begin (one more than alerts).
        points: see `compiled.Points`.
        now: mjd of each alert.
        limits: days by which a point may be later than the alert; days before and behind the brightest point that
            belong to its sides; span below which there is no slope; sigma from which a point is fainter.
        found: is filled: NaN of shape (alerts, 6, 4) with slope and error before and behind; (alerts, 7) the brightest
            point of each band and of all, -1 without one; (alerts, 6) what `_is_past` says, -1 without a point.
    """
    most = np.diff(edges).max() if len(edges) > 1 else 0
    room, chosen, sums = np.empty((3, most)), np.empty(most, np.int64), np.empty(4)
    lines, brightest, past = found
    brightest[:] = -1
    past[:] = -1
    for a in range(len(edges) - 1):
        seen = chosen[: _detections(points, (edges[a], edges[a + 1]), now[a] + limits[0], chosen)]
        for band in range(BANDS):
            best, first, last = _brightest(points, seen, band)
            if best < 0:
                continue
            top, when = brightest[a, BANDS], points[0][best]
            brightest[a, band] = best
            brightest[a, BANDS] = best if top < 0 or points[1][best] > points[1][top] else top
            past[a, band] = _is_past(points, (best, first, last), limits)
            for side in range(2):
                times = (when - limits[1], when) if side == 0 else (when, when + limits[1])
                n = _gather(points, seen, band, times, room)
                if room[0, n - 1] >= limits[2]:
                    _squares(room, n, sums)
                    _slope(sums, n - 2, lines[a, band, 2 * side :])
