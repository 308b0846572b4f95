"""A recording is taken up where its last commit left it: a position never passes what is not durable."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from corridors import Bench, in_memory, messages, on_disk, renumbered
from linnet.adapters.memory_source import MemorySource
from linnet.adapters.recording import Recording, write_recording
from linnet.core.envelope import envelopes
from linnet.core.ports import Store
from linnet.core.unit import Unit
from linnet.engines.local import LocalEngine
from linnet.errors import StorageError
from linnet.operations.audit import audit

BATCH = 5


class Failing:
    """A store whose n-th commit fails: before anything is written, or after everything is, with the answer lost."""

    def __init__(self, inner: Store, nth: int, *, after: bool) -> None:
        self._inner = inner
        self._left = nth
        self._after = after

    def __getattr__(self, name: str) -> object:
        """Everything else as the store does it."""
        return getattr(self._inner, name)

    def commit(self, unit: Unit) -> None:
        """Commit, or fail."""
        self._left -= 1
        if self._left == 0 and not self._after:
            raise StorageError("the disk is full")
        self._inner.commit(unit)
        if self._left == 0:
            raise StorageError("the answer was lost")


@pytest.fixture(name="recording", scope="module")
def packets_as_recording(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Forty messages of both surveys, broken ones among them, as one topic."""
    folders = ("ztf/transient", "broken", "ztf/forced-photometry", "lsst/commissioning", "ztf/rewritten")
    path = tmp_path_factory.mktemp("recording") / "topic.arrow"
    write_recording(path, [renumbered(messages([p for f in folders for p in sorted((samples / f).iterdir())]))])
    return Recording(path)


def offered_up_to(recording: Recording, bench: Bench) -> int:
    """Messages before the committed position, by an independent count of the recording."""
    committed = {(p.topic, p.partition): p.offset for p in bench.store.positions()}
    (topic,) = {topic for topic, _ in committed} or {""}
    return sum(offset < committed.get((topic, 0), 0) for offset in recording_rows(recording))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", [2, 7])
def test_a_failed_commit_is_taken_up_from_its_own_position(
    nth: int, after: bool, recording: Recording, tmp_path: Path
) -> None:
    whole = in_memory()
    whole.engine(BATCH).run([recording])
    with on_disk(tmp_path / "home") as bench:
        broken = replace(bench.corridor, store=Failing(bench.store, nth, after=after))  # type: ignore[arg-type]  # a double that delegates
        with pytest.raises(StorageError):
            LocalEngine(broken, batch=BATCH).run([recording])
        before = list(bench.sink.durable)
    with on_disk(tmp_path / "home") as bench:
        engine = bench.engine(BATCH)
        engine.recover()
        offered = offered_up_to(recording, bench)
        half = audit(bench.store, bench.control, bench.raw, deep=True)
        assert half.ok, half.problems
        # A batch that spans nights is several commits; its position comes with the last, so what stands in the store
        # may run ahead of the position by at most that batch, and never behind it.
        assert offered <= half.received <= offered + BATCH
        engine.run([recording])
        engine.finish()
        assert bench.dump() == whole.dump()
        done = audit(bench.store, bench.control, bench.raw, deep=True)
        assert done.ok, done.problems
        assert done.duplicates <= BATCH
        assert offered_up_to(recording, bench) == len(recording_rows(recording))
        assert {r["dedup_id"] for r in before + bench.sink.durable} == {r["dedup_id"] for r in whole.sink.durable}


def test_after_a_failure_between_two_surveys_of_a_batch_no_message_is_counted_twice(
    samples: Path, tmp_path: Path
) -> None:
    folders = {"ztf": "ztf/solar-system", "lsst": "lsst/test-stream", "broken": "broken"}
    topics = [messages(sorted((samples / folder).iterdir()), topic) for topic, folder in folders.items()]
    source = MemorySource((envelopes([message for topic in topics for message in topic]),))
    with on_disk(tmp_path / "home") as bench:
        broken = replace(bench.corridor, store=Failing(bench.store, 1, after=True))  # type: ignore[arg-type]  # a double that delegates
        with pytest.raises(StorageError):
            LocalEngine(broken).run([source])
    with on_disk(tmp_path / "home") as bench:
        engine = bench.engine()
        engine.recover()
        assert {each.topic for each in bench.store.positions()} == {"ztf", "broken"}
        engine.run([source])
        found = audit(bench.store, bench.control, bench.raw, deep=True)
        assert (found.ok, found.received, found.duplicates) == (True, sum(map(len, topics)), 0)


def recording_rows(recording: Recording) -> list[int]:
    """Offsets of all messages."""
    reader = recording.open()
    found: list[int] = []
    while (batch := reader.next_batch(1000)) is not None:
        found.extend(batch.column("offset").to_pylist())
    return found
