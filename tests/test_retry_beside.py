"""`linnet dead retry` while a broker runs: the night goes on, and what was parked comes in between its batches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from corridors import PLAN, SURVEYS, Bench, in_memory, on_disk
from fake_registry import FakeRegistry, serving
from future_lsst import later_message, registered, sent
from kafka_server import KafkaServer
from kafka_topics import fill
from linnet.adapters.home_lock import HomeLock
from linnet.adapters.memory_lists import MemoryListFiles
from linnet.adapters.memory_source import MemorySource
from linnet.adapters.prometheus_metrics import PrometheusMetrics
from linnet.adapters.schema_registry import SchemaRegistry
from linnet.app.config import Settings
from linnet.app.console import BUSY, OK, USAGE
from linnet.app.home import Home
from linnet.app.retry_requests import requests
from linnet.app.wiring import Parts
from linnet.core.envelope import Message, envelopes
from linnet.engines.local import LocalEngine
from linnet.operations.audit import Audit, audit
from live_feed import Feed, running, until
from live_home import LiveHome, stop
from live_home import running as broker_running
from processes import call, one_line

REASON = "UNKNOWN_SCHEMA"
MAJOR = 1200
TOPIC = "lsst-alerts-parked"


def as_later(values: list[bytes]) -> list[bytes]:
    """Alerts as a later major version sends them."""
    return [later_message(value, MAJOR, 0).value for value in values]


@dataclass
class Night:
    """A corridor that can be asked, with letters parked in it."""

    bench: Bench
    folder: Path

    def engine(self) -> LocalEngine:
        """An engine that takes requests up."""
        bench = self.bench
        parts = Parts(
            Home(self.folder),
            Settings(),
            PLAN,
            SURVEYS,
            bench.corridor.schemas,
            bench.store,
            bench.control,
            bench.raw,
            bench.science,
            MemoryListFiles(),
        )
        self.metrics = PrometheusMetrics()
        corridor = replace(bench.corridor, errand=requests(parts), observer=self.metrics)
        return LocalEngine(corridor, batch=2, age=0.01, patient=True)

    def accept(self) -> None:
        """Put the schema where it is looked for."""
        (self.folder / "schemas").mkdir()
        for number, text in registered(12, 0).items():
            (self.folder / "schemas" / f"{number}.json").write_text(text)

    def audited(self) -> Audit:
        """The account, which must be in order."""
        found = audit(self.bench.store, self.bench.control, self.bench.raw, deep=True)
        assert found.problems == []
        return found

    def answer(self, number: int) -> dict[str, Any]:
        """What was answered, waited for."""
        until(lambda: self.bench.control.retry_answer(number) is not None)
        found: dict[str, Any] = json.loads(self.bench.control.retry_answer(number) or "")
        return found


@pytest.fixture(params=["memory", "disk"])
def night(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Night]:
    with on_disk(tmp_path / "home") if request.param == "disk" else nullcontext(in_memory()) as made:
        vars(made.corridor.schemas)["_lookup"] = SchemaRegistry(folder=tmp_path / "schemas").open()
        yield Night(made, tmp_path)


def test_what_is_parked_is_released_between_the_batches_of_a_night_that_goes_on(night: Night) -> None:
    values = sent(12)
    feed = Feed(topic="lsst-alerts")
    with running(night.engine(), feed) as errors:
        feed.put(*as_later(values[:5]), b"\0\0\0\x07\xd0nonsense", *values[5:8])
        until(lambda: night.bench.store.dead_counts() == {REASON: 6} and sum(feed.taken) == 9)
        nothing = night.bench.control.ask_retry(REASON)
        assert night.answer(nothing) == {"offered": 0, "released": 0, "left": 6}
        night.accept()
        number = night.bench.control.ask_retry(REASON)
        feed.put(*values[8:])
        assert night.answer(number) == {"offered": 5, "released": 5, "left": 1}
        until(lambda: sum(place.offset for place in night.bench.store.positions()) == 13)
        refused = night.bench.control.ask_retry("DUP_CONFLICT")
        assert "DUP_CONFLICT cannot be offered again" in night.answer(refused)["error"]
    assert errors == []
    found = night.audited()
    assert (found.received, found.archived, found.dead, found.released) == (13, 12, {REASON: 1}, 5)
    assert found.matched["everything"] == 12
    assert len({row["dedup_id"] for row in night.bench.sink.durable if row["filter"] == "everything"}) == 12
    counted = night.metrics.figures()
    assert counted.total("linnet_dead_letters_total", reason=REASON) == 6
    assert counted.total("linnet_stage_rows_total", stage="archive", outcome="out") == 12


def test_the_same_store_comes_of_it_as_of_a_retry_between_two_runs(night: Night) -> None:
    values = sent(6)
    parked = [Message(value, "lsst-alerts", 0, n) for n, value in enumerate(as_later(values[:3]))]
    rest = [Message(value, "lsst-alerts", 0, n) for n, value in enumerate(values[3:], 3)]
    night.bench.engine().run([MemorySource((envelopes([*parked, *rest]),))])
    night.accept()
    number = night.bench.control.ask_retry(REASON)
    with running(night.engine(), Feed()) as errors:
        assert night.answer(number)["released"] == 3
    assert errors == []
    night.audited()
    straight = in_memory()
    vars(straight.corridor.schemas)["_lookup"] = SchemaRegistry(folder=night.folder / "schemas").open()
    straight.engine().run([MemorySource((envelopes([*parked, *rest]),))])
    assert night.bench.dump() == straight.dump()


def test_a_request_that_was_not_finished_is_done_by_the_next_run(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    values = as_later(sent(4))
    night.bench.engine().run(
        [MemorySource((envelopes([Message(v, "lsst-alerts", 0, n) for n, v in enumerate(values)]),))]
    )
    night.accept()
    number = night.bench.control.ask_retry(REASON)
    commit, left = type(night.bench.store).commit, [2]

    def failing(self: Any, unit: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise ZeroDivisionError
        commit(self, unit)

    monkeypatch.setattr(type(night.bench.store), "commit", failing)
    with pytest.raises(ZeroDivisionError):
        night.engine().run([Feed()])
    monkeypatch.undo()
    assert night.bench.control.retries() == [(number, REASON)]
    with running(night.engine(), Feed()) as errors:
        assert night.answer(number)["left"] == 0
    assert errors == []
    found = night.audited()
    assert (found.received, found.archived, found.dead, found.released) == (4, 4, {}, 4)


def test_one_command_releases_what_is_parked_while_the_broker_reads_kafka(kafka: KafkaServer, tmp_path: Path) -> None:
    home = LiveHome.make(tmp_path)
    kafka.create(TOPIC)
    values = sent(30)
    with serving(FakeRegistry(registered(12, 0))) as registry:
        (home.path / "linnet.toml").write_text(
            f'batch = 4\nage = 0.05\n[kafka]\nbootstrap = "{kafka.bootstrap}"\n[registry]\nurl = "{registry.url}"\n'
        )
        added = call("filter", "add", "everything", "alert_id is not null", "--home", home.path)
        assert added.returncode == OK, added.stderr
        with broker_running(home, sources=[f"kafka:{TOPIC}"]) as (process, _):
            fill(kafka, TOPIC, [*as_later(values[:10]), *values[10:20]])
            until(lambda: process.poll() is None and home.committed() == 20)
            waits = call("dead", "list", "--json", "--home", home.path)
            assert len(json.loads(waits.stdout)) == 10
            fill(kafka, TOPIC, values[20:], first=20)
            done = call("dead", "retry", "--accept", str(MAJOR), "--json", "--home", home.path)
            assert (done.returncode, done.stderr) == (OK, "")
            unknown = {"archived": None, "duplicates": None, "dead": None}
            assert json.loads(done.stdout) == {"offered": 10, **unknown, "released": 10, "left": 0}
            again = call("dead", "retry", "--home", home.path)
            first, second = again.stdout.splitlines()
            assert first == "0 offered again by the broker that runs here"
            assert second == "0 dead letters released, 0 left"
            until(lambda: home.committed() == 30)
            log = stop(process)
    assert [line["released"] for line in log if line["event"] == "dead letters offered again"] == [10, 0]
    found = home.audit(deep=True)
    assert (found["received"], found["archived"], found["dead"], found["released"]) == (30, 30, {}, 10)
    assert len({name for name in home.delivered() if ":everything:" in name}) == 30
    rebuilt = call("rebuild", "--json", "--home", home.path)
    assert (rebuilt.returncode, json.loads(rebuilt.stdout)["ok"]) == (OK, True)


def test_a_home_that_is_held_by_something_else_is_told_in_one_line_and_the_request_stays(tmp_path: Path) -> None:
    home = LiveHome.make(tmp_path)
    with HomeLock(home.path):
        done = call("dead", "retry", "--wait", "0.5", "--home", home.path)
        assert done.returncode == BUSY
        assert "has not answered; request 1 is written down" in one_line(done)
        bad = call("dead", "retry", "--reason", "BAD_VALUE", "--home", home.path)
        assert bad.returncode == USAGE
        assert "cannot be offered again" in one_line(bad)
    assert call("dead", "retry", "--home", home.path).returncode == OK
