"""Kernels that make one light curve of many points of each alert: one entry per identity, in order of time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from linnet.core.compiled import FLAGS, FLOATS, INTS, compiled, inlined
from linnet.core.lists import Bools, Floats, Ints

OWN = 0
"""`flat_points.OWN`: a kernel sees no name of another file change."""

Points = tuple[Floats, Ints, Ints, Ints, Bools]
"""mjd, kind, key, rank, withdrawn."""


@inlined
def _before(a: int, b: int, c: int, other_a: int, other_b: int, other_c: int) -> bool:
    """Whether one triple is smaller than the other."""
    if a != other_a:
        return a < other_a
    return b < other_b if b != other_b else c < other_c


@inlined
def _run(keys: tuple[Ints, Ints, Ints], index: Ints, start: int, n: int) -> int:
    """Where the ascending run that begins at `start` ends."""
    a, b, c = keys
    stop, i = start + 1, index[start]
    while stop < n:
        j = index[stop]
        if _before(a[j], b[j], c[j], a[i], b[i], c[i]):
            break
        stop, i = stop + 1, j
    return stop


@inlined
def _merge(keys: tuple[Ints, Ints, Ints], left: Ints, right: Ints, merged: Ints) -> None:
    """Two ascending runs as one; of equals those of the left run come first. Neither is empty."""
    a, b, c = keys
    i = j = at = 0
    x, y = left[0], right[0]
    while True:
        if _before(a[y], b[y], c[y], a[x], b[x], c[x]):
            merged[at] = y
            j, at = j + 1, at + 1
            if j == len(right):
                break
            y = right[j]
        else:
            merged[at] = x
            i, at = i + 1, at + 1
            if i == len(left):
                break
            x = left[i]
    for k in range(i, len(left)):
        merged[at + k - i] = left[k]
    for k in range(j, len(right)):
        merged[at + k - j] = right[k]


@inlined
def _sort(keys: tuple[Ints, Ints, Ints], index: Ints, spare: Ints) -> None:
    """Merge the runs that are there already: packets list points in order of time, kind by kind. Stable."""
    n = len(index)
    while n:
        start = 0
        while start < n:
            middle = _run(keys, index, start, n)
            if middle == n and start == 0:
                return
            stop = n
            if middle < n:
                stop = _run(keys, index, middle, n)
                _merge(keys, index[start:middle], index[middle:stop], spare[start:stop])
            else:
                spare[start:stop] = index[start:stop]
            start = stop
        index[:] = spare[:n]


@inlined
def _by_kind(kind: Ints, index: Ints, spare: Ints) -> None:
    """Bring the points of each kind together: joined histories mix kinds, but keys ascend with time in each."""
    ascending = True
    for at in range(1, len(index)):
        ascending &= kind[index[at - 1]] <= kind[index[at]]
    if ascending:
        return
    n = 0
    for k in range(3):
        for i in index:
            if kind[i] == k:
                spare[n] = i
                n += 1
    for i in index:
        if kind[i] < 0 or kind[i] > 2:
            spare[n] = i
            n += 1
    index[:] = spare[:n]


@inlined
def _distinct(kind: Ints, key: Ints, rank: Ints, index: Ints, spare: Ints) -> int:
    """Sort by identity and keep the first of each; how many are kept."""
    _by_kind(kind, index, spare)
    _sort((kind, key, rank), index, spare)
    kept = 0
    for at in range(len(index)):
        i, last = index[at], index[max(kept - 1, 0)]
        if kept == 0 or kind[i] != kind[last] or key[i] != key[last]:
            index[kept] = i
            kept += 1
    return kept


@inlined
def _is_among(kind: Ints, key: Ints, gone: Ints, i: int) -> bool:
    """Whether the identity of a point is one of those in `gone`, which are in order."""
    low, high = 0, len(gone)
    while low < high:
        middle = (low + high) // 2
        j = gone[middle]
        if kind[j] < kind[i] or (kind[j] == kind[i] and key[j] < key[i]):
            low = middle + 1
        else:
            high = middle
    return bool(low < len(gone) and kind[gone[low]] == kind[i] and key[gone[low]] == key[i])


@inlined
def _usable(points: Points, mine: Ints, latest: float, gone: Ints, index: Ints) -> tuple[int, int]:
    """Fill `index` with the points that may be shown; how many they are, and how many are of the future."""
    mjd, kind, key, rank, _ = points
    n = future = 0
    for i in mine:
        if not (np.isfinite(mjd[i]) and np.isfinite(latest)):
            continue
        if rank[i] != OWN and mjd[i] > latest:
            future += 1
        elif rank[i] == OWN or not len(gone) or not _is_among(kind, key, gone, i):
            index[n] = i
            n += 1
    return n, future


@inlined
def _times(mjd: Floats) -> Ints:
    """Times as integers in the same order, NaN last: the bits of a float ascend with it, below zero they descend."""
    bits = (mjd + 0.0).view(np.int64)
    for i in range(len(mjd)):
        if np.isnan(mjd[i]):
            bits[i] = np.iinfo(np.int64).max
        elif bits[i] < 0:
            bits[i] ^= np.iinfo(np.int64).max
    return bits


@inlined
def _grouped(row: Ints, rows: int) -> tuple[Ints, Ints]:
    """Points row by row, each in the order in which its points came, and where each row begins."""
    offsets, order = np.zeros(rows + 2, np.int64), np.empty(len(row), np.int64)
    for i in range(len(row)):
        offsets[row[i] + 2] += 1
    for i in range(2, rows + 2):
        offsets[i] += offsets[i - 1]
    for i in range(len(row)):
        order[offsets[row[i] + 1]] = i
        offsets[row[i] + 1] += 1
    return order, offsets[: rows + 1]


@compiled(
    f"void({INTS}, Tuple(({FLOATS}, {INTS}, {INTS}, {INTS}, {FLAGS})), {FLOATS}, UniTuple(int64[::1], 4), int32[::1])"
)
def history(
    row: Ints,
    points: Points,
    latest: Floats,
    found: tuple[Ints, Ints, Ints, Ints],
    n_future: npt.NDArray[np.int32],
) -> None:
    """Choose the points of each alert's history.

    Args:
        row: alert of each point.
        points: mjd, kind, key, rank and withdrawn of each.
        latest: time of each alert with its tolerance; NaN takes all of its points away.
        found: is filled with the points of the history, where each alert's begin (one more than alerts), the points
            that are withdrawn, and where those begin. Both are one per identity, the one of the smallest rank, then
            the first, in order of time, kind and key.
        n_future: is filled with the number of points later than `latest`.
    """
    chosen, starts, back, back_starts = found
    mjd, kind, key, rank, withdrawn = points
    order, offsets = _grouped(row, len(latest))
    by_time = (_times(mjd), kind, key)
    longest = 0
    for a in range(len(latest)):
        longest = max(longest, offsets[a + 1] - offsets[a])
    index, spare, gone = np.empty(longest, np.int64), np.empty(longest, np.int64), np.empty(longest, np.int64)
    n = n_back = 0
    for a in range(len(latest)):
        mine = order[offsets[a] : offsets[a + 1]]
        taken = 0
        for i in mine:
            if withdrawn[i] and rank[i] != OWN:
                gone[taken] = i
                taken += 1
        if taken:
            taken = _distinct(kind, key, rank, gone[:taken], spare)
        kept, n_future[a] = _usable(points, mine, latest[a], gone[:taken], index)
        kept = _distinct(kind, key, rank, index[:kept], spare)
        _sort(by_time, index[:kept], spare)
        chosen[n : n + kept] = index[:kept]
        if taken:
            _sort(by_time, gone[:taken], spare)
            back[n_back : n_back + taken] = gone[:taken]
        n, n_back = n + kept, n_back + taken
        starts[a + 1], back_starts[a + 1] = n, n_back
