"""The store in the hands of several threads: one commits, others join ahead of it, one delivers, readers hold on."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import groupby
from pathlib import Path
from threading import Event

import pyarrow as pa
import pytest

from linnet.adapters.memory_store import MemoryStore
from linnet.adapters.sqlite_checkpoint import CHECKPOINT_EVERY
from linnet.adapters.sqlite_store import _LARGEST_LOG, SqliteStore
from linnet.adapters.sqlite_store_objects import Held
from linnet.adapters.sqlite_store_recent import Recent
from linnet.core import dump
from linnet.core.unit import DEAD, Unit
from store_worlds import COLUMNS, RUN, dead_letter, units, world

ORDER = units(world(21, per_night=120), 22, largest=9)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore.open(tmp_path / "store.db", COLUMNS)
    yield opened
    opened.close()


@pytest.fixture
def switching() -> Iterator[None]:
    """Threads take turns a hundred times as often as usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(5e-5)
    yield
    sys.setswitchinterval(usual)


@pytest.fixture
def oracle() -> MemoryStore:
    kept = MemoryStore(COLUMNS)
    for each in ORDER:
        kept.commit(each)
    return kept


def _rows(table: pa.Table) -> list[str]:
    return sorted(map(repr, table.to_pylist()))


def _objects(unit: Unit) -> pa.Array:
    assert unit.alerts is not None
    return unit.alerts.column("object_id").combine_chunks().cast(pa.string())


def _join(store: SqliteStore, unit: Unit) -> pa.Table:
    return store.points(str(unit.survey), _objects(unit), unit.night)


def _deliver(store: SqliteStore, ended: Event) -> list[tuple[int, str, int, str]]:
    """Follow the tag log; every tag's alert must be there with its row."""
    found: list[tuple[int, str, int, str]] = []
    while True:
        last_look = ended.is_set()
        tags = store.tags_after(found[-1][0] if found else 0, 5)
        for row in tags.to_pylist():
            (alert,) = store.alerts(row["survey"], pa.array([row["alert_id"]])).to_pylist()
            found.append((row["seq"], row["survey"], row["alert_id"], repr(sorted(alert.items()))))
        if last_look and not tags.num_rows:
            return found


@pytest.mark.usefixtures("switching")
def test_joins_ahead_and_delivery_beside_the_commits_see_what_they_must(
    store: SqliteStore, oracle: MemoryStore
) -> None:
    """A join sees nothing of its own night, so whatever is committed meanwhile, its result is known beforehand."""
    ended = Event()
    joins: list[tuple[Unit, Future[pa.Table]]] = []
    with ThreadPoolExecutor(4) as pool:
        delivery = pool.submit(_deliver, store, ended)
        for _, night in groupby(ORDER, key=lambda each: each.night):
            tonight = list(night)
            for each, following in zip(tonight, [*tonight[1:], None], strict=True):
                # This one's objects as well: what a join keeps for a commit must never be older than the commit before.
                joins += [(u, pool.submit(_join, store, u)) for u in (each, following) if u is not None and u.alerts]
                store.commit(each)
            for _, join in joins:
                join.result()
        ended.set()
    assert len(joins) > len(ORDER)
    for unit, join in joins:
        assert _rows(join.result()) == _rows(oracle.points(str(unit.survey), _objects(unit), unit.night))
    assert dump.differences(store.dump(), oracle.dump()) == []
    known = oracle.tags_after(0, 100_000).to_pylist()
    assert [each[:3] for each in delivery.result()] == [(t["seq"], t["survey"], t["alert_id"]) for t in known]
    for _, survey, alert_id, row in delivery.result():
        (stored,) = oracle.alerts(survey, pa.array([alert_id])).to_pylist()
        assert row == repr(sorted(stored.items()))


def test_a_join_that_a_commit_overtakes_is_of_no_use_to_the_next_commit(
    store: SqliteStore, oracle: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = Recent.keep
    for before, each in zip([None, *ORDER[:-1]], ORDER, strict=True):

        def overtaken(recent: Recent, survey: str, found: Held, generation: int, late: Unit | None = before) -> None:
            if late is not None:
                store.commit(late)
            keep(recent, survey, found, generation)

        monkeypatch.setattr(Recent, "keep", overtaken)
        if each.alerts:
            _join(store, each)
        if before is not None:
            store.commit(before)  # a repetition, but for the first of a survey, of which a join finds nothing to keep
    store.commit(ORDER[-1])
    assert dump.differences(store.dump(), oracle.dump()) == []


def test_a_log_that_a_reader_holds_is_copied_and_cut_once_it_lets_go(store: SqliteStore, tmp_path: Path) -> None:
    file, log = tmp_path / "store.db", tmp_path / "store.db-wal"
    number = 0

    def write(size: int) -> None:
        nonlocal number
        stop = number + size // 1_000_000
        while number < stop:
            number += 1
            letter = dead_letter(number, value=bytes(1_000_000))
            store.commit(Unit(number, RUN, dead=pa.Table.from_pylist([letter], schema=DEAD)))

    write(1_000_000)
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        (seen,) = reader.execute("SELECT count(*) FROM dead").fetchone()
        write(_LARGEST_LOG + 20_000_000)
        assert reader.execute("SELECT count(*) FROM dead").fetchone() == (seen,)
        assert log.stat().st_size > _LARGEST_LOG
    until = time.monotonic() + 60
    while log.stat().st_size > _LARGEST_LOG and time.monotonic() < until:
        write(4096 * CHECKPOINT_EVERY)
        time.sleep(0.05)
    assert log.stat().st_size <= _LARGEST_LOG
    assert file.stat().st_size > _LARGEST_LOG
    assert store.dead_counts() == {"BAD_DATUM": number}
