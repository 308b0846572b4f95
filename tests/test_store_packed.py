"""The packed store at its edges: many points, odd points, moved objects, joins that run ahead, growing logs."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Lock

import numpy as np
import pyarrow as pa
import pytest

from linnet.adapters import sqlite_store_growth as growth
from linnet.adapters import sqlite_store_merging as merging
from linnet.adapters import sqlite_store_packing as packing
from linnet.adapters.memory_store import MemoryStore
from linnet.adapters.sqlite_checkpoint import CHECKPOINT_EVERY, Checkpointer
from linnet.adapters.sqlite_store import SqliteStore
from linnet.adapters.sqlite_store_commit import COUNTS_TOGETHER
from linnet.adapters.sqlite_store_packing import WIDEST_BAND, Points, Runs
from linnet.core import dump
from linnet.core.sky import healpix29
from linnet.core.unit import COUNT, DEAD, POINT, Unit
from store_worlds import COLUMNS, NIGHTS, RUN, Alert, dead_letter, unit, world

LIVELY = 40
"""Alerts of each object and night."""


@pytest.fixture(params=[(2, 1), (growth.TAIL, merging.MANY)], ids=["short tails, machine code", "as it is"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteStore]:
    monkeypatch.setattr(growth, "TAIL", request.param[0])
    monkeypatch.setattr(merging, "MANY", request.param[1])
    opened = SqliteStore.open(tmp_path / "store.db", COLUMNS)
    yield opened
    opened.close()


def _lively(seed: int) -> list[list[Alert]]:
    """Commits of few objects with long histories: odd ids, odd bands, values that differ, points withdrawn."""
    rng = random.Random(seed)
    base = [a for a in world(seed, LIVELY) if a.survey == "ztf" and a.row["object_id"] is not None]
    alerts = []
    for a in base:
        brought = {n: a.points[0][n] for n in ("object_id", "known_night", "alert_mjd", "alert_id")} if a.points else {}
        keys = rng.sample(range(-150, 150), rng.choice([0, 3, 80])) if a.points else []
        alerts.append(replace(a, points=tuple({**_odd_point(rng, key), **brought} for key in keys)))
    commits = []
    for night in NIGHTS:
        tonight = [a for a in alerts if a.night == night]
        rng.shuffle(tonight)
        commits += [tonight[i : i + 5] for i in range(0, len(tonight), 5)]
    return commits


def _odd_point(rng: random.Random, key: int) -> dict[str, object]:
    return {
        "kind": abs(key) % 3,
        "key": key,
        "source_id": rng.choice([key, None, 2**62, -5]),
        "mjd": 59990.0 + key,
        "band": rng.choice(["g", None, "a name that only a damaged packet has"]),
        "flux": rng.choice([None, -0.0, 1e-40, float("inf")]),
        "flux_err": rng.choice([None, 2.5]),
        "public": rng.random() < 0.8,
    }


def _both(store: SqliteStore, commits: Sequence[Sequence[Alert]]) -> MemoryStore:
    oracle = MemoryStore(COLUMNS)
    for number, alerts in enumerate(commits, 1):
        each = unit(number, alerts)
        store.commit(each)
        oracle.commit(each)
    return oracle


def _rows(table: pa.Table) -> list[str]:
    return sorted(map(repr, table.to_pylist()))


def test_long_histories_with_odd_points_are_those_of_the_simple_store(store: SqliteStore) -> None:
    commits = _lively(3)
    oracle = _both(store, commits)
    assert dump.differences(store.dump(), oracle.dump()) == []
    objects = pa.array(sorted({str(a.row["object_id"]) for c in commits for a in c}))
    for night in (None, *NIGHTS):
        assert _rows(store.points("ztf", objects, night)) == _rows(oracle.points("ztf", objects, night))
    for public in (False, True):
        for name in objects.to_pylist():
            found, known = (s.light_curve("ztf", name, public=public) for s in (store, oracle))
            assert list(map(repr, found.to_pylist())) == list(map(repr, known.to_pylist()))


def test_joins_before_each_commit_and_ahead_of_it_change_nothing(store: SqliteStore) -> None:
    commits, oracle = _lively(4), MemoryStore(COLUMNS)
    for number, alerts in enumerate(commits, 1):
        each = unit(number, alerts)
        # The next batch is joined before this one is committed, as overlapping stages do; both have objects in common.
        for ahead in commits[number - 1 : number + 1]:
            objects = pa.array([a.row["object_id"] for a in ahead], pa.string())
            assert _rows(store.points("ztf", objects, each.night)) == _rows(oracle.points("ztf", objects, each.night))
        store.commit(each)
        oracle.commit(each)
    assert dump.differences(store.dump(), oracle.dump()) == []


def test_another_writer_of_the_file_is_noticed(store: SqliteStore, tmp_path: Path) -> None:
    commits, oracle = _lively(5)[:4], MemoryStore(COLUMNS)
    first, second, third = (unit(number, alerts) for number, alerts in enumerate(commits[:3], 1))
    objects = pa.array([a.row["object_id"] for a in commits[2]], pa.string())
    store.commit(first)
    store.points("ztf", objects)
    with closing(SqliteStore.open(tmp_path / "store.db", COLUMNS)) as other:
        other.commit(second)
    store.commit(third)
    for each in (first, second, third):
        oracle.commit(each)
    assert dump.differences(store.dump(), oracle.dump()) == []


def test_an_object_has_few_chunks_however_often_it_is_seen(store: SqliteStore, tmp_path: Path) -> None:
    one = [a for c in _lively(6) for a in c if a.row["object_id"] == "17"]
    point = _odd_point(random.Random(0), 0)
    alerts = []
    for i in range(120):
        known = {"object_id": "17", "known_night": NIGHTS[0], "alert_mjd": 60000.0 + i, "alert_id": i}
        row = {**one[0].row, "alert_id": i, "mjd": 60000.0 + i, "night": NIGHTS[0], "known_night": NIGHTS[0]}
        alerts.append(Alert("ztf", i, NIGHTS[0], row, ({**point, "key": i, "kind": 0, **known},), ()))
    _both(store, [[a] for a in alerts])
    with closing(sqlite3.connect(tmp_path / "store.db")) as file:
        (count,) = file.execute('SELECT count(*) FROM "chunk:ztf"').fetchone()
        assert 1 <= count <= 4
    assert store.light_curve("ztf", "17").num_rows == 120
    assert store.object_alerts("ztf", "17").column("alert_id").to_pylist() == list(range(120))


def test_identities_that_share_their_bits_are_told_apart(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "_PRIME", np.uint64(0))
    monkeypatch.setattr(merging, "MANY", 10**9)
    assert dump.differences(store.dump(), _both(store, []).dump()) == []
    oracle = _both(store, _lively(7)[:12])
    assert dump.differences(store.dump(), oracle.dump()) == []


def test_a_code_of_a_band_that_does_not_fit_in_a_slot_is_kept(store: SqliteStore, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "store.db")) as file, file:
        file.executemany("INSERT INTO band VALUES (?, ?)", ((i, f"odd {i}") for i in range(WIDEST_BAND + 2)))
    oracle = _both(store, _lively(8)[:6])
    assert dump.differences(store.dump(), oracle.dump()) == []


def test_an_object_whose_first_alert_comes_late_and_elsewhere_is_found_where_it_is_now(store: SqliteStore) -> None:
    row = next(a for c in _lively(9) for a in c).row
    places = [(10.0, 20.0, 60000.3), (200.0, -30.0, 60000.2), (200.0, -30.0, 60000.25)]
    alerts = []
    for i, (ra, dec, mjd) in enumerate(places):
        cell = int(healpix29(ra, dec)[0])
        moved = {**row, "alert_id": i, "ra": ra, "dec": dec, "healpix": cell, "mjd": mjd, "is_public": i != 1}
        alerts.append([Alert("ztf", i, NIGHTS[0], {**moved, "night": NIGHTS[0], "known_night": NIGHTS[0]}, (), ())])
    _both(store, alerts)
    assert store.cone(10.0, 20.0, 5.0).num_rows == 0
    assert store.cone(200.0, -30.0, 5.0).column("first_alert_id").to_pylist() == [1]
    assert store.cone(200.0, -30.0, 5.0, public=True).column("first_alert_id").to_pylist() == [2]


def test_objects_in_one_cell_and_without_a_place_are_all_found(store: SqliteStore) -> None:
    row = next(a for c in _lively(9) for a in c).row
    alerts = []
    for i in range(5000):
        known = {"night": NIGHTS[0], "known_night": NIGHTS[0], "object_id": f"o{i}", "healpix": -1 if i == 7 else 5}
        alerts.append(Alert("ztf", i, NIGHTS[0], {**row, "alert_id": i, "ra": 45.0, "dec": 0.0, **known}, (), ()))
    cell = int(healpix29(45.0, 0.0)[0])
    alerts = [replace(a, row={**a.row, "healpix": cell if a.row["healpix"] == 5 else -1}) for a in alerts]
    _both(store, [alerts])
    assert store.cone(45.0, 0.0, 1.0, limit=9999).num_rows == 4999
    assert store.object_count() == 5000
    assert store.object("ztf", "o7").num_rows == 1


def test_stage_counts_of_many_units_are_kept_as_few_tables_and_sum_as_ever(store: SqliteStore, tmp_path: Path) -> None:
    row = {"topic": "t", "partition": 0, "survey": None, "night": None, "visit": 3, "stage": "decode", "outcome": "in"}
    for number in range(1, 2 * COUNTS_TOGETHER + 6):
        counts = pa.Table.from_pylist([{**row, "n": number}, {**row, "outcome": "out", "n": 1}], schema=COUNT)
        store.commit(Unit(number, RUN, counts=counts))
    n = 2 * COUNTS_TOGETHER + 5
    assert {r["outcome"]: r["n"] for r in store.counts().to_pylist()} == {"in": n * (n + 1) // 2, "out": n}
    with closing(sqlite3.connect(tmp_path / "store.db")) as file:
        assert file.execute("SELECT count(*) FROM stage_count").fetchone() == (2 + 5,)


def test_the_log_is_copied_beside_the_commits_and_begun_anew(store: SqliteStore, tmp_path: Path) -> None:
    file, log, size = tmp_path / "store.db", tmp_path / "store.db-wal", 4096 * CHECKPOINT_EVERY

    def write(first: int) -> None:
        for number in range(first, first + 10):
            letter = dead_letter(number, value=bytes(size // 8))
            store.commit(Unit(number, RUN, dead=pa.Table.from_pylist([letter], schema=DEAD)))

    write(1)
    until = time.monotonic() + 60
    while file.stat().st_size < size and time.monotonic() < until:
        time.sleep(0.01)
    assert file.stat().st_size >= size
    before = log.stat().st_size
    write(11)
    assert log.stat().st_size < 1.5 * before
    assert store.dead_counts() == {"BAD_DATUM": 20}


def test_a_checkpoint_that_fails_stops_nobody(tmp_path: Path) -> None:
    checkpoints = Checkpointer(tmp_path / "no folder" / "store.db", Lock())
    for _ in range(3):
        checkpoints.wrote(CHECKPOINT_EVERY)
        time.sleep(0.02)
    checkpoints.close()
    checkpoints.close()


def test_a_point_schema_of_plain_strings_is_taken_too(store: SqliteStore) -> None:
    each = unit(1, _lively(3)[0])
    plain = each.points.set_column(POINT.get_field_index("band"), "band", each.points.column("band").cast(pa.string()))
    store.commit(replace(each, points=plain))
    oracle = MemoryStore(COLUMNS)
    oracle.commit(each)
    assert dump.differences(store.dump(), oracle.dump()) == []


@pytest.mark.parametrize("keys", [1, 7, 10**9])
def test_many_points_have_the_winners_that_few_have(keys: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(keys)
    for n, objects in ((1, 1), (40, 3), (3000, 1), (5000, 900)):
        entry = np.zeros(n // 3 + 1, packing.RUN)
        for name, values in (("alert_id", 50), ("alert_mjd", 5), ("known_night", 3)):
            entry[name] = rng.integers(0, values, len(entry))
        slots = np.zeros(n, packing.SLOT)
        slots["key"], slots["kind"] = rng.integers(-keys, keys, n) * 2**32, rng.integers(0, 3, n)
        owner, run = rng.integers(0, objects, n), rng.integers(0, len(entry), n)
        points = Points(owner, run, slots, slots["key"], run, Runs(np.zeros(len(entry), np.int64), entry))
        found = []
        for many in (1, 10**9):
            monkeypatch.setattr(merging, "MANY", many)
            found.append(merging.winners(points))
        assert set(found[0].tolist()) == set(found[1].tolist())
        assert (np.diff(owner[found[0]]) >= 0).all()
