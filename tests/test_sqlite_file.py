"""A SQLite file of Linnet: formats, migrations, and refusals in one line that says what to do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from linnet.adapters.sqlite_file import Kind, check_sqlite, open_reader, open_writer
from linnet.adapters.sqlite_store_layout import STORE
from linnet.errors import HomeError, HomeVersionError, StorageError

MARK = 0x4C4E0000


def _first(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE thing (a)")


def _to_one(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE thing ADD COLUMN b DEFAULT 'one'")


def _to_two(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE thing SET b = b || ' two'")


def _breaks(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE thing SET a = 9")
    connection.execute("INSERT INTO nowhere VALUES (1)")


OLD = Kind("store", MARK, _first, format=0, migrations={})
NEW = Kind("store", MARK, _first, format=2, migrations={0: _to_one, 1: _to_two})


def _make_old(path: Path) -> None:
    with closing(open_writer(path, OLD)) as connection:
        connection.execute("INSERT INTO thing VALUES (5)")


def test_an_old_file_goes_forward_step_by_step_after_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    _make_old(path)
    with closing(open_writer(path, NEW)) as connection:
        assert connection.execute("SELECT a, b FROM thing").fetchall() == [(5, "one two")]
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    backup, _ = open_reader(tmp_path / "store.db.format-0.backup", OLD)
    with closing(backup):
        assert backup.execute("SELECT * FROM thing").fetchall() == [(5,)]


def test_a_migration_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    _make_old(path)
    with pytest.raises(StorageError, match="no such table: nowhere"):
        open_writer(path, Kind("store", MARK, _first, format=1, migrations={0: _breaks}))
    with closing(open_writer(path, OLD)) as connection:
        assert connection.execute("SELECT * FROM thing").fetchall() == [(5,)]


def test_a_format_without_a_way_forward_is_refused(tmp_path: Path) -> None:
    _make_old(tmp_path / "store.db")
    with pytest.raises(HomeVersionError, match=r"has format 0, from which this Linnet knows no way"):
        open_writer(tmp_path / "store.db", Kind("store", MARK, _first, format=2, migrations={1: _to_two}))


def test_a_reader_does_not_migrate(tmp_path: Path) -> None:
    _make_old(tmp_path / "store.db")
    with pytest.raises(HomeVersionError, match="has format 0, this Linnet reads 2"):
        open_reader(tmp_path / "store.db", NEW)


def test_a_newer_file_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    open_writer(path, NEW).close()
    before = path.read_bytes()
    for opens in (open_writer, open_reader):
        with pytest.raises(HomeVersionError, match=r"has format 2, this Linnet knows up to 0: install a newer Linnet$"):
            opens(path, OLD)
    assert path.read_bytes() == before


def test_what_is_no_file_of_ours_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"a picture, perhaps" * 100)
    for opens in (open_writer, open_reader):
        with pytest.raises(HomeError, match=r"is no store of Linnet: file is not a database$"):
            opens(path, STORE)
    assert path.read_bytes() == b"a picture, perhaps" * 100
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE somebody_elses (a)")
    with pytest.raises(HomeError, match="but another SQLite file"):
        open_writer(other, STORE)
    with pytest.raises(HomeError, match="cannot be opened"):
        open_writer(tmp_path / "nowhere" / "store.db", STORE)


def test_commits_are_synced_and_readers_go_on_beside_the_writer(tmp_path: Path) -> None:
    with closing(open_writer(tmp_path / "store.db", STORE)) as connection:
        full = 2
        assert connection.execute("PRAGMA synchronous").fetchone() == (full,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_sqlite_that_is_too_old_is_named() -> None:
    with pytest.raises(StorageError, match=r"has SQLite 3\.26\.0, Linnet needs 3\.35\.0 or newer"):
        check_sqlite((3, 26, 0))
