"""What a running broker counts: exact under many threads, readable by Prometheus, and honest about its health."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from corridors import in_memory
from linnet.adapters.memory_source import MemorySource
from linnet.adapters.memory_store import MemoryStore
from linnet.adapters.metrics_server import MetricsServer, read_metrics
from linnet.adapters.prometheus_metrics import EDGES, PrometheusMetrics, figures
from linnet.app import reporting
from linnet.app.reporting import health, line
from linnet.core.envelope import Gap
from linnet.core.figures import Figures
from linnet.core.observing import Observer, Unobserved
from linnet.engines.local import LocalEngine
from linnet.errors import ConfigError, ServiceError, StorageError
from linnet.operations.audit import audit
from live_home import numbers


def nothing() -> tuple[bool, dict[str, str]]:
    """A health without a store."""
    return True, {"status": "ok"}


@pytest.mark.parametrize("scale", [0.05, 1.0, 20.0])
@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.98, 1.0])
def test_a_quantile_lies_in_the_bucket_of_the_true_one(part: float, scale: float) -> None:
    ages = np.random.default_rng(1).exponential(scale, 5000)
    metrics = PrometheusMetrics()
    for some in np.array_split(ages, 7):
        metrics.taken(some)
    found = metrics.figures().quantile("linnet_commit_age_seconds", part)
    true = float(np.quantile(ages, part, method="inverted_cdf"))
    place = int(np.searchsorted(EDGES, true))
    assert found is not None
    assert (0.0, *EDGES)[place] <= found <= EDGES[place]


def test_a_quantile_of_nothing_is_none_and_one_beyond_all_edges_is_the_last_edge() -> None:
    metrics = PrometheusMetrics()
    assert metrics.figures().quantile("linnet_commit_age_seconds", 0.5) is None
    metrics.taken(np.array([1e6]))
    assert metrics.figures().quantile("linnet_commit_age_seconds", 0.5) == EDGES[-1]


def test_ages_are_counted_as_an_independent_count_of_them() -> None:
    ages = np.random.default_rng(2).exponential(3.0, 1000)
    metrics = PrometheusMetrics()
    metrics.delivered("files", 1000, 1.5, ages)
    text = metrics.text().decode()
    buckets = numbers(text, "linnet_delivery_age_seconds_bucket", "le")
    assert {edge: int((ages <= float(edge)).sum()) for edge in buckets} == buckets
    assert numbers(text, "linnet_delivery_age_seconds_sum")[""] == pytest.approx(ages.sum())
    assert numbers(text, "linnet_sent_messages_total", "route") == {"files": 1000.0}


def test_many_threads_lose_no_count() -> None:
    metrics = PrometheusMetrics()

    def work() -> None:
        for _ in range(300):
            metrics.polled(2, 10)
            metrics.worked("plan", 2, 0.5)
            metrics.taken(np.array([0.1, 0.2]))
            metrics.text()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = metrics.figures()
    assert found.total("linnet_polled_messages_total") == 2400
    assert found.total("linnet_work_seconds_total", stage="plan") == 600
    assert found.total("linnet_commit_age_seconds_count") == 2400


def test_what_prometheus_reads_is_what_is_counted() -> None:
    metrics = PrometheusMetrics(lambda: {"files": 3})
    metrics.lag({('/a "quoted"\n folder/', 0): 4, ("other", 7): 5})
    metrics.gap(Gap("other", 7, 3, 10))
    metrics.trouble("source", "it is\ndown")
    metrics.waiting("plan", 2, 1e6)
    server = MetricsServer(0, metrics.text, nothing)
    try:
        read = read_metrics(server.port)
    finally:
        server.close()
    assert read.values == metrics.figures().values == figures(metrics.text().decode()).values
    assert read.by("linnet_source_lag_messages", "partition") == {"0": 4.0, "7": 5.0}
    assert read.total("linnet_gap_messages_total", topic="other", partition="7") == 7
    assert read.by("linnet_route_lag", "route") == {"files": 3.0}
    assert read.by("linnet_trouble", "what") == {"it is\ndown": 1.0}
    metrics.trouble("source", None)
    assert metrics.figures().by("linnet_trouble", "what") == {}


def test_every_observer_takes_what_an_engine_tells(samples: Path) -> None:
    paths = [*sorted((samples / "ztf/transient").iterdir()), *sorted((samples / "broken").iterdir())]
    metrics, bench = PrometheusMetrics(), in_memory()
    observers: tuple[Observer, ...] = (Unobserved(), metrics)
    for observer in observers:
        engine = LocalEngine(replace(bench.corridor, observer=observer), batch=4)
        engine.run([MemorySource.of([path.read_bytes() for path in paths])], resume=False)
        engine.finish()
    found, account = metrics.figures(), audit(bench.store, bench.control, bench.raw)
    # The second time everything is a repeat, and only that was watched.
    assert found.total("linnet_stage_rows_total", outcome="DUPLICATE") == account.duplicates == len(paths)
    assert found.by("linnet_dead_letters_total", "reason") == {}
    assert {"open", "plan", "commit", "flush"} <= found.by("linnet_work_seconds_total", "stage").keys()
    assert found.total("linnet_commit_age_seconds_count") == len(paths)


def test_a_report_tells_what_was_added_and_sums_dead_letters_by_reason() -> None:
    def at(seconds: float, **numbers: float) -> Figures:
        labels = {"received": {"stage": "decode", "outcome": "in"}, "archived": {"stage": "archive", "outcome": "out"}}
        values = {
            ("linnet_stage_rows_total", frozenset(labels[k].items())): v for k, v in numbers.items() if k in labels
        }
        dead = {k: v for k, v in numbers.items() if k not in labels}
        values |= {("linnet_dead_letters_total", frozenset({("reason", k)})): v for k, v in dead.items()}
        return Figures(values, seconds)

    told = line(at(100.0, received=10, archived=10), at(110.0, received=50, archived=45, BAD_DATUM=4, TOO_LARGE=1))
    assert told == {
        "received": 40,
        "rate": 4.0,
        "archived": 35,
        "lag": 0,
        "dead": {"BAD_DATUM": 4, "TOO_LARGE": 1},
    }


@pytest.fixture(name="store")
def an_empty_store() -> MemoryStore:
    store = in_memory().store
    assert isinstance(store, MemoryStore)
    return store


def test_health_is_ok_while_nothing_waits_and_stalled_where_something_does(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "STALLED", 0.05)
    metrics = PrometheusMetrics()
    time.sleep(0.06)
    assert health(store, metrics)[0]
    metrics.lag({("t", 0): 5})
    well, told = health(store, metrics)
    assert (well, told["status"], told["lag"], told["last_commit_age"]) == (False, "stalled", 5, None)


def test_health_fails_where_the_store_does_not_answer(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> int:
        raise StorageError("the disk is gone")

    monkeypatch.setattr(store, "last_unit", broken)
    assert health(store, PrometheusMetrics()) == (False, {"status": "failed", "trouble": ["the disk is gone"]})


@pytest.mark.parametrize(("well", "status"), [(True, 200), (False, 503)])
def test_the_health_page_has_the_status_of_the_health(well: bool, status: int) -> None:
    import httpx

    server = MetricsServer(0, lambda: b"", lambda: (well, {"status": "?"}))
    try:
        answer = httpx.get(f"http://127.0.0.1:{server.port}/health")
        assert (answer.status_code, answer.json()) == (status, {"status": "?"})
        with pytest.raises(ConfigError, match="choose another --metrics-port"):
            MetricsServer(server.port, lambda: b"", nothing)
    finally:
        server.close()


@pytest.mark.parametrize("text", [lambda: b"<html>", lambda: b"linnet_lag{ 3"])
def test_something_else_at_the_port_is_one_line(text: Callable[[], bytes]) -> None:
    server = MetricsServer(0, text, nothing)
    try:
        with pytest.raises(ServiceError, match=f"port {server.port}"):
            read_metrics(server.port)
    finally:
        server.close()
    with pytest.raises(ServiceError, match="no broker answers"):
        read_metrics(server.port)
