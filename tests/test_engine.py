"""The engine's stages side by side: results as of one after the other, bounded, in order, ended by any error."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread

import pyarrow as pa
import pytest

from corridors import Bench, in_memory, messages, on_disk, renumbered
from linnet.adapters.memory_source import MemorySource
from linnet.core.envelope import Position
from linnet.core.ports import OpenSource
from linnet.core.unit import Unit
from linnet.engines.local import LocalEngine
from linnet.errors import InputError, StorageError
from linnet.operations.audit import audit

FOLDERS = ("ztf/transient", "broken", "ztf/forced-photometry", "lsst/commissioning", "ztf/rewritten", "ztf/transient")


@pytest.fixture(name="night", scope="module")
def packets_of_two_surveys(samples: Path) -> pa.RecordBatch:
    """Messages of both surveys, broken ones among them, and one folder twice: repeats, some of them in flight."""
    return renumbered(messages([p for f in FOLDERS for p in sorted((samples / f).iterdir())]))


@dataclass
class Slow:
    """Something whose calls of one method take long, or fail at the n-th call."""

    inner: object
    method: str
    seconds: float = 0.0
    fails_at: int = 0
    error: Exception = field(default_factory=lambda: StorageError("the disk is full"))
    calls: int = 0

    def __getattr__(self, name: str) -> object:
        """Everything else as the inner one does it."""
        found = getattr(self.inner, name)
        if name != self.method:
            return found

        def call(*args: object, **more: object) -> object:
            self.calls += 1
            time.sleep(self.seconds)
            if self.calls == self.fails_at:
                raise self.error
            return found(*args, **more)

        return call


@dataclass
class Counting:
    """A source that counts the messages it handed over, and waits when told to."""

    batch: pa.RecordBatch
    handed: int = 0
    closed: bool = False
    gate: Event | None = None

    def open(self, positions: Sequence[Position] = ()) -> OpenSource:
        """Begin."""
        inner, outer = MemorySource((self.batch,)).open(positions), self

        class Open:
            def next_batch(self, limit: int) -> pa.RecordBatch | None:
                if outer.gate is not None:
                    outer.gate.wait(30)
                found = inner.next_batch(limit)
                outer.handed += 0 if found is None else found.num_rows
                return found

            def position(self) -> tuple[Position, ...]:
                return inner.position()

            def close(self) -> None:
                outer.closed = True
                inner.close()

        return Open()


def one_after_the_other(night: pa.RecordBatch, batch: int) -> Bench:
    """The same packets with nothing overlapping."""
    bench = in_memory()
    engine = bench.engine(batch)
    reader = MemorySource((night,)).open()
    while (part := reader.next_batch(batch)) is not None:
        engine.take(part, reader.position())
    return bench


@pytest.mark.parametrize("batch", [1, 7, 1000])
@pytest.mark.parametrize("slow", ["commit", "hashes", "points", "tags_after", ""])
def test_overlapping_stages_give_what_one_after_the_other_gives(night: pa.RecordBatch, batch: int, slow: str) -> None:
    expected, bench = one_after_the_other(night, batch), in_memory()
    store = Slow(bench.store, slow, 0.01 if batch > 1 else 0.002)
    LocalEngine(replace(bench.corridor, store=store), batch=batch).run([MemorySource((night,))])  # type: ignore[arg-type]  # a double that delegates
    assert bench.dump() == expected.dump()
    assert bench.store.counts().sort_by("n").equals(expected.store.counts().sort_by("n"))
    assert sorted(r["dedup_id"] for r in bench.sink.durable) == sorted(r["dedup_id"] for r in expected.sink.durable)
    assert bench.store.dead_counts() == expected.store.dead_counts()
    assert bench.store.positions() == expected.store.positions()
    found = audit(bench.store, bench.control, bench.raw)
    assert found.ok, found.problems


def test_units_are_committed_in_order_and_by_the_caller(night: pa.RecordBatch) -> None:
    bench = in_memory()
    numbers: list[int] = []
    threads: set[str] = set()
    commit: Callable[[Unit], None] = bench.store.commit

    def noted(unit: Unit) -> None:
        numbers.append(unit.number)
        threads.add(threading.current_thread().name)
        commit(unit)

    bench.store.commit = noted  # type: ignore[method-assign]  # a spy
    bench.engine(3).run([MemorySource((night,))])
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 10
    assert threads == {threading.current_thread().name}


@pytest.mark.parametrize(
    ("part", "method", "nth"),
    [("store", "commit", 3), ("store", "hashes", 3), ("raw", "append", 3), ("store", "tags_after", 2)],
)
def test_an_error_in_any_stage_ends_the_run_and_the_next_one_goes_on(
    night: pa.RecordBatch, part: str, method: str, nth: int, tmp_path: Path
) -> None:
    expected = one_after_the_other(night, 5)
    with on_disk(tmp_path) as bench:
        failing = Slow(getattr(bench.corridor, part), method, fails_at=nth)
        engine = LocalEngine(replace(bench.corridor, **{part: failing}), batch=5)  # type: ignore[arg-type]  # a double
        before = threading.active_count()
        with pytest.raises(StorageError, match="the disk is full"):
            engine.run([MemorySource((night,))])
        assert threading.active_count() <= before
        engine.run([MemorySource((night,))])
        found = audit(bench.store, bench.control, bench.raw, deep=True)
        assert found.ok, found.problems
        assert bench.dump() == expected.dump()
        assert {r["dedup_id"] for r in bench.sink.durable} == {r["dedup_id"] for r in expected.sink.durable}


def test_a_source_that_fails_loses_nothing_of_what_it_gave(night: pa.RecordBatch) -> None:
    bench = in_memory()
    source = Counting(night)
    opened = source.open()
    failing = Slow(opened, "next_batch", fails_at=4, error=InputError("the recording is damaged"))
    source.open = lambda positions=(): failing  # type: ignore[assignment, method-assign, return-value]  # noqa: ARG005
    with pytest.raises(InputError, match="damaged"):
        bench.engine(5).run([source])
    assert source.closed
    found = audit(bench.store, bench.control, bench.raw)
    assert found.ok, found.problems


def test_a_slow_commit_holds_up_the_source(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linnet.engines.overlapped.ROOM", 400_000)
    paths = [
        p for f in ("ztf/transient", "ztf/variable", "ztf/forced-photometry") for p in sorted((samples / f).iterdir())
    ]
    night = renumbered(messages(paths))
    bench = in_memory()
    store = Slow(bench.store, "commit", seconds=0.05)
    source = Counting(night)
    ahead: list[int] = []
    through = 0

    def progress(rows: int) -> None:
        nonlocal through
        through += rows
        ahead.append(source.handed - through)

    LocalEngine(replace(bench.corridor, store=store), batch=2, progress=progress).run([source])  # type: ignore[arg-type]  # a double
    assert through == night.num_rows > 25
    # Two messages of 70 KB are a batch: what waits is at most 400 KB twice, and one batch in each hand.
    assert max(ahead) <= 2 * 6 + 3 * 2
    assert max(ahead) > 2


def test_stopping_commits_and_delivers_what_was_polled(night: pa.RecordBatch) -> None:
    bench = in_memory()
    source = Counting(night, gate=Event())
    engine = bench.engine(5)
    running = Thread(target=engine.run, args=([source],))
    running.start()
    assert source.gate is not None
    source.gate.set()
    while source.handed < 10:
        time.sleep(0.001)
    engine.stop()
    running.join(30)
    assert not running.is_alive()
    found = audit(bench.store, bench.control, bench.raw)
    assert found.ok, found.problems
    assert sum(p.offset for p in bench.store.positions()) == source.handed < night.num_rows


def test_a_filter_changed_meanwhile_holds_from_its_recorded_number(night: pa.RecordBatch) -> None:
    bench = in_memory()
    store = Slow(bench.store, "commit", seconds=0.01)

    def progress(_rows: int) -> None:
        if not any(f.name == "late" for f in bench.control.filters()):
            version = bench.control.add_filter("late", "alert_id is not null", topic_line="all")
            bench.control.set_active("late", version)

    LocalEngine(replace(bench.corridor, store=store), batch=3, progress=progress).run([MemorySource((night,))])  # type: ignore[arg-type]  # a double
    tags = bench.store.tags_after(0, 10_000).to_pylist()
    first = min(t["seq"] for t in tags if t["filter"] == "late")
    (from_number,) = {seq for name, _, seq in bench.control.activations() if name == "late"}
    assert from_number is not None
    assert from_number <= first
    late = {t["alert_id"] for t in tags if t["filter"] == "late"}
    assert {t["alert_id"] for t in tags if t["seq"] >= from_number} == late


def test_a_message_without_a_value_is_a_dead_letter_without_bytes(night: pa.RecordBatch, tmp_path: Path) -> None:
    value = pa.array([None, *night.column("value").to_pylist()[1:3]], pa.binary())
    batch = night.slice(0, 3).set_column(night.schema.get_field_index("value"), night.schema.field("value"), value)
    with on_disk(tmp_path) as bench:
        bench.engine().run([MemorySource((batch,))])
        (letter,) = bench.store.dead().to_pylist()
        assert (letter["offset"], letter["size"]) == (0, 0)
        found = audit(bench.store, bench.control, bench.raw, deep=True)
        assert found.ok, found.problems
        assert found.archived == 2
