"""Kernels of one number for each alert out of some of its points, and of the points of one kind."""

from __future__ import annotations

import math

import numpy as np

from linnet.core.compiled import FLAGS, FLOATS, INTS, KINDS, Kinds, compiled, inlined
from linnet.core.lists import Bools, Floats, Ints

FUNCTIONS = ("min", "max", "mean", "median", "std", "slope", "first", "last")
"""What `reduce` computes, by place."""

MAX, MEAN, MEDIAN, STD, SLOPE, FIRST = range(1, 7)


@compiled(f"int64(UniTuple({INTS}, 2), {KINDS}, int64, UniTuple(int64[::1], 3))")
def of_kind(runs: tuple[Ints, Ints], kind: Kinds, wanted: int, found: tuple[Ints, Ints, Ints]) -> int:
    """Find the points of one kind.

    Args:
        runs: where the points of each alert begin, and where they end.
        kind: of every point.
        wanted: the kind.
        found: are filled: index of each point, place of its alert in `runs`, and where the points of each alert begin
            among those found (one more than alerts).

    Returns:
        How many were found.
    """
    index, row, edges = found
    n = 0
    for a in range(len(runs[0])):
        edges[a] = n
        for i in range(runs[0][a], runs[1][a]):
            if kind[i] == wanted:
                index[n], row[n] = i, a
                n += 1
    edges[len(runs[0])] = n
    return n


@compiled(f"void({INTS}, {FLAGS}, int64[::1])")
def count(edges: Ints, counted: Bools, found: Ints) -> None:
    """Fill `found` with the number of points of each alert that are `counted`."""
    for a in range(len(edges) - 1):
        n = 0
        for i in range(edges[a], edges[a + 1]):
            n += counted[i]
        found[a] = n


@inlined
def _extreme(values: Floats, largest: bool) -> float:
    best: float = values[0]
    for each in values:
        if (each > best) == largest:
            best = each
    return best


@inlined
def _mean(values: Floats) -> float:
    """Taken from the first value before they are summed: equal values then have exactly that mean."""
    total = 0.0
    for each in values:
        total += each - values[0]
    mean: float = values[0] + total / len(values)
    return mean


@inlined
def _median(values: Floats) -> float:
    n = len(values)
    values.sort()
    middle: float = values[n // 2] if n % 2 else (values[n // 2 - 1] + values[n // 2]) / 2
    return middle


@inlined
def _std(values: Floats) -> float:
    """Root of the sum of squares about the mean over N - 1; NaN of a single value."""
    first, n = values[0], len(values)
    mean = second = 0.0
    for each in values:
        mean += each - first
    mean /= n
    for each in values:
        second += (each - first - mean) ** 2
    return math.sqrt(second / (n - 1)) if n > 1 else math.nan


@inlined
def _slope(when: Floats, values: Floats) -> float:
    """Least squares, all points alike; NaN where all are at one time."""
    n, start, first = len(values), when[0], values[0]
    time = value = square = both = 0.0
    for i in range(n):
        time += when[i] - start
        value += values[i] - first
    time, value = time / n, value / n
    for i in range(n):
        away = when[i] - start - time
        square += away * away
        both += away * (values[i] - first - value)
    return both / square if square > 0 else math.nan


@compiled(f"void({INTS}, {FLAGS}, UniTuple({FLOATS}, 2), int64, float64[::1])")
def reduce(edges: Ints, counted: Bools, points: tuple[Floats, Floats], function: int, found: Floats) -> None:
    """Fill `found` with one number for each alert, NaN where it has too few points.

    Args:
        edges: where the points of each alert begin (one more than alerts).
        counted: which points count.
        points: mjd and value of each; those that count are finite.
        function: place in `FUNCTIONS`. `std` is that of a sample and needs two points, `slope` two times;
            `first` and `last` are in the order of the points.
        found: is filled.
    """
    most = np.diff(edges).max() if len(edges) > 1 else 0
    when, room = np.empty(most), np.empty(most)
    for a in range(len(edges) - 1):
        n = 0
        for i in range(edges[a], edges[a + 1]):
            if counted[i]:
                when[n], room[n] = points[0][i], points[1][i]
                n += 1
        values = room[:n]
        if n == 0:
            found[a] = math.nan
        elif function <= MAX:
            found[a] = _extreme(values, function == MAX)
        elif function == MEAN:
            found[a] = _mean(values)
        elif function == MEDIAN:
            found[a] = _median(values)
        elif function == STD:
            found[a] = _std(values)
        elif function == SLOPE:
            found[a] = _slope(when[:n], values)
        else:
            found[a] = values[0] if function == FIRST else values[n - 1]
