"""The store: history join and commit at several numbers of stored alerts, and how it grows."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.bare_sqlite import BareSqlite
from bench.cache import CACHE
from bench.figures import Figure, percentile
from bench.preloaded import preloaded
from bench.reading import LARGE, reads
from bench.scale import Scale
from bench.units import ROWS, Ints, Model, Sky, model
from linnet.adapters.sqlite_store import SqliteStore
from linnet.app import wiring
from linnet.core.answers import stored_columns
from linnet.core.unit import Unit

KIND = "ztf"
ALERTS_PER_OBJECT = 10 / 3
"""Of what is stored."""

FIELD = 3 * ROWS
"""Neighbours on the sky among which the objects of a field's unit are."""

UNITS, WARM = 10, 2
"""Units of one round, and those before it that fill caches."""

LASTING = 1_000_000
"""Stored alerts that some rounds do not change much."""

FIRST_TURN = 100
"""More than what is stored had."""

BARE = "the same statements in SQLite alone"


@dataclass
class Spent:
    """What rounds took.

    Attributes:
        cpu: of each round microseconds of an alert, everything in the process and the checkpoint included.
        wall: of each unit milliseconds.
    """

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def round(
        self, units: Iterable[Unit], ready: Callable[[Unit], Callable[[], object]], last: Callable[[], object]
    ) -> None:
        """Get each unit ready, unmeasured, and do what that gives; then the last thing."""
        units, used, unmeasured = list(units), time.process_time(), 0.0
        for unit in units:
            ours = time.thread_time()
            work = ready(unit)
            unmeasured += time.thread_time() - ours
            started = time.perf_counter()
            work()
            self.wall.append((time.perf_counter() - started) * 1000)
        last()
        self.cpu.append((time.process_time() - used - unmeasured) * 1e6 / (len(units) * ROWS))


@dataclass
class Arrivals:
    """Units that arrive at a store, each about other objects: anywhere on the sky, or of one field."""

    made: Model
    over: Sky
    chance: np.random.Generator
    turn: int = FIRST_TURN

    def units(self, how: str, first: int, many: int) -> Iterator[Unit]:
        """So many units, numbered from the first."""
        for number in range(first, first + many):
            self.turn += 1
            yield self.made.about(self.over, self._objects(how), self.turn, number)

    def _objects(self, how: str) -> Ints:
        n = len(self.over)
        if how == "sky":
            return np.sort(self.chance.choice(n, self.made.rows, replace=False))
        width = min(FIELD, n)
        start = self.chance.integers(0, n - width + 1)
        return np.asarray(start + np.sort(self.chance.choice(width, self.made.rows, replace=False)), dtype=np.int64)


def figures(scale: Scale) -> list[Figure]:
    """Rates beside SQLite alone on the same rows, tails, growth, and reads while alerts come in."""
    made = model(KIND)
    found = [figure for stored in scale.stored for figure in _at(made, stored, scale.rounds)]
    if len(scale.stored) > 1:
        found.append(growth(found, min(scale.stored), max(scale.stored)))
    return found


def name_of(stored: int) -> str:
    """Such as 1e4."""
    return f"{stored:.0e}".replace("e+0", "e")


def _at(made: Model, stored: int, rounds: int) -> list[Figure]:
    over = Sky(int(stored / ALERTS_PER_OBJECT))
    kept = preloaded(KIND, stored, len(over))
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        path = Path(folder) / "store.db"
        _copy(kept, path)
        arrivals = Arrivals(made, over, np.random.default_rng(1))
        found = [f for how in ("sky", "field") for f in _commits((kept, path), arrivals, how, (stored, rounds))]
        return [*found, *reads(path, arrivals.made, over, stored)]


def _copy(kept: Path, path: Path) -> None:
    shutil.copyfile(kept, path)
    os.sync()  # what waits to be written would hold up the first commits


def _commits(files: tuple[Path, Path], arrivals: Arrivals, how: str, size: tuple[int, int]) -> list[Figure]:
    """Rounds of units through the store and of others through SQLite alone, in turn, on the same file.

    A small store would soon be a larger one, so each of these turns has a fresh copy of it.
    """
    stored, rounds = size
    ours, base = Spent(), Spent()
    small = [[ours], [base]] * rounds
    for turns in small if stored < LASTING else [[ours, base] * rounds]:
        if stored < LASTING:
            _copy(*files)
        _turns(files[1], arrivals, how, [(spent, spent is ours) for spent in turns])
    return _figures(ours, base, how, stored)


def _turns(path: Path, arrivals: Arrivals, how: str, turns: list[tuple[Spent, bool]]) -> None:
    """Units on one file, in each turn through the store or not."""
    columns = wiring.stored_columns(wiring.plan())
    with closing(BareSqlite(path, stored_columns(columns))) as bare, closing(SqliteStore.open(path, columns)) as store:

        def through_store(unit: Unit) -> Callable[[], object]:
            bare.statements(unit)  # pages are in the system's cache as they are in the yardstick's turn
            return lambda: join_and_commit(store, unit)

        def alone(unit: Unit) -> Callable[[], object]:
            statements = bare.statements(unit)
            return lambda: bare.commit(statements)

        for spent, through in turns:
            ready = through_store if through else alone
            units = list(arrivals.units(how, store.last_unit() + 1, WARM + UNITS))
            for unit in units[:WARM]:
                ready(unit)()
            bare.checkpoint()
            spent.round(units[WARM:], ready, bare.checkpoint)


def _figures(ours: Spent, base: Spent, how: str, stored: int) -> list[Figure]:
    name, suffix = name_of(stored), "" if how == "sky" else "_field"
    where = "objects anywhere on the sky" if how == "sky" else "objects of one field"
    note = f"units of {ROWS} alerts of {where}, {stored} stored; CPU, checkpoints included"
    shares = [b / c for b, c in zip(base.cpu, ours.cpu, strict=True)]
    what = f"commit and join at {stored} stored ({how}), over SQLite alone"
    share = Figure(
        f"store_{name}{suffix}",
        what,
        float(np.median(shares)),
        "x bare SQLite",
        ">= 0.7" if stored >= LARGE else None,
        rounds=tuple(shares),
        note=note,
    )
    return [
        share.beside(float(np.median(ours.cpu)), BARE, float(np.median(base.cpu))),
        Figure(
            f"store_{name}{suffix}_p98",
            f"one unit at {stored} stored ({how}), p98",
            percentile(ours.wall, 98),
            "ms",
            "<= 400" if stored >= LARGE else None,
            rounds=tuple(ours.wall),
            note=note,
        ),
    ]


def join_and_commit(store: SqliteStore, unit: Unit) -> None:
    """What a corridor asks of the store for one unit."""
    assert unit.alerts is not None  # noqa: S101  # a unit of alerts
    survey = unit.survey or ""
    store.hashes(survey, unit.alerts.column("alert_id").combine_chunks())
    store.points(survey, unit.alerts.column("object_id").combine_chunks(), before=unit.night)
    store.commit(unit)


def growth(found: list[Figure], least: int, most: int) -> Figure:
    """How much more an alert costs where the most is stored, out of the figures of all sizes."""
    by_id = {figure.id: figure for figure in found}
    small, large = (by_id[f"store_{name_of(stored)}"].cpu_us or 0.0 for stored in (least, most))
    field_small, field_large = (by_id[f"store_{name_of(stored)}_field"].cpu_us or 0.0 for stored in (least, most))
    note = f"{small:.0f} and {large:.0f} us; objects of one field: {field_small:.0f} and {field_large:.0f} us"
    what = f"CPU per alert of join and commit at {most} stored, over that at {least}"
    return Figure("P8_store", what, large / small, "times", "<= 2.5", note=note)
