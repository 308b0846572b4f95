"""`/metrics` and `/health` of a running broker, for this machine alone."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.error import URLError

from linnet.adapters.prometheus_metrics import CONTENT_TYPE, figures
from linnet.core.figures import Figures
from linnet.errors import ConfigError, ServiceError

HOST = "127.0.0.1"

Health = Callable[[], tuple[bool, Mapping[str, Any]]]
"""Whether all is well, and what else there is to say; JSON-safe."""


class MetricsServer:
    """Answers until closed.

    Args:
        port: where; 0 takes one that is free.
        metrics: gives the text of `/metrics`.
        health: asked for `/health`, which answers 200 or 503.

    Attributes:
        port: where it answers.

    Raises:
        ConfigError: the port is in use or may not be taken.
    """

    def __init__(self, port: int, metrics: Callable[[], bytes], health: Health) -> None:
        try:
            self._server = ThreadingHTTPServer((HOST, port), _handler(metrics, health))
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {HOST} port {port}: {error.strerror}; choose another --metrics-port"
            ) from error
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = Thread(target=self._server.serve_forever, name="linnet-metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer no more. May be called twice."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def read_metrics(port: int, seconds: float = 5.0) -> Figures:
    """What the broker at this port of this machine counts.

    Raises:
        ServiceError: nobody answers there, or not with metrics.
    """
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/metrics", timeout=seconds) as answer:
            return figures(answer.read().decode())
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise ServiceError(f"no broker answers on {HOST} port {port}: {reason}") from error


def _handler(metrics: Callable[[], bytes], health: Health) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Two pages, and 404 for all others."""

        server_version = "linnet"

        def do_GET(self) -> None:
            """Answer."""
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(200, CONTENT_TYPE, metrics())
            elif path == "/health":
                well, told = health()
                self._answer(200 if well else 503, "application/json", json.dumps(dict(told)).encode() + b"\n")
            else:
                self._answer(404, "text/plain; charset=utf-8", b"there are /metrics and /health\n")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server declares it
            """Say nothing: whoever asks every few seconds is no news."""

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
