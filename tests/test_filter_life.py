"""A filter's life in an engine: switched on and off between two tags, and off with a notice where it does wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pytest

from corridors import PLAN, Bench, in_memory
from linnet.adapters.memory_control import MemoryControl
from linnet.adapters.memory_source import MemorySource
from linnet.adapters.memory_store import MemoryStore
from linnet.adapters.prometheus_metrics import PrometheusMetrics
from linnet.app import wiring
from linnet.app.feed import FilterFeed
from linnet.core.column import Column, real
from linnet.core.filter_port import Details, Judged
from linnet.engines.local import LocalEngine
from linnet.operations.audit import audit
from live_feed import Feed, running, until


@pytest.fixture(name="packets", scope="module")
def packets_of_one_object(samples: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((samples / "ztf/transient").iterdir())]


def add(bench: MemoryControl | Bench, name: str, text: str, details: Details = Details()) -> int:  # noqa: B008 - never changed
    control = bench.control if isinstance(bench, Bench) else bench
    version = control.add_filter(name, text, topic_line="a test", details=details)
    control.set_active(name, version)
    return version


@dataclass(frozen=True)
class Crashing(Column):
    """A column that cannot be had."""

    def empty(self, length: int) -> pa.Array:
        """Never."""
        raise RuntimeError(f"no {length} rows of it")


class Plan:
    """A plan with one column more, which nobody gives."""

    def __init__(self) -> None:
        self.columns = {**PLAN.columns, "crash": Crashing(**real("It crashes.").__dict__)}

    def __getattr__(self, name: str) -> object:
        """Everything else as the plan does it."""
        return getattr(PLAN, name)


def with_crash(bench: Bench) -> Bench:
    """The same corridor with a column that crashes."""
    plan = Plan()
    feed = FilterFeed(bench.control, bench.store, plan)  # type: ignore[arg-type]  # a double that delegates
    given = {"plan": plan, "filters": feed, "filters_changed": feed.changed, "filter_failures": feed.failures}
    corridor = replace(bench.corridor, **given)  # type: ignore[arg-type]  # the same
    return replace(bench, corridor=corridor)


def tags(bench: Bench) -> list[tuple[int, str, int]]:
    found = bench.store.tags_after(0, 100_000).to_pylist()
    return [(row["alert_id"], row["filter"], row["version"]) for row in found]


def test_a_filter_that_crashes_is_counted_switched_off_and_costs_the_others_no_tag(packets: list[bytes]) -> None:
    whole = in_memory()
    whole.engine(2).run([MemorySource.of(packets)])
    bench, metrics = with_crash(in_memory()), PrometheusMetrics()
    add(bench, "antares", "mag < 99 and crash > 0")
    engine = LocalEngine(replace(bench.corridor, observer=metrics), batch=2)
    engine.run([MemorySource.of(packets)])
    assert tags(bench) == tags(whole)
    found = audit(bench.store, bench.control, bench.raw)
    assert found.ok, found.problems
    assert found.filters_failed == {"antares": 3}
    assert metrics.figures().by("linnet_filter_failures_total", "filter") == {"antares": 3.0}
    (notice,) = bench.control.notices()
    assert (notice.filter, notice.version, notice.kind, notice.owner) == ("antares", 1, "failed", "local")
    assert "RuntimeError: no 2 rows of it" in notice.text
    assert "antares" not in {f.name for f in bench.control.filters(active=True)}
    assert whole.corridor.filters().versions == bench.corridor.filters().versions


def test_a_filter_is_taken_up_and_left_while_no_alert_comes(packets: list[bytes]) -> None:
    bench, feed = in_memory(), Feed()
    with running(bench.engine(), feed) as errors:
        feed.put(*packets[:3])
        until(lambda: bench.store.last_tag() > 0)
        until(lambda: len(bench.sink.durable) == bench.store.last_tag())
        end = bench.store.last_tag()
        add(bench, "later", "alert_id is not null")
        until(lambda: ("later", 1, end + 1) in bench.control.activations())
        feed.put(*packets[3:5])
        until(lambda: sum(len(ids) for ids in bench.store.alert_ids().values()) == 5)
        second = bench.store.last_tag()
        bench.control.set_active("later", None)
        until(lambda: bench.control.activation_log("later")[0].until is not None)
        feed.put(*packets[5:])
        until(lambda: sum(len(ids) for ids in bench.store.alert_ids().values()) == len(packets))
    assert errors == []
    (log,) = bench.control.activation_log("later")
    assert (log.since, log.until) == (end + 1, second)
    rows = bench.store.tags_after(0, 10_000).to_pylist()
    assert [end < row["seq"] <= second for row in rows] == [
        row["alert_id"] in {r["alert_id"] for r in rows if r["filter"] == "later"} for row in rows
    ]


@pytest.fixture(name="switching")
def filters_that_are_switched_all_the_time(packets: list[bytes]) -> Iterator[tuple[Bench, list[bytes]]]:
    """A corridor in which two versions of a filter take turns while packets are taken one by one."""
    bench, done = in_memory(), threading.Event()
    versions = [add(bench, "turns", text) for text in ("alert_id is not null", "mjd is not null")]

    def switch() -> None:
        while not done.wait(0.004):
            versions.reverse()
            bench.control.set_active("turns", versions[0])

    thread = threading.Thread(target=switch)
    thread.start()
    yield bench, packets
    done.set()
    thread.join()


def test_every_alert_is_judged_by_one_version_and_the_log_says_by_which(
    switching: tuple[Bench, list[bytes]],
) -> None:
    bench, packets = switching
    with running(bench.engine(1), feed := Feed()) as errors:
        for value in packets:
            feed.put(value)
            time.sleep(0.01)
        until(lambda: sum(len(ids) for ids in bench.store.alert_ids().values()) == len(packets))
    assert errors == []
    rows = [row for row in bench.store.tags_after(0, 10_000).to_pylist() if row["filter"] == "turns"]
    assert sorted(row["alert_id"] for row in rows) == sorted(
        i for ids in bench.store.alert_ids().values() for i in ids.to_pylist()
    )
    assert {row["version"] for row in rows} == {1, 2}
    held = [each for each in bench.control.activation_log("turns") if each.since is not None]
    for row in rows:
        by = [each.version for each in held if (each.since or 0) <= row["seq"] <= (each.until or 10**9)]
        assert by == [row["version"]]


def test_a_filter_that_names_one_that_is_switched_off_is_switched_off_too_and_told() -> None:
    control = MemoryControl()
    add(control, "base", "mag < 18")
    add(control, "built_on_it", "tag('base') and n_detections > 2")
    add(control, "apart", "mag < 17")
    feed = FilterFeed(control, MemoryStore(wiring.stored_columns(PLAN)), PLAN)
    assert [name for name, _ in feed().versions] == ["apart", "base", "built_on_it"]
    before = feed().needs
    control.set_active("base", control.add_filter("base", "snr > 9", topic_line=""))
    assert set(feed().needs) - set(before) == {"snr"}
    control.set_active("base", None)
    assert [name for name, _ in feed().versions] == ["apart"]
    (notice,) = control.notices()
    assert (notice.filter, notice.kind) == ("built_on_it", "unfit")
    assert "base" in notice.text


def test_examples_are_run_at_every_start_and_tell_once_what_is_wrong() -> None:
    control = MemoryControl()
    bright, faint = (Judged(f"mag {mag}", (("mag", mag),)) for mag in (17.0, 19.0))
    add(control, "sound", "mag < 18", Details(must_pass=(bright,), must_not=(faint,)))
    add(control, "odd", "mag > 18", Details(must_pass=(bright,), must_not=(faint, Judged("gone", (("gone", 1.0),)))))
    add(control, "turned", "mag > 18", Details(must_pass=(bright,), must_not=(faint,)))
    told: list[tuple[str, str]] = []
    for _ in range(2):
        store = MemoryStore(wiring.stored_columns(PLAN))
        feed = FilterFeed(control, store, PLAN, told=lambda name, _v, _k, text: told.append((name, text)))
        assert [name for name, _ in feed().versions] == ["odd", "sound", "turned"]
    assert told == [
        ("odd", "example `gone` names column gone, which does not exist"),
        ("turned", "example `mag 17.0` does not pass, and must; example `mag 19.0` passes, and must not"),
    ]
    assert [(n.filter, n.kind, n.text) for n in control.notices()] == [(n, "examples", t) for n, t in told]


def test_a_notice_of_examples_is_closed_once_they_are_right_again() -> None:
    control = MemoryControl()
    add(control, "sound", "mag < 18", Details(must_pass=(Judged("bright", (("mag", 17.0),)),)))
    control.notify("sound", 1, "examples", "a column meant something else then")
    FilterFeed(control, MemoryStore(wiring.stored_columns(PLAN)), PLAN)()
    assert control.notices() == []


def test_a_reader_of_a_home_switches_nothing_off() -> None:
    control = MemoryControl()
    add(control, "old", "a_column_of_old < 3")
    feed = FilterFeed(control, MemoryStore(wiring.stored_columns(PLAN)), PLAN, record=False)
    assert feed().versions == ()
    assert [f.active for f in control.filters()] == [True]
    assert control.notices() == []
    FilterFeed(control, MemoryStore(wiring.stored_columns(PLAN)), PLAN)()
    ((name, active, ended),) = [(f.name, f.active, f.ended) for f in control.filters()]
    assert (name, active) == ("old", False)
    assert ended.startswith("it does not fit any more: no column is named a_column_of_old")
