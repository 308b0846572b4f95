"""The live broker: the work behind `linnet run`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import structlog

from linnet.adapters.metrics_server import HOST, MetricsServer
from linnet.adapters.prometheus_metrics import PrometheusMetrics
from linnet.app.config import Settings
from linnet.app.home import Home
from linnet.app.live_source import Manner, live_sources
from linnet.app.reporting import Reporting, health
from linnet.app.retry_requests import requests
from linnet.app.stopping import until_signal
from linnet.app.wiring import Parts, writer
from linnet.core.avro_machine import kernels
from linnet.core.durable import replace_file, storage_errors
from linnet.core.kernels import compile_kernels
from linnet.core.ports import Progress
from linnet.engines.local import LocalEngine
from linnet.errors import LinnetError

log = structlog.get_logger("linnet")


def run(home: Home, settings: Settings, sources: Sequence[str], manner: Manner) -> None:
    """Take what the sources bring, until SIGTERM or SIGINT; then everything polled is committed and delivered.

    A second signal ends the process at once, which loses nothing either.

    Raises:
        InputError, ConfigError: a source or a setting cannot be used. Nothing is taken then.
        HomeLockedError: another process writes to the home.
        StorageError: the disk or database failed; what was acknowledged before stays, start again to go on.
        ServiceError: a source failed for good.
    """
    source = live_sources(sources, home, settings, manner)
    with ExitStack() as opened:
        parts, corridor = opened.enter_context(writer(home, settings, patient=True))
        metrics = PrometheusMetrics(lambda: _route_lags(parts))
        server = MetricsServer(settings.metrics_port, metrics.text, lambda: health(parts.store, metrics))
        opened.callback(server.close)
        corridor = replace(corridor, observer=metrics, errand=requests(parts))
        engine = LocalEngine(corridor, batch=settings.batch, age=settings.age, patient=True)
        opened.enter_context(until_signal(engine.stop))
        found = engine.recover()
        opened.enter_context(_noted(home, server.port))
        log.info("started", sources=list(sources), home=str(home.path), metrics=f"http://{HOST}:{server.port}/metrics")
        if found.cut_bytes or found.orphans:
            log.info("recovered", cut_bytes=found.cut_bytes, orphans=found.orphans)
        # The first alert is not to wait for what is compiled or loaded when it is first needed.
        kernels()
        compile_kernels()
        with Reporting(metrics, settings.report_every):
            engine.run([source])
        engine.finish()
        log.info("stopped", unit=parts.store.last_unit())


def _route_lags(parts: Parts) -> dict[str, int]:
    """Matches behind the cursor of each route; nothing where the home does not answer."""
    try:
        newest, state = parts.store.last_tag(), parts.control.delivered()
        return {route.name: newest - state.get(route.name, Progress()).seq for route in parts.control.routes()}
    except LinnetError:
        return {}


@contextmanager
def _noted(home: Home, port: int) -> Iterator[None]:
    """Write down where the broker of this home answers, for `linnet top`."""
    text = json.dumps({"pid": os.getpid(), "port": port})

    def write(part: Path) -> None:
        part.write_text(text + "\n", encoding="utf-8")

    with storage_errors(f"write {home.running}"):
        replace_file(home.running, write)
    try:
        yield
    finally:
        home.running.unlink(missing_ok=True)
