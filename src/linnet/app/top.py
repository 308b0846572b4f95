"""What `linnet top` shows, and where it comes from: the metrics of a running broker, or the home alone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from rich.live import Live

from linnet.adapters.metrics_server import HOST, read_metrics
from linnet.app.config import settings
from linnet.app.console import out
from linnet.app.home import Home
from linnet.app.top_view import frame
from linnet.app.wiring import Parts, reader
from linnet.core.accounting import JUDGING, MODULE
from linnet.core.figures import Figures
from linnet.core.ports import Progress
from linnet.errors import ServiceError


@dataclass(frozen=True)
class Glass:
    """Where to look.

    Attributes:
        title: what is looked at. read: gives its figures now.
    """

    title: str
    read: Callable[[], Figures]


def watch(home: Home | None, port: int | None, *, every: float, once: bool) -> None:
    """Show frames until stopped (Ctrl-C), or one.

    Args:
        home: whose broker to watch, unless the port is known.
        port: of its metrics.
        every: seconds between frames.
        once: print one frame and return.

    Raises:
        ServiceError: nobody answers at this port.
        StorageError: the home cannot be read.
    """
    with _glass(home, port) as glass:
        before = glass.read()
        time.sleep(min(every, 1.0))
        now = glass.read()
        if once:
            out.print(frame(glass.title, before, now))
            return
        # Ctrl-C is how one stops it.
        with (
            suppress(KeyboardInterrupt),
            Live(frame(glass.title, before, now), console=out, screen=out.is_terminal, auto_refresh=False) as live,
        ):
            while True:
                time.sleep(every)
                before, now = now, glass.read()
                live.update(frame(glass.title, before, now), refresh=True)


@contextmanager
def _glass(home: Home | None, port: int | None) -> Iterator[Glass]:
    if port is not None:
        yield _broker(port)
        return
    if home is None:
        raise ServiceError("neither a home nor a port to look at")
    found = _running(home)
    if found is not None:
        yield found
        return
    with reader(home, settings(home.path)) as parts:
        yield Glass(f"{home.path}: no broker runs on it; all that is in the home", lambda: of_home(parts))


def _broker(port: int) -> Glass:
    return Glass(f"the broker at {HOST}:{port}, since it was started", lambda: read_metrics(port))


def _running(home: Home) -> Glass | None:
    """The broker that runs on this home, if one answers; a killed one leaves its note behind."""
    try:
        found = _broker(int(json.loads(home.running.read_text(encoding="utf-8"))["port"]))
        found.read()
    except (OSError, ValueError, KeyError, TypeError, ServiceError):
        return None
    return found


def of_home(parts: Parts) -> Figures:
    """The figures that a home can tell by itself, over all its time, under the names of the metrics."""
    values: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}

    def add(name: str, number: float, **labels: str) -> None:
        key = (name, frozenset(labels.items()))
        values[key] = values.get(key, 0.0) + number

    for row in parts.store.counts().select(["stage", "outcome", "n"]).to_pylist():
        if row["stage"] == MODULE:
            add("linnet_module_failures_total", row["n"], module=row["outcome"])
        elif row["stage"] == JUDGING:
            add("linnet_filter_failures_total", row["n"], filter=row["outcome"])
        else:
            add("linnet_stage_rows_total", row["n"], stage=row["stage"], outcome=row["outcome"])
    for reason, n in parts.store.dead_counts().items():
        add("linnet_dead_letters_total", n, reason=reason)
    for row in parts.store.tag_counts().to_pylist():
        add("linnet_matches_total", row["n"], filter=row["filter"], version=str(row["version"]))
    newest, state = parts.store.last_tag(), parts.control.delivered()
    for route in parts.control.routes():
        progress = state.get(route.name, Progress())
        add("linnet_route_lag", newest - progress.seq, route=route.name)
        add("linnet_sent_messages_total", progress.sent, route=route.name)
    return Figures(values, time.time())
