"""A broker of a few matches behind a real address, in this process, for tests of the client."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import uvicorn

from alert_batches import alert
from linnet.adapters.sqlite_store import SqliteStore
from linnet.web.application import create_app
from linnet.web.broker import Broker
from web_broker import SECOND_NIGHT, unit


@contextmanager
def address(broker: Broker) -> Iterator[str]:
    """The address at which the broker is served."""
    server = uvicorn.Server(uvicorn.Config(create_app(broker), port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def match(broker: Broker, *ids: int, name: str = "bright") -> None:
    """Commit alerts that a filter matched."""
    store = broker.store
    assert isinstance(store, SqliteStore)
    number = store.last_unit() + 1
    alerts = [alert(i, object_id=f"o{i}", ra=float(i % 360), dec=2.0, mjd=60003.2, is_public=True) for i in ids]
    store.commit(unit(number, "ztf", SECOND_NIGHT, [(i, name) for i in ids], *alerts))


@contextmanager
def stranger(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[str]:
    """A server that gives these answers one after the other, the last one for ever."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Give the next one."""
            status, headers, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the library
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
