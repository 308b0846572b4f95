"""The store at rate: history join and commit of batches of 1,000 alerts, with much and little stored, and reads beside.

    python scripts/bench_store.py [--stored 10000 1000000] [--batches 40] [--old COMMIT]

A made-up survey: every object has a history of some twenty points, every packet repeats it and brings two new ones.
Two yardsticks of the same run: the statements of the commits replayed with ready-made rows by SQLite alone, on the same
file; and, with --old, the store of an earlier commit at the smallest size. Absolute figures belong to the machine.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from bench_world import ALERTS_PER_OBJECT, BATCH, NIGHT, World

from linnet.adapters.sqlite_store import SqliteStore
from linnet.core.unit import Unit


def load(world: World, path: Path, alerts: int) -> None:
    """Fill a store: through commits where little is wanted, else by packed rows in the order of the keys."""
    if alerts <= 20_000:
        with closing(SqliteStore.open(path, world.columns)) as store:
            for i, chosen in enumerate(world.batches("sky", alerts // BATCH)):
                store.commit(world.make(chosen, NIGHT + i * 10 // (alerts // BATCH)))
        return
    from bulk_store import bulk_load

    bulk_load(world, path, alerts)


@dataclass
class Spent:
    """Seconds of each batch: wall and CPU of the whole process."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def run(self, work: Callable[[], object]) -> None:
        """Do it and note what it took."""
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(time.process_time() - cpu)

    def figures(self) -> dict[str, float]:
        """CPU microseconds and wall of an alert, and quantiles (ms) of a batch."""
        wall = np.array(self.wall)
        return {
            "cpu_us": round(float(np.mean(self.cpu)) * 1e6 / BATCH, 1),
            "cpu_us_median": round(float(np.median(self.cpu)) * 1e6 / BATCH, 1),
            "per_s": round(BATCH / float(np.mean(wall))),
            "p50_ms": round(float(np.quantile(wall, 0.5)) * 1e3, 1),
            "p98_ms": round(float(np.quantile(wall, 0.98)) * 1e3, 1),
        }


def join_and_commit(world: World, path: Path, how: str, batches: int, night: int) -> dict[str, Any]:
    """History join and commit through the store's port.

    The objects of a batch are read once before, by another connection: so they are in the system's cache as they are in
    the yardstick, whose statements are noted just before.
    """
    joined, both = Spent(), Spent()
    with (
        closing(SqliteStore.open(path, world.columns)) as store,
        closing(SqliteStore.open(path, world.columns, read_only=True)) as other,
    ):
        for i, chosen in enumerate(world.batches(how, batches + 3)):
            unit, ids = world.make(chosen, night), world.object_ids(chosen)
            other.points("ztf", ids, night)
            took = [Spent(), Spent()] if i < 3 else [joined, both]  # the first ones fill caches

            def work(unit: Unit = unit, ids: pa.Array = ids, joined: Spent = took[0]) -> None:
                joined.run(lambda: store.points("ztf", ids, night))
                store.commit(unit)

            took[1].run(work)
    return {**both.figures(), "join_cpu_us": joined.figures()["cpu_us"]}


class Recording(sqlite3.Connection):
    """Notes every statement with its rows."""

    log: list[tuple[str, str, Any]] | None = None

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """As ever."""
        if Recording.log is not None:
            Recording.log.append(("execute", sql, parameters))
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        """As ever."""
        rows = list(parameters)
        if Recording.log is not None and rows:
            Recording.log.append(("executemany", sql, rows))
        return super().executemany(sql, rows)


class _RollBackError(Exception):
    pass


def replay(world: World, path: Path, how: str, batches: int, night: int) -> dict[str, Any]:
    """The same statements with ready-made rows, by SQLite alone on the same file.

    Each batch is committed through the store on a connection that notes the statements and rolls back at the end; then
    a connection of its own does what was noted, and commits. What join and commit both read is read once.
    """
    from linnet.adapters import sqlite_store as module

    spent = Spent()
    connect, passing = sqlite3.connect, module.passing
    sqlite3.connect = lambda *a, **k: connect(*a, **{**k, "factory": Recording})
    bare = connect(path, isolation_level=None)
    for pragma in ("synchronous = FULL", "cache_size = -262144", "temp_store = MEMORY", "wal_autocheckpoint = 4000"):
        bare.execute(f"PRAGMA {pragma}")

    def roll_back(_name: str) -> None:
        raise _RollBackError

    module.passing = roll_back
    try:
        with closing(SqliteStore.open(path, world.columns)) as store:
            for i, chosen in enumerate(world.batches(how, batches + 3)):
                unit = world.make(chosen, night)
                Recording.log = []
                with suppress(_RollBackError):
                    store.commit(unit)
                log, Recording.log = Recording.log[:-1], None
                (Spent() if i < 3 else spent).run(lambda log=log: bare_work(bare, log))
    finally:
        sqlite3.connect, module.passing = connect, passing
        bare.close()
    return spent.figures()


def bare_work(bare: sqlite3.Connection, log: list[tuple[str, str, Any]]) -> None:
    """Everything of a log in one transaction."""
    for method, sql, parameters in log:
        getattr(bare, method)(sql, parameters).fetchall()
    bare.execute("COMMIT")


def ingest(world: World, path: Path, night: int, done: Any) -> None:
    """About 1,000 alerts a second, until told otherwise."""
    with closing(SqliteStore.open(path, world.columns)) as store:
        for chosen in world.batches("sky", 10_000):
            started = time.monotonic()
            unit = world.make(chosen, night)
            store.points("ztf", world.object_ids(chosen), night)
            store.commit(unit)
            if done.wait(max(0.0, 1.0 - (time.monotonic() - started))):
                return


def reads(world: World, path: Path, night: int, seconds: float) -> dict[str, float]:
    """p95 (ms) of reads while another process ingests about 1,000 alerts a second."""
    took: dict[str, list[float]] = {"object": [], "cone5": [], "cone3600": [], "latest": []}
    forked = multiprocessing.get_context("fork")
    done = forked.Event()
    writer = forked.Process(target=ingest, args=(world, path, night, done))
    writer.start()
    with closing(SqliteStore.open(path, world.columns, read_only=True)) as store:
        rng, until = np.random.default_rng(5), time.monotonic() + seconds
        while time.monotonic() < until:
            i = int(rng.integers(world.objects))
            name, ra, dec = world.object_ids(np.array([i]))[0].as_py(), float(world.ra[i]), float(world.dec[i])
            looks: dict[str, Callable[[], object]] = {
                "object": lambda n=name: [f("ztf", n) for f in (store.object, store.light_curve, store.object_alerts)],
                "cone5": lambda a=ra, d=dec: store.cone(a, d, 5.0),
                "cone3600": lambda a=ra, d=dec: store.cone(a, d, 3600.0),
                "latest": lambda: store.latest("bright", 100),
            }
            for what, look in looks.items():
                started = time.perf_counter()
                look()
                took[what].append(time.perf_counter() - started)
    done.set()
    writer.join()
    return {f"{k}_p95_ms": round(float(np.quantile(v, 0.95)) * 1e3, 2) for k, v in took.items()}


def one_size(folder: Path, alerts: int, batches: int, history: int, parts: str) -> dict[str, Any]:
    """All figures at one size."""
    world, path = World(max(int(alerts / ALERTS_PER_OBJECT), BATCH), history=history), folder / f"store-{alerts}.db"
    started = time.monotonic()
    load(world, path, alerts)
    result: dict[str, Any] = {"stored": alerts, "objects": world.objects, "load_s": round(time.monotonic() - started)}
    result["bytes_per_alert"] = round(path.stat().st_size / alerts)
    for n, how in enumerate(("sky", "field")):
        result[how] = join_and_commit(world, path, how, batches, NIGHT + 20 + n)
    if parts == "all":
        for n, how in enumerate(("sky", "field")):
            result[f"bare {how}"] = replay(world, path, how, batches, NIGHT + 30 + n)
            result[how]["of_bare"] = round(result[how]["per_s"] / result[f"bare {how}"]["per_s"], 2)
            result[how]["of_bare_cpu"] = round(result[f"bare {how}"]["cpu_us"] / result[how]["cpu_us"], 2)
        result["reads"] = reads(world, path, NIGHT + 40, 15)
    path.unlink()
    return result


def old(commit: str, folder: Path, batches: int, history: int) -> None:
    """The smallest size with the store of an earlier commit."""
    source = folder / "old"
    source.mkdir()
    packed = subprocess.run(["git", "archive", commit, "src"], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(source)], input=packed, check=True)
    arguments = [sys.executable, __file__, "--stored", "10000", "--batches", str(batches), "--history", str(history)]
    subprocess.run([*arguments, "--parts", "commit"], check=True, env={**os.environ, "PYTHONPATH": str(source / "src")})


def main() -> None:
    """Measure and print one line of JSON per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stored", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--batches", type=int, default=40)
    parser.add_argument("--history", type=int, default=30)
    parser.add_argument("--parts", choices=("all", "commit"), default="all")
    parser.add_argument("--old", metavar="COMMIT")
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        if chosen.old:
            old(chosen.old, Path(name), chosen.batches, chosen.history)
        for alerts in chosen.stored:
            figures = one_size(Path(name), alerts, chosen.batches, chosen.history, chosen.parts)
            sys.stdout.write(json.dumps(figures) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
