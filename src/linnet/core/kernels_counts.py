"""Kernels that count what a joined history holds: detections, looks that saw nothing, recent points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from linnet.core.compiled import FLOATS, INTS, KINDS, compiled, inlined
from linnet.core.lists import Bools, Floats, Ints

DETECTION, FORCED, LIMIT = 0, 1, 2
"""`vocabulary.DETECTION` and so on: a kernel sees no name of another file change."""

Kinds = npt.NDArray[np.int8]


@inlined
def _is_new(nights: Ints, first: int, at: int) -> bool:
    """Whether no earlier entry from `first` on is of this night. Times ascend, so the one before it mostly tells."""
    if at == first or nights[at] > nights[at - 1]:
        return True
    same = False
    for i in range(at - 1, first - 1, -1):
        same = same or nights[i] == nights[at]
    return not same


@inlined
def _last_limit(mjd: Floats, kind: Kinds, first: float) -> float:
    """The latest limit that is not at or after the first detection; NaN without one."""
    last = np.nan
    for i in range(len(mjd)):
        if kind[i] == LIMIT and not (mjd[i] >= first) and not (mjd[i] <= last):
            last = mjd[i] if not np.isnan(mjd[i]) else last
    return last


@compiled(
    f"void({INTS}, Tuple(({FLOATS}, {FLOATS}, {INTS}, {KINDS})), {INTS}, Tuple((int64[:, ::1], float64[:, ::1])))"
)
def counts(edges: Ints, points: tuple[Floats, Floats, Ints, Kinds], nights: Ints, found: tuple[Ints, Floats]) -> None:
    """Count the detections of each alert.

    Args:
        edges: where the points of each alert begin (one more than alerts).
        points: mjd, flux, band (0 to 5, or below) and kind of each.
        nights: night of each detection, one behind the other.
        found: zeros and NaN of shape (alerts, 9) and (alerts, 3), which are filled with detections, positive ones,
            nights, detections in each of six bands; and with the times of the first and the last detection and of the
            last limit before the first.
    """
    mjd, flux, band, kind = points
    whole, times = found
    seen = 0
    for a in range(len(edges) - 1):
        start = seen
        first = last = np.nan
        for i in range(edges[a], edges[a + 1]):
            if kind[i] != DETECTION:
                continue
            whole[a, 0] += 1
            whole[a, 1] += flux[i] > 0
            whole[a, 2] += _is_new(nights, start, seen)
            if band[i] >= 0:
                whole[a, 3 + band[i]] += 1
            seen += 1
            if not np.isnan(mjd[i]):
                first = mjd[i] if not (first <= mjd[i]) else first
                last = mjd[i] if not (last >= mjd[i]) else last
        times[a, 0], times[a, 1] = first, last
        mine = slice(edges[a], edges[a + 1])
        times[a, 2] = _last_limit(mjd[mine], kind[mine], first)


@compiled(f"int64({INTS}, {FLOATS}, {KINDS}, {FLOATS}, UniTuple(float64, 2), int64[::1])")
def recent(edges: Ints, mjd: Floats, kind: Kinds, now: Floats, ages: tuple[float, float], found: Ints) -> int:
    """Fill `found` with the detections of each alert whose age lies between two ages (days); how many they are."""
    n = 0
    for a in range(len(edges) - 1):
        for i in range(edges[a], edges[a + 1]):
            age = now[a] - mjd[i]
            if kind[i] == DETECTION and ages[0] <= age <= ages[1]:
                found[n] = i
                n += 1
    return n


@compiled(
    f"void({INTS}, Tuple(({FLOATS}, {FLOATS}, {FLOATS}, {KINDS})), UniTuple({FLOATS}, 2), UniTuple(float64, 3),"
    " Tuple((float64[:, ::1], int64[::1], boolean[::1])))"
)
def looks(
    edges: Ints,
    points: tuple[Floats, Floats, Floats, Kinds],
    times: tuple[Floats, Floats],
    limits: tuple[float, float, float],
    found: tuple[Floats, Ints, Bools],
) -> None:
    """What was seen and not seen at each alert's place.

    Args:
        edges: where the points of each alert begin (one more than alerts).
        points: mjd, flux, flux_err, kind of each.
        times: mjd of each alert and of its first detection.
        limits: sigma below which a forced flux saw nothing; days by which a detection is earlier; days by which it is
            of another epoch.
        found: is filled: (alerts, 3) the latest earlier detection, the latest look before the first detection that saw
            nothing, the smallest error of the looks at that time, NaN where there is none; the number of detections
            and forced points; whether a positive detection is of another epoch.
    """
    mjd, flux, error, kind = points
    for a in range(len(edges) - 1):
        now, first = times[0][a], times[1][a]
        before = last = depth = np.nan
        for i in range(edges[a], edges[a + 1]):
            when = mjd[i]
            if kind[i] == DETECTION:
                if when < now - limits[1] and not (before >= when):
                    before = when
                found[2][a] |= flux[i] > 0 and when <= now - limits[2]
            found[1][a] += kind[i] == DETECTION or kind[i] == FORCED
            nothing = kind[i] == LIMIT or (kind[i] == FORCED and abs(flux[i]) < limits[0] * error[i])
            if nothing and when < first and not (when < last):
                if when != last:
                    last, depth = when, np.nan
                if error[i] > 0 and not (depth <= error[i]):
                    depth = error[i]
        found[0][a, 0], found[0][a, 1], found[0][a, 2] = before, last, depth
