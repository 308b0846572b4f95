"""Kernel of colours: detections in two bands that lie close together in time."""

from __future__ import annotations

import math

import numpy as np

from linnet.core.compiled import FLOATS, INTS, POINTS, Points, compiled, inlined
from linnet.core.lists import Floats, Ints

BANDS = 6
POGSON = 2.5 / math.log(10.0)


@inlined
def _by_band(points: Points, mine: tuple[int, int], latest: float, chosen: Ints, counts: Ints) -> None:
    """Fill the row of each band with its positive detections that are not later than this."""
    mjd, flux, error, band, kind = points
    counts[:] = 0
    for i in range(mine[0], mine[1]):
        if kind[i] == 0 and band[i] >= 0 and flux[i] > 0 and error[i] > 0 and mjd[i] <= latest:
            chosen[band[i], counts[band[i]]] = i
            counts[band[i]] += 1


@inlined
def _pair(points: Points, blue: int, red: int, out: Floats) -> None:
    """Colour, its error and the time halfway between the two."""
    mjd, flux, error = points[0], points[1], points[2]
    out[0] = -POGSON * (math.log(flux[blue]) - math.log(flux[red]))
    out[1] = POGSON * math.hypot(error[blue] / flux[blue], error[red] / flux[red])
    out[2] = mjd[blue] + (mjd[red] - mjd[blue]) / 2.0


@inlined
def _colour(points: Points, blue: Ints, red: Ints, longest: float, ends: Floats) -> int:
    """Fill the rows of `ends` with the first and the last pair; how many there are.

    Each point of the bluer band makes a pair with the nearest of the redder one, of two equally near with the later, if
    that is near enough. Both ascend in time, and so do their pairs.
    """
    mjd = points[0]
    pairs = at = 0
    for i in blue:
        while at + 1 < len(red) and abs(mjd[red[at + 1]] - mjd[i]) <= abs(mjd[red[at]] - mjd[i]):
            at += 1
        if abs(mjd[red[at]] - mjd[i]) <= longest:
            if pairs == 0:
                _pair(points, i, red[at], ends[0])
            _pair(points, i, red[at], ends[1])
            pairs += 1
    return pairs


@compiled(f"void({INTS}, {POINTS}, {FLOATS}, UniTuple(float64, 3), Tuple((float64[:, :, ::1], int64[:, ::1])))")
def colours(
    edges: Ints,
    points: Points,
    now: Floats,
    limits: tuple[float, float, float],
    found: tuple[Floats, Ints],
) -> None:
    """Colours of neighbouring bands and their change.

    Args:
        edges: where the points of each alert begin (one more than alerts).
        points: see `compiled.Points`.
        now: mjd of each alert.
        limits: days by which a point may be later than the alert; days between the two of a pair at most; days between
            the first and the last pair at least for a change.
        found: is filled: NaN of shape (alerts, 5, 5) with colour, error, age in days of the last pair, change per day
            since the first and its error; (alerts, 5) the number of pairs.
    """
    most = np.diff(edges).max() if len(edges) > 1 else 0
    chosen, counts, ends = np.empty((BANDS, most), np.int64), np.empty(BANDS, np.int64), np.empty((2, 3))
    for a in range(len(edges) - 1):
        _by_band(points, (edges[a], edges[a + 1]), now[a] + limits[0], chosen, counts)
        for c in range(BANDS - 1):
            if counts[c] == 0 or counts[c + 1] == 0:
                found[1][a, c] = 0
                continue
            pairs = _colour(points, chosen[c, : counts[c]], chosen[c + 1, : counts[c + 1]], limits[1], ends)
            found[1][a, c] = pairs
            if pairs == 0:
                continue
            out, apart = found[0][a, c], ends[1, 2] - ends[0, 2]
            out[0], out[1], out[2] = ends[1, 0], ends[1, 1], now[a] - ends[1, 2]
            if apart >= limits[2]:
                out[3] = (ends[1, 0] - ends[0, 0]) / apart
                out[4] = math.hypot(ends[0, 1], ends[1, 1]) / apart
