"""The kernel that chooses points against sorts of numpy, on long histories in every kind of disorder."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from linnet.core.chosen_points import QUANTITIES, choose, columns_of
from linnet.core.flat_points import IN_PACKET, NO_ID, OWN, STORED, TIME_TOLERANCE, Flat, Ints

ROWS = 7


def some_points(seed: int) -> Flat:
    """Hundreds of points of a few alerts: runs that ascend and descend, repeats, odd times, odd values."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, 900))
    mjd = 60000.0 + rng.integers(0, 40, n) / 8.0
    order = rng.integers(0, 4)
    mjd = np.sort(mjd) if order == 0 else np.sort(mjd)[::-1] if order == 1 else mjd
    odd = rng.random(n) < 0.05
    mjd[odd] = rng.choice(np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, -5.0]), odd.sum())
    large = np.array([1.0, -1e300, 1e39, np.nan, np.inf, -0.0])
    return Flat(
        row=np.sort(rng.integers(0, ROWS, n)) if order == 2 else rng.integers(0, ROWS, n),
        mjd=mjd,
        band=rng.integers(-1, 3, n),
        flux=rng.choice(large, n),
        flux_err=rng.choice(large, n),
        kind=np.sort(rng.integers(0, 3, n)) if order < 2 else rng.choice(np.array([-1, 0, 1, 2, 3, 100]), n),
        source_id=rng.choice(np.array([NO_ID, NO_ID + 1, -1, 2**60 + 1]), n),
        key=rng.choice(np.array([-(2**63), -1, 0, 1, 2**63 - 1]), n) if seed % 3 == 0 else rng.integers(0, 400, n),
        public=rng.random(n) < 0.7,
        withdrawn=rng.random(n) < (0.0 if seed % 2 else 0.1),
        rank=rng.choice(np.array([OWN, STORED, IN_PACKET, IN_PACKET, IN_PACKET]), n),
        bands=("g", "r", "fid7"),
    )


def unique(points: Flat, chosen: Ints) -> Ints:
    """Of these points one per (row, kind, key), that of the smallest rank, then the first, in order of time."""
    columns = {f.name: getattr(points, f.name)[chosen] for f in fields(Flat) if f.name != "bands"}
    order = np.lexsort((columns["rank"], columns["key"], columns["kind"], columns["row"]))
    identity = np.stack([columns[name][order] for name in ("row", "kind", "key")])
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(identity.astype(object)) != 0).any(axis=0)
    kept = order[first]
    names = ("key", "kind", "mjd", "row")
    return chosen[kept[np.lexsort([columns[name][kept] for name in names])]]


def edges(points: Flat, chosen: Ints) -> list[int]:
    """Where the points of each row begin."""
    return [int(np.searchsorted(points.row[chosen], row)) for row in range(ROWS + 1)]


@pytest.mark.parametrize("seed", range(60))
def test_the_kernel_chooses_what_sorts_of_numpy_choose(seed: int) -> None:
    points = some_points(seed)
    alert_mjd = np.array([60002.0, 60004.5, 60001.0 - 5e-7, np.nan, 60010.0, 59000.0, np.inf])
    found = choose(points, alert_mjd)
    own = points.rank == OWN
    latest = alert_mjd[points.row] + TIME_TOLERANCE
    usable = np.isfinite(points.mjd) & np.isfinite(latest)
    future = usable & ~own & (points.mjd > latest)
    back = unique(points, np.flatnonzero(points.withdrawn & ~own))
    gone = {(points.row[i], points.kind[i], points.key[i]) for i in back}
    taken = np.array([(r, k, i) in gone for r, k, i in zip(points.row, points.kind, points.key, strict=True)], bool)
    kept = unique(points, np.flatnonzero(usable & ~future & ~(taken & ~own)))
    assert found.points.tolist() == kept.tolist()
    assert found.edges.tolist() == edges(points, kept)
    assert found.withdrawn.tolist() == back.tolist()
    assert found.withdrawn_edges.tolist() == edges(points, back)
    assert found.n_future.tolist() == np.bincount(points.row[future], minlength=ROWS).tolist()


@pytest.mark.parametrize("seed", range(10))
def test_columns_hold_the_chosen_points(seed: int) -> None:
    points = some_points(seed)
    chosen = np.random.default_rng(seed).permutation(len(points))[: len(points) // 2 + seed]
    columns = columns_of(points, chosen, np.array([0, len(chosen)]), "lc")
    assert list(columns) == [f"lc_{name}" for name in QUANTITIES]
    with np.errstate(over="ignore"):
        narrow = {name: getattr(points, name)[chosen].astype(np.float32) for name in ("flux", "flux_err")}
    expected = {name: getattr(points, name)[chosen].tolist() for name in ("mjd", "kind", "key", "public")}
    expected |= {name: [float(v) if np.isfinite(v) else None for v in values] for name, values in narrow.items()}
    expected["band"] = [None if code < 0 else points.bands[code] for code in points.band[chosen]]
    expected["source_id"] = [None if i == NO_ID else int(i) for i in points.source_id[chosen]]
    for name, column in columns.items():
        column.validate(full=True)
        (values,) = column.to_pylist()
        assert str(values) == str(expected[name.removeprefix("lc_")]), name  # NaN and -0.0 are told apart
