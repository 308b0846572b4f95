"""A watched folder: what is complete is handed over once, in a lasting order, across any number of restarts."""

from __future__ import annotations

import io
import os
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from linnet.adapters.avro_files import FolderSource, OpenFolder
from linnet.core.envelope import Gap, Position
from linnet.core.ports import LiveSource
from linnet.errors import GapError, InputError

LOOK = 0.02


@pytest.fixture(name="watched")
def a_watched_folder(tmp_path: Path) -> FolderSource:
    (tmp_path / "in").mkdir()
    return FolderSource(tmp_path / "in", tmp_path / "ledgers", look_every=LOOK)


def drop(watched: FolderSource, name: str, content: bytes = b"x", at: int = 0) -> Path:
    """A file with a given time of change (seconds)."""
    path = watched.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (1_700_000_000 + at, 1_700_000_000 + at))
    return path


def rows(batch: pa.RecordBatch) -> list[tuple[int, str, bytes]]:
    """Offset, key and value of each message."""
    columns = (batch.column(name).to_pylist() for name in ("offset", "key", "value"))
    return [(offset, key.decode(), value) for offset, key, value in zip(*columns, strict=True)]


def taken(reader: OpenFolder, seconds: float = 0.3, limit: int = 100) -> list[tuple[int, str, bytes]]:
    """Everything that is handed over within a time."""
    found: list[tuple[int, str, bytes]] = []
    last = time.monotonic() + seconds
    while time.monotonic() < last:
        batch = reader.next_batch(limit)
        assert batch is not None
        found += rows(batch)
    return found


def test_it_is_a_live_source(watched: FolderSource) -> None:
    assert isinstance(watched.open(), LiveSource)


def test_files_come_by_time_of_change_then_by_path_and_only_once(watched: FolderSource) -> None:
    drop(watched, "b", b"1", at=1)
    drop(watched, "sub/a", b"2", at=1)
    drop(watched, "z", b"0", at=0)
    reader = watched.open()
    assert taken(reader) == [(0, "z", b"0"), (1, "b", b"1"), (2, "sub/a", b"2")]
    drop(watched, "a", b"3", at=-5)
    assert taken(reader) == [(3, "a", b"3")]
    assert reader.position() == (Position(f"{watched.folder.resolve()}/", 0, 4),)
    assert reader.lag() == {(watched.topic, 0): 0}


def test_a_file_that_grows_is_taken_when_it_stands_still_and_a_hidden_one_when_it_is_renamed(
    watched: FolderSource,
) -> None:
    reader = watched.open()
    growing, hidden = watched.folder / "growing", watched.folder / ".hidden"
    hidden.write_bytes(b"whole")
    found = []
    with growing.open("wb", buffering=0) as file:
        for _ in range(40):
            file.write(b"part")
            found += taken(reader, LOOK / 4)
    assert found == []
    assert taken(reader) == [(0, "growing", b"part" * 40)]
    hidden.rename(watched.folder / "shown")
    assert taken(reader) == [(1, "shown", b"whole")]


def test_one_taken_too_early_is_taken_again_as_a_whole(watched: FolderSource) -> None:
    reader = watched.open()
    half = drop(watched, "slow", b"half")
    assert taken(reader) == [(0, "slow", b"half")]
    half.write_bytes(b"half and half")
    assert taken(reader) == [(1, "slow", b"half and half")]


@pytest.mark.parametrize("committed", range(6))
def test_a_restart_goes_on_behind_any_position_in_the_same_order(watched: FolderSource, committed: int) -> None:
    for n in range(5):
        drop(watched, f"{n}", b"%d" % n, at=-n)
    expected = [(n, f"{4 - n}", b"%d" % (4 - n)) for n in range(5)]
    assert taken(watched.open()) == expected
    drop(watched, "earlier than all", b"5", at=-100)
    positions = (Position(watched.topic, 0, committed),)
    again = watched.open(positions)
    assert again.position() == positions
    assert taken(again, limit=2) == [*expected[committed:], (5, "earlier than all", b"5")]


def test_a_torn_line_in_the_ledger_is_cut_off(watched: FolderSource) -> None:
    drop(watched, "a", at=0)
    taken(watched.open())
    drop(watched, "b", at=1)
    taken(watched.open((Position(watched.topic, 0, 1),)))
    whole = watched.ledger.read_bytes()
    for cut in range(len(whole.splitlines(keepends=True)[0]), len(whole)):
        watched.ledger.write_bytes(whole[:cut])
        assert taken(watched.open((Position(watched.topic, 0, 1),)), 3 * LOOK) == [(1, "b", b"x")]
        assert watched.ledger.read_bytes() == whole


def test_a_lost_ledger_offers_everything_again_under_new_numbers(watched: FolderSource) -> None:
    drop(watched, "a")
    drop(watched, "b")
    taken(watched.open())
    watched.ledger.unlink()
    again = watched.open((Position(watched.topic, 0, 2),))
    assert [(offset, key) for offset, key, _ in taken(again)] == [(2, "a"), (3, "b")]


def test_what_is_gone_before_it_was_read_is_a_gap_and_what_is_committed_may_go(watched: FolderSource) -> None:
    paths = [drop(watched, f"{n}", at=n) for n in range(4)]
    taken(watched.open())
    for n in (0, 2):
        paths[n].unlink()
    with pytest.raises(GapError, match="2 was removed before it was read"):
        taken(watched.open((Position(watched.topic, 0, 1),)))
    again = replace(watched, skip_gap=True).open((Position(watched.topic, 0, 1),))
    assert [offset for offset, *_ in taken(again)] == [1, 3]
    assert again.gaps() == (Gap(watched.topic, 0, 2, 3),)
    assert again.position()[0].offset == 4


def test_the_ledger_forgets_what_is_committed_and_gone(watched: FolderSource) -> None:
    paths = [drop(watched, f"{n}", at=n) for n in range(100)]
    taken(watched.open())
    for path in paths[:90]:
        path.unlink()
    again = watched.open((Position(watched.topic, 0, 95),))
    assert len(watched.ledger.read_text().splitlines()) == 10
    assert [offset for offset, *_ in taken(again)] == list(range(95, 100))
    assert again.gaps() == ()


def tar(members: dict[str, bytes]) -> bytes:
    """A plain tar."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as file:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return made.getvalue()


@pytest.mark.parametrize("committed", range(5))
def test_a_tar_has_an_offset_for_each_member_and_is_taken_up_in_its_middle(
    watched: FolderSource, committed: int
) -> None:
    drop(watched, "night.tar", tar({"a": b"1", ".hidden": b"-", "b": b"2", "c": b"3"}), at=0)
    drop(watched, "other", b"4", at=1)
    expected = [(0, "night.tar/a", b"1"), (1, "night.tar/b", b"2"), (2, "night.tar/c", b"3"), (3, "other", b"4")]
    assert taken(watched.open()) == expected
    assert taken(watched.open((Position(watched.topic, 0, committed),)), limit=1) == expected[committed:]


def test_a_damaged_tar_is_one_message(watched: FolderSource) -> None:
    broken = tar({"a": b"1" * 2000})[:700]
    drop(watched, "night.tar", broken)
    assert taken(watched.open()) == [(0, "night.tar", broken)]


def test_while_paused_nothing_is_handed_over(watched: FolderSource) -> None:
    drop(watched, "a")
    reader = watched.open()
    reader.pause()
    assert taken(reader) == []
    reader.resume()
    assert len(taken(reader)) == 1


def test_names_that_are_no_unicode_are_told_apart(watched: FolderSource) -> None:
    for name in (b"\xff", b"\xfe"):
        (Path(os.fsdecode(os.fsencode(watched.folder) + b"/" + name))).write_bytes(name)
    batch = watched.open().next_batch(9)
    reader = watched.open()
    found = []
    for _ in range(10):
        batch = reader.next_batch(9)
        assert batch is not None
        found += list(zip(batch.column("key").to_pylist(), batch.column("value").to_pylist(), strict=True))
    assert sorted(found) == [(b"\xfe", b"\xfe"), (b"\xff", b"\xff")]
    assert reader.next_batch(9) is not None
    assert taken(watched.open(reader.position())) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_waits_and_is_named(watched: FolderSource) -> None:
    drop(watched, "secret").chmod(0)
    reader = watched.open()
    assert taken(reader) == []
    assert "secret" in (reader.trouble() or "")
    (watched.folder / "secret").chmod(0o600)
    assert len(taken(reader)) == 1
    assert reader.trouble() is None


def test_a_folder_that_is_not_there_or_vanishes_is_one_clear_line(watched: FolderSource) -> None:
    reader = watched.open()
    watched.folder.rmdir()
    time.sleep(LOOK)
    with pytest.raises(InputError, match="is gone"):
        taken(reader)
    with pytest.raises(InputError, match="no such folder"):
        watched.open()
