"""An observer that counts for Prometheus, in its text format.

Counts start with the process. Every count of alerts is of committed ones, so over one process's life it is what
`linnet audit` counts in the same time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock

import numpy as np
from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector, CollectorRegistry

from linnet.core.accounting import JUDGING, MODULE
from linnet.core.envelope import Gap
from linnet.core.figures import Figures
from linnet.core.observing import Seconds
from linnet.core.reasons import DUPLICATE
from linnet.core.unit import STAGES, Unit

EDGES = (
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.3,
    0.5,
    0.75,
    1,
    1.5,
    2,
    3,
    4,
    5,
    6,
    8,
    10,
    15,
    20,
    30,
    40,
    60,
    120,
    300,
    900,
    3600,
)
"""Upper edges of the histograms of ages, in seconds; fine around the seconds in which an alert should be through."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class _Declared:
    """A metric: "counter", "gauge" or "histogram", its labels, and what it says."""

    kind: str
    labels: tuple[str, ...]
    text: str


_METRICS = {
    "linnet_polled_messages": _Declared("counter", (), "Messages taken from sources."),
    "linnet_polled_bytes": _Declared("counter", (), "Their bytes."),
    "linnet_stage_rows": _Declared(
        "counter", ("survey", "stage", "outcome"), "Alerts by stage: in, out, or the reason why they were dropped."
    ),
    "linnet_dead_letters": _Declared("counter", ("reason",), "Dead letters by reason."),
    "linnet_module_failures": _Declared("counter", ("module",), "Batches in which a science module failed."),
    "linnet_filter_failures": _Declared("counter", ("filter",), "Batches in which a filter raised or took too long."),
    "linnet_matches": _Declared("counter", ("filter", "version"), "Alerts that passed a filter."),
    "linnet_gap_messages": _Declared("counter", ("topic", "partition"), "Messages passed over, because they are gone."),
    "linnet_work_seconds": _Declared(
        "counter", ("stage",), "Seconds spent in a stage. All filters are judged together: `filter` is their sum."
    ),
    "linnet_work_rows": _Declared("counter", ("stage",), "Rows that went through it meanwhile."),
    "linnet_commits": _Declared("counter", (), "Units committed."),
    "linnet_sent_messages": _Declared("counter", ("route",), "Messages delivered durably."),
    "linnet_sent_seconds": _Declared("counter", ("route",), "Seconds spent in the sink."),
    "linnet_commit_age_seconds": _Declared("histogram", (), "From a message's own time to its commit."),
    "linnet_delivery_age_seconds": _Declared("histogram", ("route",), "From a message's own time to its delivery."),
    "linnet_source_lag_messages": _Declared("gauge", ("topic", "partition"), "Messages that wait in the source."),
    "linnet_trouble": _Declared("gauge", ("where", "what"), "1 while a source or a route does not work."),
    "linnet_queue_items": _Declared("gauge", ("queue",), "Batches that wait between two stages."),
    "linnet_queue_bytes": _Declared("gauge", ("queue",), "Their bytes."),
    "linnet_route_lag": _Declared("gauge", ("route",), "Matches in the tag log behind a route's cursor."),
    "linnet_last_commit_timestamp_seconds": _Declared("gauge", (), "When the last unit was committed."),
}

_Key = tuple[str, tuple[str, ...]]


class PrometheusMetrics(Collector):
    """Counts what an engine does. Any thread may tell and any may read.

    Args:
        route_lags: asked whenever somebody reads: matches behind the cursor of each route.
    """

    def __init__(self, route_lags: Callable[[], Mapping[str, int]] | None = None) -> None:
        self._route_lags = route_lags
        self._lock = Lock()
        self._values: dict[_Key, float] = {}
        self._ages: dict[_Key, tuple[np.ndarray[tuple[int], np.dtype[np.int64]], float]] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self.started = time.monotonic()
        self.progressed = self.started

    def text(self) -> bytes:
        """Everything in the text format of Prometheus."""
        return generate_latest(self._registry)

    def figures(self) -> Figures:
        """The same as numbers."""
        return _figures(self.collect())

    def collect(self) -> Iterator[Metric]:
        """Everything, as the client library wants it."""
        lags = self._route_lags() if self._route_lags else {}
        with self._lock:
            values = dict(self._values)
            ages = dict(self._ages)
        values.update({("linnet_route_lag", (name,)): float(n) for name, n in lags.items()})
        for name, declared in _METRICS.items():
            if declared.kind == "histogram":
                yield _histogram(name, declared, {key[1]: found for key, found in ages.items() if key[0] == name})
            else:
                family = CounterMetricFamily if declared.kind == "counter" else GaugeMetricFamily
                metric = family(name, declared.text, labels=declared.labels)
                for (each, labels), value in values.items():
                    if each == name:
                        metric.add_metric(labels, value)
                yield metric

    def polled(self, rows: int, size: int) -> None:
        """Count messages."""
        self._add({("linnet_polled_messages", ()): rows, ("linnet_polled_bytes", ()): size})

    def worked(self, stage: str, rows: int, seconds: float) -> None:
        """Count the seconds of a stage."""
        self._add({("linnet_work_seconds", (stage,)): seconds, ("linnet_work_rows", (stage,)): rows})

    def committed(self, unit: Unit) -> None:
        """Count alerts by stage, dead letters, failed modules and matches."""
        found: dict[_Key, float] = {("linnet_commits", ()): 1}
        for row in unit.counts.select(["survey", "stage", "outcome", "n"]).to_pylist():
            # What is taken out of the account again was counted when it came: no counter goes back.
            for key in _counted(row["survey"] or "", row["stage"], row["outcome"]) if row["n"] > 0 else ():
                found[key] = found.get(key, 0) + row["n"]
        tags = unit.tags.group_by(["filter", "version"], use_threads=False).aggregate([([], "count_all")])
        for row in tags.to_pylist():
            found["linnet_matches", (row["filter"], str(row["version"]))] = row["count_all"]
        self._add(found)
        self._set({("linnet_last_commit_timestamp_seconds", ()): time.time()})
        self.progressed = time.monotonic()

    def taken(self, ages: Seconds) -> None:
        """Count the ages of committed messages."""
        self._age("linnet_commit_age_seconds", (), ages)

    def delivered(self, route: str, rows: int, seconds: float, ages: Seconds) -> None:
        """Count what a sink took."""
        self._add({("linnet_sent_messages", (route,)): rows, ("linnet_sent_seconds", (route,)): seconds})
        self._age("linnet_delivery_age_seconds", (route,), ages)

    def trouble(self, where: str, what: str | None) -> None:
        """Show trouble, or that it is over."""
        with self._lock:
            for key in [key for key in self._values if key[0] == "linnet_trouble" and key[1][0] == where]:
                del self._values[key]
            if what is not None:
                self._values["linnet_trouble", (where, what)] = 1

    def waiting(self, queue: str, items: int, size: float) -> None:
        """Show how much waits."""
        self._set({("linnet_queue_items", (queue,)): items, ("linnet_queue_bytes", (queue,)): size})

    def lag(self, messages: Mapping[tuple[str, int], int]) -> None:
        """Show how far the source is ahead."""
        self._set({("linnet_source_lag_messages", (topic, str(part))): n for (topic, part), n in messages.items()})

    def gap(self, gap: Gap) -> None:
        """Count what is gone."""
        self._add({("linnet_gap_messages", (gap.topic, str(gap.partition))): gap.lost})

    def _add(self, more: Mapping[_Key, float]) -> None:
        with self._lock:
            for key, value in more.items():
                self._values[key] = self._values.get(key, 0) + value

    def _set(self, now: Mapping[_Key, float]) -> None:
        with self._lock:
            self._values.update(now)

    def _age(self, name: str, labels: tuple[str, ...], ages: Seconds) -> None:
        counts = np.bincount(np.searchsorted(EDGES, ages), minlength=len(EDGES) + 1)
        with self._lock:
            before, total = self._ages.get((name, labels), (np.zeros_like(counts), 0.0))
            self._ages[name, labels] = (before + counts, total + float(ages.sum()))


def figures(text: str) -> Figures:
    """What `PrometheusMetrics.text` says.

    Raises:
        ValueError: it is something else.
    """
    return _figures(text_string_to_metric_families(text))


def _figures(metrics: Iterable[Metric]) -> Figures:
    values = {(s.name, frozenset(s.labels.items())): s.value for metric in metrics for s in metric.samples}
    return Figures(values, time.time())


def _counted(survey: str, stage: str, outcome: str) -> list[_Key]:
    """Under which metrics a stage count goes."""
    if stage == MODULE:
        return [("linnet_module_failures", (outcome,))]
    if stage == JUDGING:
        return [("linnet_filter_failures", (outcome,))]
    if stage not in STAGES:
        return []
    found: list[_Key] = [("linnet_stage_rows", (survey, stage, outcome))]
    return found if outcome in {"in", "out", DUPLICATE} else [*found, ("linnet_dead_letters", (outcome,))]


def _histogram(
    name: str,
    declared: _Declared,
    found: Mapping[tuple[str, ...], tuple[np.ndarray[tuple[int], np.dtype[np.int64]], float]],
) -> Metric:
    metric = HistogramMetricFamily(name, declared.text, labels=declared.labels)
    for labels, (counts, total) in found.items():
        edges = [*(str(float(edge)) for edge in EDGES), "+Inf"]
        metric.add_metric(labels, list(zip(edges, np.cumsum(counts).astype(float).tolist(), strict=True)), total)
    return metric
