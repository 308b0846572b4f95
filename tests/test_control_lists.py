"""What every control database keeps of watchlists and areas."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from linnet.adapters.memory_control import MemoryControl
from linnet.adapters.sqlite_control import SqliteControl
from linnet.core.list_port import ListVersion, Sort, in_use
from linnet.core.ports import Control
from linnet.core.unit import Run
from linnet.errors import NotFoundError, StorageError

KINDS: dict[str, Callable[[Path], MemoryControl | SqliteControl]] = {
    "memory": lambda _: MemoryControl(),
    "sqlite": lambda folder: SqliteControl.open(folder / "control.db"),
}


@pytest.fixture(params=sorted(KINDS))
def control(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MemoryControl | SqliteControl]:
    made = KINDS[request.param](tmp_path)
    yield made
    made.close()


def version(number: int, name: str = "mine", sort: Sort = "watchlist") -> ListVersion:
    """A version with a value of its own in each field."""
    share = 0.25 if sort == "area" else None
    return ListVersion(sort, name, number, f"{number:064x}", 10 * number, share, "what", "where", "me", "public")


def test_versions_come_back_as_they_were_added_by_sort_name_and_number(control: Control) -> None:
    wanted = [version(2, "b"), version(1, "b"), version(1, "a"), version(1, "b", "area")]
    added = [control.lists.add(each) for each in wanted]
    assert all(each.created.endswith("+00:00") and each.deleted is None for each in added)
    assert [replace(each, created="") for each in added] == wanted
    assert control.lists.versions() == [added[3], added[2], added[1], added[0]]
    assert control.lists.versions("area") == [added[3]]
    with pytest.raises(StorageError, match="there is a version 2 of watchlist b already"):
        control.lists.add(version(2, "b"))


def test_the_newest_version_is_in_use_until_the_list_is_removed(control: Control) -> None:
    for each in (version(1), version(2), version(1, "mine", "area")):
        control.lists.add(each)
    assert {n: v.version for n, v in in_use(control.lists.versions()).items()} == {
        "in_watchlist:mine": 2,
        "in_area:mine": 1,
    }
    control.lists.remove("watchlist", "mine")
    assert [v.sort for v in control.lists.versions()] == ["area"]
    gone = control.lists.versions("watchlist", removed=True)
    assert [v.version for v in gone] == [1, 2]
    assert all(v.deleted is not None for v in gone)
    with pytest.raises(NotFoundError, match=r"there is no watchlist mine$"):
        control.lists.remove("watchlist", "mine")
    control.lists.add(version(3))
    assert in_use(control.lists.versions(removed=True))["in_watchlist:mine"].version == 3


def test_every_change_of_a_list_is_a_new_generation(control: Control) -> None:
    for change in (lambda: control.lists.add(version(1)), lambda: control.lists.remove("watchlist", "mine")):
        before = control.generation()
        change()
        assert control.generation() > before
    before = control.generation()
    control.lists.versions()
    assert control.generation() == before


def test_lists_of_one_process_are_seen_by_another(tmp_path: Path) -> None:
    one = SqliteControl.open(tmp_path / "control.db")
    other = SqliteControl.open(tmp_path / "control.db", read_only=True)
    with closing(one), closing(other):
        added = one.lists.add(version(1))
        assert other.lists.versions() == [added]
        with pytest.raises(StorageError, match="may not be written"):
            other.lists.add(version(2))


def test_a_control_database_of_format_3_takes_lists(tmp_path: Path) -> None:
    path = tmp_path / "control.db"
    path.write_bytes(gzip.decompress((Path(__file__).parent / "kept/control-format-3.db.gz").read_bytes()))
    with closing(sqlite3.connect(path)) as connection:
        assert "watched" in {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    with closing(SqliteControl.open(path)) as control:
        assert control.lists.versions(removed=True) == []
        added = control.lists.add(version(1))
        assert control.lists.versions() == [added]
        assert [f.name for f in control.filters(active=True)] == ["bright"]
    with closing(sqlite3.connect(path)) as connection:
        assert "watched" not in {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


def test_a_run_names_lists_and_one_without_any_keeps_its_id() -> None:
    bare = Run("1.0", {"spin": "1"}, (("bright", 1),), {"gcvs": "1-abc"})
    assert bare.run_id == "2aed4499cdbf"
    assert "lists" not in bare.as_json()
    listed = replace(bare, lists={"in_area:field": "1-0123456789ab"})
    assert listed.run_id != bare.run_id
    assert '"lists": {"in_area:field": "1-0123456789ab"}' in listed.as_json()
    assert replace(listed, lists={"in_area:field": "2-0123456789ab"}).run_id != listed.run_id
