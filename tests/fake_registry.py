"""A schema registry for tests: Confluent's REST protocol over real HTTP, as far as Linnet asks it."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MEDIA = "application/vnd.schemaregistry.v1+json"


@dataclass
class FakeRegistry:
    """Schemas by id, and the subjects under which they were registered.

    Attributes:
        secret: user and password that it wants, or None.
        nonsense: answers with these bytes instead of JSON.
        asked: method and path of every request.
    """

    schemas: dict[int, str] = field(default_factory=dict)
    subjects: dict[str, list[int]] = field(default_factory=dict)
    secret: tuple[str, str] | None = None
    nonsense: bytes | None = None
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, body: dict[str, Any] | None) -> tuple[int, Any]:
        """Status and JSON of one request."""
        match path.strip("/").split("/"):
            case ["schemas", "ids", number] if int(number) in self.schemas:
                return 200, {"schema": self.schemas[int(number)]}
            case ["subjects"]:
                return 200, sorted(self.subjects)
            case ["subjects", name, "versions"] if body is None and name in self.subjects:
                return 200, list(range(1, len(self.subjects[name]) + 1))
            case ["subjects", name, "versions"] if body is not None:
                known = {text: number for number, text in self.schemas.items()}
                given = known.get(body["schema"], max(self.schemas, default=0) + 1)
                self.schemas[given] = body["schema"]
                self.subjects.setdefault(name, []).append(given)
                return 200, {"id": given}
        return 404, {"error_code": 40403, "message": "Schema not found"}


@contextmanager
def serving(registry: FakeRegistry) -> Iterator[FakeRegistry]:
    """Serve it on a free port of 127.0.0.1 until the end; `url` says where."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the library
            """Say nothing."""

        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: dict[str, Any] | None) -> None:
            registry.asked.append(f"{self.command} {self.path}")
            secret = base64.b64encode(":".join(registry.secret or ()).encode()).decode()
            if registry.secret is not None and self.headers.get("Authorization") != f"Basic {secret}":
                status, found = 401, {"error_code": 401}
            else:
                status, found = registry.answer(self.path, body)
            content = json.dumps(found).encode() if registry.nonsense is None else registry.nonsense
            self.send_response(status)
            self.send_header("Content-Type", MEDIA)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):  # who asked was killed meanwhile
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    registry.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
