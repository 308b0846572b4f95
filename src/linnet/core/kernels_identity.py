"""Which of several values of one light-curve point counts, for many objects at once."""

from __future__ import annotations

import numpy as np

from linnet.core.compiled import compiled, inlined
from linnet.core.lists import Floats, Ints


@inlined
def _mixed(key: int, kind: int) -> np.int64:
    """Bits of an identity, of which the lower ones serve as a place in a table."""
    bits = (np.uint64(key) ^ (np.uint64(kind) << np.uint64(56))) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64(bits >> np.uint64(33))


@inlined
def _is_before(known: Ints, mjd: Floats, alert: Ints, one: int, other: int) -> bool:
    if known[one] != known[other]:
        return bool(known[one] < known[other])
    if mjd[one] != mjd[other]:
        return bool(mjd[one] < mjd[other])
    return bool(alert[one] < alert[other])


@compiled(
    "int64(UniTuple(int64[::1], 2), UniTuple(int64[::1], 3), Tuple((int64[::1], float64[::1], int64[::1])),"
    " int64[::1], int64[::1])"
)
def best_of_each(
    objects: tuple[Ints, Ints],
    points: tuple[Ints, Ints, Ints],
    runs: tuple[Ints, Floats, Ints],
    places: Ints,
    best: Ints,
) -> int:
    """Fill `best` with the indices of the points that count, one for each identity (object, kind, key), by object.

    That is the one of the smallest (known_night, alert_mjd, alert_id), then the first.

    Args:
        objects: indices of all points, object by object, and where each object ends in them.
        points: kind and key of each point, and its index into the runs.
        runs: known_night of each run, mjd (finite) and id of its alert.
        places: room to work in: a power of two, at least twice as many as the points of one object.
        best: is filled; as long as there are points.

    Returns:
        How many there are.
    """
    (order, ends), (kind, key, run), (known, mjd, alert) = objects, points, runs
    found, start = 0, 0
    for each in range(len(ends)):
        size = 4
        while size < 2 * (ends[each] - start):
            size *= 2
        for j in range(size):
            places[j] = -1
        for j in range(start, ends[each]):
            i = order[j]
            at = _mixed(key[i], kind[i]) & (size - 1)
            while places[at] >= 0 and (key[best[places[at]]] != key[i] or kind[best[places[at]]] != kind[i]):
                at = (at + 1) & (size - 1)
            if places[at] < 0:
                places[at] = found
                best[found] = i
                found += 1
            elif _is_before(known, mjd, alert, run[i], run[best[places[at]]]):
                best[places[at]] = i
        start = ends[each]
    return found
