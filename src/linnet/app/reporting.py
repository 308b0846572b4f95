"""How a running broker tells that it is well: one line every few seconds, and an answer to whoever asks."""

from __future__ import annotations

import time
from collections.abc import Mapping
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import structlog

from linnet.adapters.prometheus_metrics import PrometheusMetrics
from linnet.core.figures import Figures
from linnet.core.ports import Store
from linnet.core.reasons import DUPLICATE
from linnet.errors import LinnetError

STALLED = 120.0
"""Seconds without a commit, while something waits, after which a broker is not well."""

log = structlog.get_logger("linnet")


class Reporting:
    """Logs a line every so many seconds while its block runs, and one at its end.

    Args:
        metrics: what to tell.
        every: seconds.
    """

    def __init__(self, metrics: PrometheusMetrics, every: float) -> None:
        self._metrics = metrics
        self._every = every
        self._ended = Event()
        self._thread = Thread(target=self._run, name="linnet-report", daemon=True)
        self._last = metrics.figures()

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End with what was not told yet."""
        self._ended.set()
        self._thread.join()
        self._tell()

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            self._tell()

    def _tell(self) -> None:
        now, before = self._metrics.figures(), self._last
        self._last = now
        log.info("report", **line(before, now))


def line(before: Figures, now: Figures) -> dict[str, Any]:
    """What happened between two moments, and how things stand at the second one; what is zero is left out."""
    added = now.since(before)
    seconds = max(1e-9, now.at - before.at)
    received = int(added.total("linnet_stage_rows_total", stage="decode", outcome="in"))
    told: dict[str, Any] = {
        "received": received,
        "rate": round(received / seconds, 1),
        "archived": int(added.total("linnet_stage_rows_total", stage="archive", outcome="out")),
        "lag": int(now.total("linnet_source_lag_messages")),
        "backlog": {name: int(n) for name, n in now.by("linnet_route_lag", "route").items() if n},
        "duplicates": int(added.total("linnet_stage_rows_total", outcome=DUPLICATE)),
        "dead": {reason: int(n) for reason, n in added.by("linnet_dead_letters_total", "reason").items() if n},
        "matched": int(added.total("linnet_matches_total")),
        "delivered": int(added.total("linnet_sent_messages_total")),
        "modules_failed": {m: int(n) for m, n in added.by("linnet_module_failures_total", "module").items() if n},
        "filters_failed": {f: int(n) for f, n in added.by("linnet_filter_failures_total", "filter").items() if n},
        "gone": int(added.total("linnet_gap_messages_total")),
        "commit_p50": _short(added.quantile("linnet_commit_age_seconds", 0.5)),
        "commit_p98": _short(added.quantile("linnet_commit_age_seconds", 0.98)),
        "delivery_p98": _short(added.quantile("linnet_delivery_age_seconds", 0.98)),
        "trouble": list(now.by("linnet_trouble", "what")),
    }
    always = {"received", "rate", "archived", "lag"}
    return {name: value for name, value in told.items() if name in always or value}


def health(store: Store, metrics: PrometheusMetrics) -> tuple[bool, Mapping[str, Any]]:
    """Whether a running broker is well, asked of its store with a real query.

    Returns:
        Whether it is, and `status` ("ok", "stalled": something waits and nothing was committed for two minutes, or
        "failed": the store does not answer), `unit`, `lag` (messages), `last_commit_age` (s; null before the first),
        `backlog` (matches by route), `trouble` (sentences).
    """
    try:
        unit = store.last_unit()
    except LinnetError as error:
        return False, {"status": "failed", "trouble": [str(error)]}
    now = metrics.figures()
    lag, queued = now.total("linnet_source_lag_messages"), now.total("linnet_queue_items")
    age = time.monotonic() - metrics.progressed
    stalled = age > STALLED and lag + queued > 0
    return not stalled, {
        "status": "stalled" if stalled else "ok",
        "unit": str(unit),
        "lag": int(lag),
        "last_commit_age": round(age, 1) if metrics.progressed > metrics.started else None,
        "backlog": {name: int(n) for name, n in now.by("linnet_route_lag", "route").items()},
        "trouble": list(now.by("linnet_trouble", "what")),
    }


def _short(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)
