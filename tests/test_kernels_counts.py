"""The kernels that look at each alert's points once, against loops in Python that look as often as it takes."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest

from linnet.core.kernels import compile_kernels

Points = list[tuple[float, float, float, int]]
ALERTS = 60


def some_histories(seed: int) -> tuple[npt.NDArray[np.int64], list[npt.NDArray[np.float64]], npt.NDArray[np.int8]]:
    """Edges, (mjd, flux, error) and kinds of alerts of 0 to 30 points, times often equal and sometimes out of order."""
    rng = np.random.default_rng(seed)
    edges = np.concatenate([[0], np.cumsum(rng.integers(0, 30, ALERTS))]).astype(np.int64)
    n = int(edges[-1])
    mjd = 60000.0 - rng.integers(0, 12, n) / 4.0 if seed % 2 else 60000.0 - rng.choice(np.array([0.0, 0.01, 0.02]), n)
    flux = rng.choice(np.array([np.nan, -30.0, -2.0, 0.0, 2.0, 30.0]), n)
    error = rng.choice(np.array([np.nan, 0.0, 1.0, 2.0]), n)
    if seed % 3:
        for a, b in itertools.pairwise(edges):
            mjd[a:b].sort()
    return edges, [mjd, flux, error], rng.integers(-1, 4, n).astype(np.int8)


def by_hand(points: Points, now: float, first: float) -> tuple[list[float], int, bool]:
    """Latest earlier detection, latest look that saw nothing, its smallest error; number; another epoch."""
    before = max((m for m, _, _, k in points if k == 0 and m < now - 1e-6), default=math.nan)
    unseen = [(m, e) for m, f, e, k in points if m < first and (k == 2 or (k == 1 and abs(f) < 5.0 * e))]
    last = max((m for m, _ in unseen), default=math.nan)
    depth = min((e for m, e in unseen if m == last and e > 0), default=math.nan)
    two = any(k == 0 and f > 0 and m <= now - 0.02 for m, f, _, k in points)
    return [before, last, depth], sum(k in {0, 1} for _, _, _, k in points), two


@pytest.mark.parametrize("seed", range(12))
def test_looks_are_those_of_a_loop(seed: int) -> None:
    edges, (mjd, flux, error), kind = some_histories(seed)
    rng = np.random.default_rng(seed + 100)
    now = rng.choice(np.array([60000.0, 59999.5, 59998.0, np.nan]), ALERTS)
    first = rng.choice(np.array([60000.0, 59999.0, 59997.5, np.nan]), ALERTS)
    times, number, two = np.empty((ALERTS, 3)), np.zeros(ALERTS, np.int64), np.zeros(ALERTS, np.bool_)
    kernel = compile_kernels()["counts"]
    kernel.looks(edges, (mjd, flux, error, kind), (now, first), (5.0, 1e-6, 0.02), (times, number, two))
    for a in range(ALERTS):
        mine = slice(int(edges[a]), int(edges[a + 1]))
        points = list(zip(*(each[mine].tolist() for each in (mjd, flux, error, kind)), strict=True))
        wanted = by_hand(points, float(now[a]), float(first[a]))
        assert str(times[a].tolist()) == str(wanted[0])
        assert (int(number[a]), bool(two[a])) == wanted[1:]


@pytest.mark.parametrize("seed", range(6))
def test_recent_detections_are_those_of_a_mask(seed: int) -> None:
    edges, (mjd, _, _), kind = some_histories(seed)
    now = np.random.default_rng(seed).choice(np.array([60000.0, 59999.0, np.nan]), ALERTS)
    found = np.empty(len(mjd), np.int64)
    n = compile_kernels()["counts"].recent(edges, mjd, kind, now, (-1e-6, 1.25), found)
    age = np.repeat(now, np.diff(edges)) - mjd
    assert found[:n].tolist() == np.flatnonzero((kind == 0) & (age >= -1e-6) & (age <= 1.25)).tolist()
