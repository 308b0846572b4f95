"""The store: commit with join, and reads, at several numbers of stored alerts."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.bare_sqlite import BareSqlite
from bench.figures import Figure, percentile
from bench.preloaded import preloaded
from bench.scale import Scale
from bench.units import FILTER, Model, model
from linnet.adapters.sqlite_store import SqliteStore
from linnet.app import wiring
from linnet.core.unit import Unit

KIND = "ztf"
UNITS, WARM = 12, 2
READS = 100


def figures(scale: Scale) -> list[Figure]:
    """Rates beside a bare SQLite replay of the same rows, tails, and reads."""
    made = model(KIND)
    return [figure for stored in scale.stored for figure in _at(made, stored)]


def _at(made: Model, stored: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        shutil.copyfile(preloaded(KIND, stored), path)
        store = SqliteStore.open(path, wiring.stored_columns(wiring.plan()))
        try:
            return [*_commits(store, made, stored, Path(folder)), *_reads(store, made, stored)]
        finally:
            store.close()


def _commits(store: SqliteStore, made: Model, stored: int, folder: Path) -> list[Figure]:
    """Units of objects drawn at random among those stored, each seen for another time."""
    chance, bare = np.random.default_rng(1), BareSqlite(folder / "bare.db")
    for start in range(0, stored, made.rows):
        bare.commit(*bare.rows(made.about(np.arange(start, min(stored, start + made.rows)), 1)))
    cpu: list[float] = []
    wall: list[float] = []
    base: list[float] = []
    for turn in range(1, UNITS + WARM + 1):
        objects = np.sort(chance.choice(stored, made.rows, replace=False))
        unit = made.about(objects, store.last_unit() + 1, turn)
        started, used = time.perf_counter(), time.process_time()
        _join_and_commit(store, unit)
        cpu.append((time.process_time() - used) * 1e6 / made.rows)
        wall.append((time.perf_counter() - started) * 1000)
        alerts, rows = bare.rows(unit)
        used = time.process_time()
        bare.commit(alerts, rows)
        base.append((time.process_time() - used) * 1e6 / made.rows)
    bare.close()
    cpu, wall, base = cpu[WARM:], wall[WARM:], base[WARM:]
    name, note = f"{stored:.0e}".replace("e+0", "e"), f"{made.rows} alerts of objects at random, {stored} stored"
    shares = [b / c for b, c in zip(base, cpu, strict=True)]
    what = f"commit and join at {stored} stored, over bare SQLite"
    rate = Figure(
        f"store_{name}", what, float(np.median(shares)), "x bare SQLite", ">= 0.7", rounds=tuple(shares), note=note
    )
    slowest = percentile(wall, 98)
    tail = f"one unit at {stored} stored, p98"
    return [
        rate.beside(float(np.median(cpu)), "bare SQLite", float(np.median(base))),
        Figure(f"store_{name}_p98", tail, slowest, "ms", "<= 400", rounds=tuple(wall), note=note),
    ]


def _join_and_commit(store: SqliteStore, unit: Unit) -> None:
    assert unit.alerts is not None  # noqa: S101  # a unit of alerts
    survey = unit.survey or ""
    store.hashes(survey, unit.alerts.column("alert_id").combine_chunks())
    store.points(survey, unit.alerts.column("object_id").combine_chunks(), before=unit.night)
    store.commit(unit)


def _reads(store: SqliteStore, made: Model, stored: int) -> list[Figure]:
    chance = np.random.default_rng(2)
    objects = chance.integers(0, stored, READS)
    names = made.name_of(objects)
    survey = made.unit.survey or ""
    places = [store.object(survey, n).select(["ra", "dec"]).to_pylist()[0] for n in names]

    def whole(i: int) -> None:
        store.object(survey, names[i])
        store.light_curve(survey, names[i])
        store.object_alerts(survey, names[i])

    def cone(radius: float) -> Callable[[int], object]:
        return lambda i: store.cone(places[i]["ra"], places[i]["dec"], radius)

    reads: dict[str, tuple[str, Callable[[int], object], float]] = {
        "object": ("object, light curve and scores", whole, 20.0),
        "cone_5as": ("cone of 5 arcsec", cone(5.0), 20.0),
        "cone_1deg": ("cone of 1 degree", cone(3600.0), 200.0),
        "latest": ("latest 100 of a tag", lambda _i: store.latest(FILTER[0], 100), 50.0),
    }
    suffix = f"{stored:.0e}".replace("e+0", "e")
    return [
        Figure(
            f"read_{key}_{suffix}",
            f"{what}, {stored} stored, nothing written meanwhile, p95",
            percentile(times, 95),
            "ms",
            f"<= {goal:g}",
            rounds=tuple(times),
        )
        for key, (what, read, goal) in reads.items()
        if (times := [_milliseconds(read, i) for i in range(READS)])
    ]


def _milliseconds(read: Callable[[int], object], number: int) -> float:
    started = time.perf_counter()
    read(number)
    return (time.perf_counter() - started) * 1000
