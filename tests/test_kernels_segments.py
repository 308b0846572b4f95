"""The kernels that reduce points to one number for each alert, against plain numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from linnet.core.kernels import compile_kernels
from linnet.core.kernels_segments import FUNCTIONS

ALERTS = 80

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def some_points(seed: int) -> tuple[Ints, Ints, Floats, Floats, npt.NDArray[np.bool_]]:
    """Edges, alert, mjd, value of each point and whether it counts, of alerts with 0 to 40 points."""
    rng = np.random.default_rng(seed)
    number = rng.integers(0, 40, ALERTS) * rng.integers(0, 2, ALERTS)
    edges = np.concatenate([[0], np.cumsum(number)]).astype(np.int64)
    row = np.repeat(np.arange(ALERTS), number)
    mjd = 60_000 + np.round(rng.uniform(0, 60, len(row)), 3)
    value = rng.normal(1e4 * (seed % 3), 50, len(row)) if seed % 4 else np.full(len(row), 7.25)
    return edges, row, mjd, value, rng.random(len(row)) < rng.choice((0.1, 0.6, 1.0))


def with_numpy(function: str, row: Ints, mjd: Floats, value: Floats) -> Floats:
    """What bincount, lexsort and reduceat make of points that count; NaN where there are too few."""
    n = np.bincount(row, minlength=ALERTS)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(row, value, ALERTS) / n
        away = value - mean[row]
        if function == "mean":
            return mean
        if function == "std":
            return np.where(n > 1, np.sqrt(np.bincount(row, away**2, ALERTS) / (n - 1)), np.nan)
        if function == "slope":
            time = mjd - (np.bincount(row, mjd - 60_000, ALERTS) / n)[row] - 60_000
            square = np.bincount(row, time**2, ALERTS)
            return np.where((n > 1) & (square > 1e-9), np.bincount(row, time * away, ALERTS) / square, np.nan)
    in_time = function in ("first", "last")
    ordered, first = value if in_time else value[np.lexsort((value, row))], np.cumsum(n) - n
    places = {"min": (first, first), "max": (first + n - 1,) * 2, "median": (first + (n - 1) // 2, first + n // 2)}
    places |= {"first": places["min"], "last": places["max"]}
    low, high = (
        np.append(ordered, np.nan)[np.minimum(np.where(n, p, len(value)), len(value))] for p in places[function]
    )
    return np.asarray((low + high) / 2)


@pytest.mark.parametrize("seed", range(12))
def test_one_number_of_each_alert_is_that_of_plain_numpy(seed: int) -> None:
    edges, row, mjd, value, counted = some_points(seed)
    for place, function in enumerate(FUNCTIONS):
        found = np.empty(ALERTS)
        compile_kernels()["segments"].reduce(edges, counted, (mjd, value), place, found)
        wanted = with_numpy(function, row[counted], mjd[counted], value[counted])
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9, err_msg=function)
    counts = np.empty(ALERTS, np.int64)
    compile_kernels()["segments"].count(edges, counted, counts)
    assert counts.tolist() == np.bincount(row[counted], minlength=ALERTS).tolist()


@pytest.mark.parametrize("seed", range(4))
def test_points_of_a_kind_are_those_of_a_mask(seed: int) -> None:
    edges, row, *_ = some_points(seed)
    kind = np.random.default_rng(seed).integers(-1, 3, len(row)).astype(np.int8)
    chosen = np.flatnonzero(np.arange(ALERTS) % 3 > 0)
    for wanted in range(3):
        index, of, new = np.empty(len(row), np.int64), np.empty(len(row), np.int64), np.empty(len(chosen) + 1, np.int64)
        runs = (edges[:-1][chosen], edges[1:][chosen])
        n = compile_kernels()["segments"].of_kind(runs, kind, wanted, (index, of, new))
        mask = (kind == wanted) & (row % 3 > 0)
        assert index[:n].tolist() == np.flatnonzero(mask).tolist()
        assert chosen[of[:n]].tolist() == row[mask].tolist()
        assert np.diff(new).tolist() == np.bincount(row[mask], minlength=ALERTS)[chosen].tolist()
        assert new[0] == 0


def test_equal_values_have_exactly_their_mean_and_no_scatter() -> None:
    edges, value = np.array([0, 3]), np.array([0.1, 0.1, 0.1])
    for function, wanted in {"mean": 0.1, "std": 0.0, "slope": 0.0, "median": 0.1}.items():
        found = np.empty(1)
        points = (np.array([60_000.1, 60_000.2, 60_000.7]), value)
        compile_kernels()["segments"].reduce(edges, np.ones(3, bool), points, FUNCTIONS.index(function), found)
        assert found[0] == wanted, function
