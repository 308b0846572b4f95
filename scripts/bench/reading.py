"""Reads of the store while another process commits about a thousand alerts a second."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from bench.figures import Figure, percentile
from bench.units import FILTER, Model, Sky
from linnet.adapters.sqlite_store import SqliteStore
from linnet.app import wiring

READS = 200
"""Of each kind."""

LARGE = 10_000_000
"""Stored alerts at which the goals hold."""

_GOALS = {"object": 20.0, "cone_5as": 20.0, "cone_1deg": 200.0, "latest": 50.0}

_WHAT = {
    "object": "object, light curve and scores",
    "cone_5as": "cone of 5 arcsec",
    "cone_1deg": "cone of 1 degree",
    "latest": "latest 100 of a tag",
}


def reads(path: Path, made: Model, over: Sky, stored: int) -> list[Figure]:
    """p95 of each kind of read, in this process while another one commits a unit every second."""
    columns = wiring.stored_columns(wiring.plan())
    took: dict[str, list[float]] = {kind: [] for kind in _GOALS}
    with closing(SqliteStore.open(path, columns, read_only=True)) as store, _ingesting(path, len(over)):
        before, started = store.last_unit(), time.perf_counter()
        looks, chance = _looks(store, made, over), np.random.default_rng(2)
        for number in chance.integers(0, len(over), READS).tolist():
            for kind, look in looks.items():
                took[kind].append(_milliseconds(look, number))
        came = (store.last_unit() - before) * made.rows / (time.perf_counter() - started)
    note = f"{stored} stored, about {came:.0f} alerts a second coming in"
    prefix = {
        kind: f"P7_{kind}" if stored >= LARGE else f"read_{kind}_{stored:.0e}".replace("e+0", "e") for kind in took
    }
    return [
        Figure(
            prefix[kind],
            f"{_WHAT[kind]} while alerts come in, p95",
            percentile(times, 95),
            "ms",
            f"<= {_GOALS[kind]:g}",
            rounds=tuple(times),
            note=note,
        )
        for kind, times in took.items()
    ]


def _looks(store: SqliteStore, made: Model, over: Sky) -> dict[str, Callable[[int], object]]:
    """Kind of read -> how it is done about an object."""
    survey = made.unit.survey or ""

    def whole(number: int) -> None:
        (name,) = made.name_of(over.names[[number]])
        found = store.object(survey, name), store.light_curve(survey, name), store.object_alerts(survey, name)
        assert all(table.num_rows for table in found)  # noqa: S101  # an object that is not there is read quickly

    def cone(radius: float) -> Callable[[int], object]:
        return lambda number: store.cone(float(over.ra[number]), float(over.dec[number]), radius)

    return {
        "object": whole,
        "cone_5as": cone(5.0),
        "cone_1deg": cone(3600.0),
        "latest": lambda _number: store.latest(FILTER[0], 100),
    }


@contextmanager
def _ingesting(path: Path, objects: int) -> Iterator[None]:
    """Another process that commits to the store until the end."""
    line = [sys.executable, "-m", "bench.ingesting", str(path), str(objects)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018  # both are pipes
        process.stdout.readline()
        try:
            yield
        finally:
            process.stdin.close()


def _milliseconds(look: Callable[[int], object], number: int) -> float:
    started = time.perf_counter()
    look(number)
    return (time.perf_counter() - started) * 1000
