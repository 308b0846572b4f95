"""The engine on live sources: batches by size and age, pauses, hints, patience with sinks, files when nothing comes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest

from corridors import Bench, in_memory
from linnet.adapters.memory_sink import MemorySink
from linnet.adapters.memory_source import MemorySource
from linnet.adapters.prometheus_metrics import PrometheusMetrics
from linnet.core.envelope import Gap, Position
from linnet.core.ports import LiveSource, Route
from linnet.core.unit import Unit
from linnet.engines import committing, following, overlapped, polling
from linnet.engines.late_sink import LateSink
from linnet.engines.local import LocalEngine
from linnet.engines.together import Together
from linnet.errors import DeliveryError, GapError, StorageError
from linnet.operations.audit import audit
from live_feed import TOPIC, Feed, running, until


@pytest.fixture(name="packets", scope="module")
def packets_of_one_object(samples: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((samples / "ztf/transient").iterdir())]


@pytest.fixture(autouse=True, scope="module")
def warm(packets: list[bytes]) -> None:
    """Compile before anything is timed."""
    in_memory().engine().run([MemorySource.of(packets[:2])])


def archived(bench: Bench) -> int:
    """Alerts in the store."""
    return sum(len(ids) for ids in bench.store.alert_ids().values())


def test_it_goes_on_polling_until_stopped_and_keeps_all_that_was_polled(packets: list[bytes]) -> None:
    bench, feed = in_memory(), Feed()
    assert isinstance(feed.open(), LiveSource)
    with running(bench.engine(), feed) as errors:
        for value in packets:
            feed.put(value)
            time.sleep(0.05)
        until(lambda: archived(bench) == len(packets))
        assert not feed.closed
    assert errors == []
    assert feed.closed
    assert len(bench.sink.durable) == bench.store.last_tag() > 0
    assert bench.store.positions() == (Position(TOPIC, 0, len(packets)),)
    assert audit(bench.store, bench.control, bench.raw).ok


def test_a_batch_is_closed_by_its_age_where_few_messages_come(packets: list[bytes]) -> None:
    bench, feed = in_memory(), Feed()
    sizes: list[int] = []
    engine = LocalEngine(bench.corridor, age=0.5, progress=sizes.append)
    with running(engine, feed):
        feed.put(packets[0])
        time.sleep(0.1)
        feed.put(packets[1])
        until(lambda: archived(bench) == 2)
        feed.put(packets[2])
        until(lambda: archived(bench) == 3)
    assert sizes == [2, 1]


def test_a_batch_is_closed_by_its_size_where_many_come(packets: list[bytes]) -> None:
    bench, feed = in_memory(), Feed()
    sizes: list[int] = []
    feed.put(*packets)
    with running(LocalEngine(bench.corridor, batch=5, age=60.0, progress=sizes.append), feed):
        until(lambda: archived(bench) >= 5 * (len(packets) // 5))
    assert set(sizes[:-1]) == {5}
    assert sum(sizes) == len(packets)


def test_a_source_is_paused_while_the_stages_behind_it_are_full(
    packets: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "PAUSED_AFTER", 0.02)
    monkeypatch.setattr(overlapped, "ROOM", 1)
    bench, feed = in_memory(), Feed()
    commit = bench.store.commit

    def slow(unit: object) -> None:
        time.sleep(0.3)
        commit(unit)  # type: ignore[arg-type]  # passed on

    bench.store.commit = slow  # type: ignore[method-assign]  # a slow disk
    feed.put(*packets)
    with running(bench.engine(1), feed) as errors:
        until(lambda: archived(bench) == len(packets))
    assert errors == []
    assert feed.pauses
    assert feed.paused_batches > 5
    assert feed.threads == {"linnet-open"}


def test_a_source_is_told_what_is_committed_at_most_once_a_second_and_at_the_end(packets: list[bytes]) -> None:
    bench, feed = in_memory(), Feed()
    with running(LocalEngine(bench.corridor, batch=1), feed):
        for value in packets * 8:
            feed.put(value)
            time.sleep(0.02)
        until(lambda: feed.told != [])
    times = [at for at, _ in feed.told[:-1]]
    assert all(later - earlier >= polling.TOLD_EVERY for earlier, later in pairwise(times))
    assert feed.told[-1][1] == bench.store.positions()
    assert len(feed.told) < 12


def test_what_a_source_passed_over_is_counted_with_the_position_behind_it(packets: list[bytes]) -> None:
    bench, feed = in_memory(), Feed(found=[Gap(TOPIC, 0, 3, 10)])
    feed.put(*packets[:3])
    with running(bench.engine(1), feed):
        until(lambda: archived(bench) == 3)
    gone = [row for row in bench.store.counts().to_pylist() if row["outcome"] == "GAP"]
    assert [(row["topic"], row["stage"], row["n"]) for row in gone] == [(TOPIC, "source", 7)]
    assert audit(bench.store, bench.control, bench.raw).ok


def test_several_sources_are_read_side_by_side(packets: list[bytes]) -> None:
    bench, one, other = in_memory(), Feed(), Feed(topic="other")
    with running(bench.engine(), Together((one, other))) as errors:
        other.put(*packets[::2])
        until(lambda: archived(bench) == len(packets[::2]))
        one.put(*packets[1::2])
        until(lambda: archived(bench) == len(packets))
    assert errors == []
    places = [Position(TOPIC, 0, len(packets[1::2])), Position("other", 0, len(packets[::2]))]
    assert list(bench.store.positions()) == sorted(places)
    assert one.closed
    assert other.closed


def test_a_science_file_is_written_also_when_nothing_comes_any_more(
    packets: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "FILE_SECONDS", 1.0)
    monkeypatch.setattr(overlapped, "TICK", 0.05)
    bench, feed = in_memory(), Feed()
    feed.put(*packets, b"no packet")
    with running(bench.engine(), feed):
        until(lambda: archived(bench) == len(packets))
        until(lambda: not bench.store.pending(), 5)
        assert bench.science.files("alerts")
        assert bench.science.files("dead")


@dataclass
class Moody:
    """A sink that can be down or slow."""

    inner: MemorySink = field(default_factory=MemorySink)
    down: Exception | None = None
    seconds: float = 0.0
    opened: int = 0

    def open(self) -> MoodyWriter:
        """Begin, unless it is down."""
        if self.down:
            raise self.down
        self.opened += 1
        return MoodyWriter(self)


class MoodyWriter:
    """Its writer."""

    def __init__(self, sink: Moody) -> None:
        self._sink = sink
        self._inner = sink.inner.open()

    def write(self, batch: pa.RecordBatch) -> None:
        """Write, late or never."""
        time.sleep(self._sink.seconds)
        if self._sink.down:
            raise self._sink.down
        self._inner.write(batch)

    def flush(self) -> None:
        """Flush."""
        self._inner.flush()

    def close(self) -> None:
        """Lose what was not flushed."""


def with_route(bench: Bench, sink: Moody) -> Bench:
    """The same with one more route."""
    bench.control.add_route(Route("moody", "memory"))
    routes = (*bench.corridor.routes, (Route("moody", "memory"), LateSink(sink)))
    return replace(bench, corridor=replace(bench.corridor, routes=routes))


def lag(bench: Bench) -> int:
    """Tags behind the cursor of the moody route."""
    return bench.store.last_tag() - bench.control.cursor("moody")


@pytest.mark.parametrize("error", [DeliveryError("nobody listens"), StorageError("the disk is full")])
def test_a_sink_that_is_down_holds_up_nobody_and_gets_everything_when_it_is_back(
    error: Exception, packets: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LONGEST_PAUSE", 0.1)
    sink, feed, metrics = Moody(down=error), Feed(), PrometheusMetrics()
    bench = with_route(in_memory(), sink)
    engine = LocalEngine(replace(bench.corridor, observer=metrics), batch=2, patient=True)
    engine.recover()
    with running(engine, feed) as errors:
        feed.put(*packets[:7])
        until(lambda: archived(bench) == 7 and len(bench.sink.durable) == bench.store.last_tag())
        first = lag(bench)
        assert first == bench.store.last_tag() > 0
        feed.put(*packets[7:])
        until(lambda: archived(bench) == len(packets) and len(bench.sink.durable) == bench.store.last_tag())
        assert lag(bench) > first
        until(lambda: metrics.figures().by("linnet_trouble", "what") == {str(error): 1.0})
        sink.down = None
        until(lambda: lag(bench) == 0)
        until(lambda: not metrics.figures().total("linnet_trouble"))
    assert errors == []
    ids = [[row["dedup_id"] for row in each.durable] for each in (bench.sink, sink.inner)]
    assert ids[0] == ids[1]


def test_a_sink_that_stays_down_does_not_hold_up_the_end(packets: list[bytes]) -> None:
    sink, feed = Moody(down=DeliveryError("nobody listens")), Feed()
    bench = with_route(in_memory(), sink)
    feed.put(*packets)
    with running(LocalEngine(bench.corridor, patient=True), feed) as errors:
        until(lambda: archived(bench) == len(packets))
        stopped = time.monotonic()
    assert time.monotonic() - stopped < 8
    assert errors == []
    assert len(bench.sink.durable) == bench.store.last_tag() == lag(bench)


def test_a_slow_sink_is_left_behind_at_the_end_and_goes_on_where_it_was(
    packets: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "GRACE", 0.2)
    sink, feed = Moody(seconds=0.4), Feed()
    bench = with_route(in_memory(), sink)
    with running(LocalEngine(bench.corridor, batch=1, age=0.01, patient=True), feed) as errors:
        for value in packets:
            feed.put(value)
        until(lambda: archived(bench) == len(packets) and len(bench.sink.durable) == bench.store.last_tag())
        assert lag(bench) > 0
    assert errors == []
    sink.seconds = 0.0
    with running(LocalEngine(bench.corridor, patient=True), Feed()):
        until(lambda: lag(bench) == 0)
    sent = [row["dedup_id"] for row in sink.inner.durable]
    assert sorted(set(sent)) == sorted(row["dedup_id"] for row in bench.sink.durable)


def test_without_patience_a_sink_that_is_down_ends_the_run(packets: list[bytes]) -> None:
    sink, feed = Moody(down=DeliveryError("nobody listens")), Feed()
    bench = with_route(in_memory(), sink)
    feed.put(*packets)
    with running(bench.engine(), feed) as errors:
        until(lambda: errors != [])
    assert [str(error) for error in errors] == ["nobody listens"]


def test_an_error_of_the_store_or_of_the_source_ends_the_run_and_keeps_what_was_acknowledged(
    packets: list[bytes],
) -> None:
    bench, feed = in_memory(), Feed()
    commit = bench.store.commit

    def full(unit: Unit) -> None:
        if unit.number == 3:
            raise StorageError("the disk is full")
        commit(unit)

    bench.store.commit = full  # type: ignore[method-assign]  # a disk that fills up
    feed.put(*packets)
    with running(LocalEngine(bench.corridor, batch=1, patient=True), feed) as errors:
        until(lambda: errors != [])
    assert [str(error) for error in errors] == ["the disk is full"]
    assert bench.store.last_unit() == 2
    assert len(bench.sink.durable) == bench.store.last_tag()
    assert feed.closed
    bench.store.commit = commit  # type: ignore[method-assign]  # there is room again
    again = Feed(fails=GapError("messages are gone"))
    again.put(*packets[2:])
    with running(LocalEngine(bench.corridor, patient=True), again) as errors:
        until(lambda: errors != [])
    assert [str(error) for error in errors] == ["messages are gone"]


def test_a_second_run_of_one_engine_delivers_as_the_first(packets: list[bytes]) -> None:
    bench = in_memory()
    engine = bench.engine()
    for part in (packets[:7], packets[7:]):
        engine.run([MemorySource.of(part)], resume=False)
        assert len(bench.sink.durable) == bench.store.last_tag() > 0
