"""What every control database keeps."""

from __future__ import annotations

import gzip
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from linnet.adapters.memory_control import MemoryControl
from linnet.adapters.sqlite_control import SqliteControl
from linnet.app.installing import install
from linnet.core.delivery_policy import Memory, Policy
from linnet.core.filter_port import Details
from linnet.core.ports import Control, Progress, Route
from linnet.errors import HomeError, HomeVersionError, NotFoundError, StorageError

KINDS: dict[str, Callable[[Path], MemoryControl | SqliteControl]] = {
    "memory": lambda _: MemoryControl(),
    "sqlite": lambda folder: SqliteControl.open(folder / "control.db"),
}

ADD = """
import sys
from pathlib import Path
from linnet.adapters.sqlite_control import SqliteControl
control = SqliteControl.open(Path(sys.argv[1]))
for i in range(20):
    control.add_filter(sys.argv[2], f"mag < {i}", topic_line="")
"""


@pytest.fixture(params=sorted(KINDS))
def control(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MemoryControl | SqliteControl]:
    made = KINDS[request.param](tmp_path)
    yield made
    made.close()


def test_versions_of_a_filter_count_up_and_the_same_text_is_the_same_version(control: Control) -> None:
    assert control.add_filter("bright", "mag < 19", topic_line="A", owner="o", details=Details("d", "r")) == 1
    assert control.add_filter("bright", "mag < 18", topic_line="A") == 2
    assert control.add_filter("bright", "mag < 19", topic_line="other") == 1
    assert control.add_filter("able", "snr > 5", topic_line="B") == 1
    found = control.filters()
    assert [(f.name, f.version, f.text) for f in found] == [
        ("able", 1, "snr > 5"),
        ("bright", 1, "mag < 19"),
        ("bright", 2, "mag < 18"),
    ]
    first = found[1]
    assert (first.topic_line, first.description, first.reference, first.owner) == ("A", "d", "r", "o")
    assert first.created.endswith("+00:00")
    assert control.filters(active=True) == []


def test_one_version_of_a_filter_is_active_at_a_time(control: Control) -> None:
    for text in ("mag < 19", "mag < 18"):
        control.add_filter("bright", text, topic_line="")
    control.add_filter("able", "snr > 5", topic_line="")
    for version in (1, 2):
        control.set_active("bright", version)
        assert [(f.name, f.version, f.active) for f in control.filters(active=True)] == [("bright", version, True)]
    control.set_active("able", 1)
    control.set_active("bright", None)
    assert [f.name for f in control.filters(active=True)] == ["able"]


def test_a_filter_that_is_not_there_is_named(control: Control) -> None:
    control.add_filter("bright", "mag < 19", topic_line="")
    with pytest.raises(NotFoundError, match="no filter bright version 7"):
        control.set_active("bright", 7)
    with pytest.raises(NotFoundError, match=r"no filter dim$"):
        control.set_active("dim", None)
    with pytest.raises(NotFoundError):
        control.record_activation("dim", 1, 5)


def test_the_generation_grows_with_every_change_and_only_then(control: Control) -> None:
    changes: list[Callable[[], object]] = [
        lambda: control.add_filter("bright", "mag < 19", topic_line=""),
        lambda: control.set_active("bright", 1),
        lambda: control.add_route(Route("r", "files:outbox")),
        lambda: control.add_route(Route("r", "files:outbox", ("bright",))),
        lambda: control.set_active("bright", None),
    ]
    for change in changes:
        before = control.generation()
        change()
        assert control.generation() > before
    before = control.generation()
    control.add_filter("bright", "mag < 19", topic_line="")
    control.set_active("bright", None)
    control.add_route(Route("r", "files:outbox", ("bright",)))
    control.set_cursor("r", Progress(5, 1, 1))
    control.record_activation("bright", 1, 5)
    assert control.generation() == before


def test_the_first_number_recorded_for_an_activation_stays(control: MemoryControl | SqliteControl) -> None:
    control.add_filter("bright", "mag < 19", topic_line="")
    control.record_activation("bright", 1, 1)
    control.set_active("bright", 1)
    assert control.activations() == [("bright", 1, None)]
    control.record_activation("bright", 1, 12)
    control.record_activation("bright", 1, 99)
    assert control.activations() == [("bright", 1, 12)]
    control.set_active("bright", None)
    control.set_active("bright", 1)
    control.record_activation("bright", 1, 200)
    assert control.activations() == [("bright", 1, 12), ("bright", 1, 200)]


def test_a_replaced_route_goes_on_where_it_was(control: Control) -> None:
    control.add_route(Route("outbox", "files:outbox", ("bright", "able")))
    control.add_route(Route("all", "kafka:all"))
    assert control.cursor("outbox") == 0
    control.set_cursor("outbox", Progress(41, 30, 11))
    control.add_route(Route("outbox", "files:elsewhere"))
    assert control.routes() == [Route("all", "kafka:all"), Route("outbox", "files:elsewhere")]
    assert control.cursor("outbox") == 41
    assert control.delivered() == {"outbox": Progress(41, 30, 11)}


def test_a_route_keeps_its_policy_and_what_it_let_through(control: Control) -> None:
    route = Route("few", "files:few", ("bright",), Policy(per_night=3, min_gap=0.5))
    control.add_route(route)
    assert control.routes() == [route]
    first = Memory({("bright", "ztf", "a"): 60000.1, ("bright", "lsst", "a"): 61000.25}, {("bright", "ztf"): (7, 2)})
    control.set_cursor("few", Progress(9, 3, 1, 4, since=1), first)
    control.set_cursor("other", Progress(9), Memory({("bright", "ztf", "a"): 1.0}, {("bright", "ztf"): (1, 1)}))
    asked = [("bright", "ztf", "a"), ("bright", "lsst", "a"), ("bright", "ztf", "b"), ("dim", "ztf", "a")]
    assert control.memory("few", asked) == first
    control.set_cursor("few", Progress(10), Memory({("bright", "ztf", "a"): 60001.0}, {("bright", "ztf"): (8, 1)}))
    assert control.memory("few", asked[:1]) == Memory({asked[0]: 60001.0}, {("bright", "ztf"): (8, 1)})
    assert control.memory("few", asked[1:2]).objects == {asked[1]: 61000.25}
    control.add_route(replace(route, policy=Policy(once_per_object=True)))
    assert control.routes()[0].policy == Policy(once_per_object=True)
    assert control.memory("few", asked).objects[asked[0]] == 60001.0
    assert control.delivered()["few"] == Progress(10)


def test_a_removed_route_is_forgotten_but_for_its_name(control: Control) -> None:
    route = Route("few", "files:few", (), Policy(once_per_object=True))
    key = ("bright", "ztf", "a")
    control.add_route(route)
    for name in ("few", "other"):
        control.set_cursor(name, Progress(9), Memory({key: 1.0}, {("bright", "ztf"): (7, 2)}))
    before = control.generation()
    control.remove_route("few")
    assert control.generation() > before
    assert (control.routes(), control.routes(removed=True)) == ([], [route])
    assert (control.cursor("few"), control.memory("few", [key])) == (0, Memory())
    assert (control.cursor("other"), control.memory("other", [key]).objects) == (9, {key: 1.0})
    with pytest.raises(NotFoundError, match=r"there is no route few$"):
        control.remove_route("few")
    control.add_route(route)
    assert control.routes() == [route]
    assert control.cursor("few") == 0


def test_a_new_route_begins_where_it_is_told_and_one_that_is_there_stays_where_it_is(control: Control) -> None:
    control.add_route(Route("few", "files:few"), Progress(7, since=7))
    assert control.delivered() == {"few": Progress(7, since=7)}
    control.add_route(Route("few", "files:other"), Progress(9, since=9))
    assert (control.routes(), control.cursor("few")) == ([Route("few", "files:other")], 7)
    control.add_route(Route("all", "files:all"))
    control.add_route(Route("all", "files:more"), Progress(9, since=9))
    assert control.cursor("all") == 0
    control.remove_route("few")
    control.add_route(Route("few", "files:few"), Progress(12, since=12))
    assert control.cursor("few") == 12


def test_who_was_still_sending_does_not_move_the_cursor_of_a_route_that_was_removed_or_made_anew(
    control: Control,
) -> None:
    key = ("bright", "ztf", "a")
    control.add_route(Route("few", "files:few"))
    assert control.set_cursor("few", Progress(5), before=0)
    control.remove_route("few")
    late = Memory({key: 1.0})
    assert control.progress("few") is None
    assert not control.set_cursor("few", Progress(9), late, before=5)
    assert not control.set_cursor("few", Progress(9), late)
    assert (control.delivered(), control.memory("few", [key])) == ({}, Memory())
    control.add_route(Route("few", "files:few"))
    assert not control.set_cursor("few", Progress(9), late, before=5)
    assert (control.delivered(), control.memory("few", [key])) == ({}, Memory())
    assert control.set_cursor("few", Progress(3), before=0)


def test_cursors_that_many_threads_record_at_once_are_all_there(control: Control) -> None:
    names = [f"r{number}" for number in range(8)]
    for name in names:
        control.add_route(Route(name, "files:all"))
    control.remove_route("r7")

    def moved(name: str) -> list[bool]:
        at = [control.set_cursor(name, Progress(n + 1, sent=n), before=n) for n in range(20)]
        return [*at, control.set_cursor(name, Progress(99), before=3)]

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(moved, names))
    assert found == [[*[True] * 20, False]] * 7 + [[False] * 21]
    assert control.delivered() == {name: Progress(20, sent=19) for name in names[:7]}


def test_a_transaction_that_fails_is_told_to_each_whose_cursor_was_in_it(tmp_path: Path) -> None:
    control = SqliteControl.open(tmp_path / "control.db", busy_seconds=0.2)
    with closing(sqlite3.connect(tmp_path / "control.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with ThreadPoolExecutor(4) as threads:
            told = [threads.submit(control.set_cursor, f"r{n}", Progress(1)) for n in range(4)]
        assert all(isinstance(each.exception(), StorageError) for each in told)
        other.execute("ROLLBACK")
    assert control.set_cursor("r0", Progress(1), before=0)
    assert control.delivered() == {"r0": Progress(1)}
    control.close()


def test_requests_are_kept_in_order_until_they_are_answered_once(control: Control) -> None:
    before = control.generation()
    first, second = control.ask_retry("UNKNOWN_SCHEMA"), control.ask_retry("BAD_DATUM")
    assert control.retries() == [(first, "UNKNOWN_SCHEMA"), (second, "BAD_DATUM")]
    assert control.retry_answer(first) is None
    for answer in ("done", "done again"):
        control.answer_retry(first, answer)
    assert (control.retries(), control.retry_answer(first)) == ([(second, "BAD_DATUM")], "done")
    assert control.generation() == before


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_file_of_an_earlier_format_goes_on_with_all_that_was_in_it(tmp_path: Path, number: int) -> None:
    path = tmp_path / "control.db"
    path.write_bytes(gzip.decompress((Path(__file__).parent / f"kept/control-format-{number}.db.gz").read_bytes()))
    with pytest.raises(HomeVersionError, match=f"format {number}"):
        SqliteControl.open(path, read_only=True)
    for _ in range(2):
        with closing(SqliteControl.open(path)) as control:
            assert control.routes() == [Route("few", "files:few", ("bright",)), Route("files", "files:outbox")]
            assert control.delivered() == {"few": Progress(41, 30, 11)}
            assert [(f.version, f.active) for f in control.filters()] == [(1, False), (2, True)]
            assert control.activations() == [("bright", 2, 12)]
            assert {f.details for f in control.filters()} == {Details(visibility="public")}
    assert (tmp_path / f"control.db.format-{number}.backup").exists()
    with closing(SqliteControl.open(path)) as control, closing(SqliteControl.open(tmp_path / "new.db")) as new:
        memory = Memory({("bright", "ztf", "a"): 1.0}, {("bright", "ztf"): (7, 2)})
        for each in (control, new):
            each.set_cursor("few", Progress(42, 31, 11, 5), memory)
            assert each.memory("few", [("bright", "ztf", "a")]) == memory
    tables = [_columns(tmp_path / name) for name in ("control.db", "new.db")]
    assert tables[0] == tables[1]


def _columns(path: Path) -> set[tuple[object, ...]]:
    """Table, column, type, whether it may be null, default."""
    query = (
        "SELECT m.name, c.name, c.type, c.[notnull], c.dflt_value FROM sqlite_master m, pragma_table_info(m.name) c "
        "WHERE m.type = 'table'"
    )
    with closing(sqlite3.connect(path)) as connection:
        return set(connection.execute(query))


def test_what_was_decided_outlives_the_process_and_the_file_may_be_copied_alone(tmp_path: Path) -> None:
    path = tmp_path / "control.db"
    control = SqliteControl.open(path)
    control.add_filter("bright", "mag < 19", topic_line="")
    control.set_active("bright", 1)
    control.set_cursor("r", Progress(7, 7))
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    for each in (path, copy):
        reader = SqliteControl.open(each, read_only=True)
        assert [f.name for f in reader.filters(active=True)] == ["bright"]
        assert reader.cursor("r") == 7
        with pytest.raises(StorageError, match="may not be written"):
            reader.set_active("bright", None)
        reader.close()
    control.close()


def test_four_processes_may_create_and_write_it_at_once(tmp_path: Path) -> None:
    path = tmp_path / "control.db"
    names = ["a", "b", "c", "a"]
    writers = [subprocess.Popen([sys.executable, "-c", ADD, str(path), name]) for name in names]
    assert [w.wait(60) for w in writers] == [0, 0, 0, 0]
    control = SqliteControl.open(path)
    found = control.filters()
    control.close()
    assert [(f.name, f.version) for f in found] == [(n, v) for n in "abc" for v in range(1, 21)]


def test_what_people_own_has_owner_visibility_and_times(tmp_path: Path) -> None:
    SqliteControl.open(tmp_path / "control.db").close()
    connection = sqlite3.connect(tmp_path / "control.db")
    for table in ("filter", "activation", "route", "watchlist", "area", "annotation"):
        have = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        assert have >= {"owner", "visibility", "created", "deleted"}, table
    assert connection.execute("SELECT name FROM user").fetchall() == [("local",)]
    connection.close()


def test_a_missing_or_closed_control_database_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="there is no control database at"):
        SqliteControl.open(tmp_path / "control.db", read_only=True)
    control = SqliteControl.open(tmp_path / "control.db")
    control.close()
    control.close()
    with pytest.raises(StorageError, match="is closed"):
        control.generation()


def test_a_built_in_filter_whose_activation_failed_is_activated_at_the_next_start(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_name: str, _version: int | None) -> None:
        raise StorageError("the disk is full")

    whole = MemoryControl()
    install(whole)
    first, *others = whole.filters()
    with monkeypatch.context() as patched:
        patched.setattr(control, "set_active", fails)
        with pytest.raises(StorageError):
            install(control)
    assert [(f.name, f.active) for f in control.filters()] == [(first.name, False)]
    install(control)
    assert {f.name for f in control.filters(active=True)} == {f.name for f in (first, *others)}
    control.set_active(first.name, None)
    install(control)
    assert {f.name for f in control.filters(active=True)} == {f.name for f in others}
