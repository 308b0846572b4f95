"""The embedded store as a file: other processes, threads, kills, full disks, and columns that come later."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import numpy as np
import pyarrow as pa
import pytest

from linnet.adapters import sqlite_store_growth
from linnet.adapters.memory_store import MemoryStore
from linnet.adapters.sqlite_file import open_writer
from linnet.adapters.sqlite_store import SqliteStore
from linnet.adapters.sqlite_store_commit import write_unit
from linnet.adapters.sqlite_store_layout import STORE, add_columns
from linnet.core import dump
from linnet.core.answers import stored_columns
from linnet.core.column import Column, integer, real
from linnet.core.unit import Unit
from linnet.core.vocabulary import HISTORY
from linnet.errors import HomeError, StorageError
from store_worlds import COLUMNS, units, world

ORDER = units(world(2), 3)

ANOTHER_PROCESS = """
import os, resource, signal, sys
from pathlib import Path
sys.path.insert(0, os.environ["TESTS"])
from linnet.adapters.sqlite_store import SqliteStore
from linnet.core import dump, failpoints
from linnet.errors import StorageError
from store_worlds import COLUMNS, units, world

path, order = Path(sys.argv[1]), units(world(2), 3)
"""

COMMIT_UNTIL_KILLED = """
store = SqliteStore.open(path, COLUMNS)
for each in order[:4]:
    store.commit(each)
failpoints.arm(sys.argv[2])
store.commit(order[4])
print("survived")
"""

COMMIT_ON_A_FULL_DISK = """
store = SqliteStore.open(path, COLUMNS)
for each in order[:4]:
    store.commit(each)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
before, room = dump.digest(store.dump()), (path.parent / "store.db-wal").stat().st_size + 20_000
resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
try:
    for each in order[4:]:
        store.commit(each)
except StorageError as error:
    print(error)
failed = store.last_unit() + 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for each in order[failed - 1:]:
    store.commit(each)
print(failed, dump.digest(store.dump()))
"""

READ_AS_NOBODY = """
if os.geteuid() == 0:
    os.setuid(65534)
store = SqliteStore.open(path, COLUMNS, read_only=True)
print(store.last_unit(), flush=True)
sys.stdin.readline()
print(store.last_unit(), flush=True)
"""


def _start(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", ANOTHER_PROCESS + script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "TESTS": str(Path(__file__).parent)},
        text=True,
    )


def _ids(unit: Unit) -> pa.Array:
    assert unit.alerts is not None
    return unit.alerts.column("alert_id").combine_chunks()


def _oracle(order: list[Unit]) -> str:
    store = MemoryStore(COLUMNS)
    for each in order:
        store.commit(each)
    return dump.digest(store.dump())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore.open(tmp_path / "store.db", COLUMNS)
    yield opened
    opened.close()


@pytest.mark.parametrize("failpoint", ["06", "15"])
def test_a_kill_within_a_commit_leaves_all_before_it_and_nothing_of_it(tmp_path: Path, failpoint: str) -> None:
    path = tmp_path / "store.db"
    writer = _start(COMMIT_UNTIL_KILLED, path, failpoint)
    assert writer.communicate()[0] == ""
    assert writer.returncode == -9
    with closing(SqliteStore.open(path, COLUMNS, read_only=True)) as reader:
        assert dump.digest(reader.dump()) == _oracle(ORDER[:4])
        assert reader.dead().num_rows == 4
    with closing(SqliteStore.open(path, COLUMNS)) as again:
        for each in ORDER:
            again.commit(each)
        assert dump.digest(again.dump()) == _oracle(ORDER)


def test_a_full_disk_is_one_line_and_the_commit_goes_through_once_there_is_room(tmp_path: Path) -> None:
    said = _start(COMMIT_ON_A_FULL_DISK, tmp_path / "store.db").communicate()[0].splitlines()
    assert "nothing of this was kept" in said[0]
    failed, digest = said[1].split()
    assert 4 < int(failed) < len(ORDER)
    assert digest == _oracle(ORDER)


def test_a_store_that_another_process_holds_is_one_line_and_then_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(SqliteStore.open(path, COLUMNS, busy_seconds=0.05)) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageError, match=r"store .*: another process holds it"):
                store.commit(ORDER[0])
            assert store.last_unit() == 0
        store.commit(ORDER[0])
        assert store.last_unit() == 1


def test_readers_see_every_commit_while_the_writer_writes_and_after_it_closed(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    writer = SqliteStore.open(path, COLUMNS)
    with closing(SqliteStore.open(path, COLUMNS, read_only=True)) as reader:
        for each in ORDER:
            writer.commit(each)
            assert reader.last_unit() == each.number
        writer.close()
        assert dump.digest(reader.dump()) == _oracle(ORDER)
        with pytest.raises(StorageError, match="open for reading alone"):
            reader.commit(ORDER[0])
    with closing(SqliteStore.open(path, COLUMNS, read_only=True)) as reader:
        assert dump.digest(reader.dump()) == _oracle(ORDER)


def test_a_reader_without_any_right_to_write_follows_a_writer_that_comes_later() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # others may look into it, and others is what the reader is where the tests run as root
        with closing(SqliteStore.open(folder / "store.db", COLUMNS)) as writer:
            writer.commit(ORDER[0])
        (folder / "store.db").chmod(0o644)
        if os.geteuid() != 0:
            folder.chmod(0o555)
        with _start(READ_AS_NOBODY, folder / "store.db") as reader:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "1\n"
            folder.chmod(0o755)
            with closing(SqliteStore.open(folder / "store.db", COLUMNS)) as writer:
                writer.commit(ORDER[1])
                assert reader.communicate("\n")[0] == "2\n"


def test_threads_read_whole_states_during_commits(store: SqliteStore) -> None:
    totals = [0, *np.cumsum([len(_ids(each)) for each in ORDER]).tolist()]
    started = Barrier(5)

    def look(_: int) -> list[int]:
        seen: list[int] = []
        while not seen or seen[-1] != totals[-1]:
            tables = store.dump()
            assert sum(tables["nights"].column("n").to_pylist()) == tables["alerts"].num_rows
            seen.append(tables["alerts"].num_rows)
            if len(seen) == 1:
                started.wait()
        return seen

    with ThreadPoolExecutor(4) as pool:
        looks = pool.map(look, range(4))
        started.wait()
        for each in ORDER:
            store.commit(each)
        for seen in looks:
            assert seen == sorted(seen)
            assert set(seen) <= set(totals)


def test_a_column_that_came_later_is_null_in_older_rows_and_missing_ones_are_null_for_readers(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    old = {n: c for n, c in COLUMNS.items() if not n.startswith("spin_")}
    with closing(SqliteStore.open(path, old)) as store:
        store.commit(ORDER[0])
    survey, ids = str(ORDER[0].survey), _ids(ORDER[0])
    with closing(SqliteStore.open(path, COLUMNS, read_only=True)) as reader:
        assert reader.alerts(survey, ids).column("spin_rate").null_count == len(ids)
    with closing(SqliteStore.open(path, COLUMNS)) as store:
        assert store.alerts(survey, ids).column("spin_kind").null_count == len(ids)
        store.commit(ORDER[1])
        rows = store.alerts(str(ORDER[1].survey), _ids(ORDER[1]))
        assert ORDER[1].alerts is not None
        assert rows.column("spin_rate").equals(ORDER[1].alerts.column("spin_rate"))
    with closing(SqliteStore.open(path, old)) as store:
        assert "spin_rate" not in store.alerts(survey, ids).column_names


def test_a_column_that_changed_its_type_or_has_none_that_can_be_kept_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    SqliteStore.open(path, COLUMNS).close()
    with pytest.raises(HomeError, match="column spin_rate is FLOAT32_BLOB in the store and FLOAT64_BLOB now"):
        SqliteStore.open(path, {**COLUMNS, "spin_rate": real("Wider.", bits=64)})
    with pytest.raises(HomeError, match="column odd has type binary, which the store does not keep"):
        SqliteStore.open(path, {**COLUMNS, "odd": Column(pa.binary(), "Bytes.")})
    with pytest.raises(HomeError):
        SqliteStore.open(path, {**COLUMNS, "spin_small": integer("Wider.")})
    SqliteStore.open(path, {**COLUMNS, **HISTORY}).close()


def test_lists_of_any_length_may_be_asked_for(store: SqliteStore) -> None:
    for each in ORDER:
        store.commit(each)
    survey = str(ORDER[0].survey)
    known = _ids(ORDER[0]).to_pylist()
    ids = pa.array([*range(20_000), *known, *range(20_000, 40_000)])
    hashes = store.hashes(survey, ids)
    assert len(hashes) == len(ids)
    assert len(hashes) - hashes.null_count == len(known)
    assert store.alerts(survey, ids).column("alert_id").to_pylist() == known
    objects = pa.array([*map(str, range(10_000)), "nul\0in it"])
    assert set(store.points(survey, objects).column("object_id").to_pylist()) >= {"17", "nul\0in it"}


def test_no_statement_of_a_commit_or_a_fold_walks_a_whole_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What grows with the survey is searched; scanned is only what the unit itself touches."""
    monkeypatch.setattr(sqlite_store_growth, "TAIL", 2)
    said: list[str] = []
    with closing(open_writer(tmp_path / "store.db", STORE)) as connection:
        add_columns(connection, stored_columns(COLUMNS))
        for each in ORDER[:-1]:
            write_unit(connection, each, stored_columns(COLUMNS))
        connection.set_trace_callback(said.append)
        write_unit(connection, ORDER[-1], stored_columns(COLUMNS))
        connection.set_trace_callback(None)
        statements = {s for s in said if s.startswith(("SELECT", "UPDATE", "DELETE"))}
        plans = [row[3] for s in statements for row in connection.execute(f"EXPLAIN QUERY PLAN {s}")]
    assert any(step.startswith("SEARCH object:") and "(object_id=?)" in step for step in plans)
    assert any(step.startswith("SEARCH chunk:") and "(rowid=?)" in step for step in plans)
    assert {step for step in plans if step.startswith("SCAN")} <= {"SCAN band", "SCAN alert_column"}


def test_a_closed_store_says_so(store: SqliteStore) -> None:
    store.close()
    store.close()
    with pytest.raises(StorageError, match="is closed"):
        store.last_unit()
    with pytest.raises(StorageError, match="is closed"):
        store.commit(ORDER[0])
