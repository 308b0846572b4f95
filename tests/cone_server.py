"""A cone-search service over real HTTP that can fail, hang and lie."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from astropy.io.votable import from_table, writeto
from astropy.table import Table

from linnet.core.sky import separation

OVERFLOW = b'<INFO name="QUERY_STATUS" value="OVERFLOW"/>'


@dataclass
class ConeServer:
    """Sources with a name and a magnitude.

    Attributes:
        manner: how it answers; see `answer`.
        asked: every question: ra, dec (degrees), radius (arcsec).
        released: set at the end, so that nobody hangs for ever.
    """

    ra: np.ndarray[Any, np.dtype[np.float64]]
    dec: np.ndarray[Any, np.dtype[np.float64]]
    manner: str = "honest"
    asked: list[tuple[float, float, float]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def rows(self, ra: float, dec: float, radius: float) -> list[dict[str, Any]]:
        """Those within a cone."""
        inside = np.flatnonzero(separation(ra, dec, self.ra, self.dec) <= radius)
        return [
            {"ra": self.ra[i], "dec": self.dec[i], "main_id": f"source {i}", "mag": None if i % 5 == 0 else i / 4}
            for i in inside.tolist()
        ]

    def answer(self, ra: float, dec: float, radius: float) -> tuple[int, str, bytes]:
        """Status, media type and body."""
        found = self.rows(ra, dec, radius)
        honest = json.dumps({"count": len(found), "rows": found}).encode()
        other: dict[str, tuple[int, str, Callable[[], bytes]]] = {
            "votable": (200, "application/x-votable+xml", lambda: _votable(found)),
            "error in votable": (200, "text/xml", lambda: _votable(found).replace(b"<TABLE", OVERFLOW + b"<TABLE")),
            "fails": (500, "application/json", lambda: b"{}"),
            "not found": (404, "text/html", lambda: b"<html>no such page</html>"),
            "web page": (200, "text/html", lambda: b"<html>maintenance tonight</html>"),
            "half of the JSON": (200, "application/json", lambda: honest[:-9] + b"x"),
            "huge": (200, "application/json", lambda: b"[" + b" " * 5_000_000 + b"]"),
        }
        if self.manner in other:
            status, media, body = other[self.manner]
            return status, media, body()
        lies = _lies(found, ra, dec)
        return 200, "application/json", json.dumps(lies[self.manner]).encode() if self.manner in lies else honest


@contextmanager
def serving(server: ConeServer) -> Iterator[ConeServer]:
    """Serve it on a free port of 127.0.0.1 until the end; `url` says where."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the library
            """Say nothing."""

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            ra, dec, radius = (float(query[key][0]) for key in ("RA", "DEC", "SR"))
            server.asked.append((ra, dec, radius * 3600.0))
            if server.manner == "hangs":
                server.released.wait(30.0)
                return
            status, media, body = server.answer(ra, dec, radius * 3600.0)
            with suppress(BrokenPipeError, ConnectionResetError):  # who asked has given up
                self.send_response(status)
                self.send_header("Content-Type", media)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if server.manner == "drips":
                    for i in range(len(body)):
                        if server.released.wait(0.1):
                            return
                        self.wfile.write(body[i : i + 1])
                        self.wfile.flush()
                    return
                if server.manner == "slow":
                    time.sleep(0.4)
                self.wfile.write(body)

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{listening.server_address[1]}/cone"
    try:
        yield server
    finally:
        server.released.set()
        listening.shutdown()
        listening.server_close()
        thread.join()


def _lies(found: list[dict[str, Any]], ra: float, dec: float) -> dict[str, Any]:
    """JSON that no honest service gives, by its manner."""
    here = {"ra": ra, "dec": dec, "main_id": "x", "mag": 1.0}
    far = {**here, "dec": dec - 1.0 if dec > 0 else dec + 1.0}
    return {
        "a number": 7,
        "outside": {"count": len(found) + 1, "rows": [*found, far]},
        "nowhere": {"count": len(found) + 1, "rows": [*found, {**here, "ra": float("nan"), "dec": 300.0}]},
        "wrong count": {"count": len(found) + 3, "rows": found},
        "truncated": {"count": len(found), "rows": found, "overflow": True},
        "without a field": [{"ra": ra, "dec": dec, "main_id": "x"}],
        "another kind": [{**here, "mag": "bright"}],
        "without a position": [{**here, "dec": None}],
    }


def _votable(rows: list[dict[str, Any]]) -> bytes:
    table = Table(
        {
            "ra": np.array([r["ra"] for r in rows], dtype=np.float64),
            "dec": np.array([r["dec"] for r in rows], dtype=np.float64),
            "main_id": np.array([r["main_id"] for r in rows], dtype="U20"),
            "mag": np.ma.MaskedArray(
                [r["mag"] or 0.0 for r in rows], [r["mag"] is None for r in rows], dtype=np.float64
            ),
        }
    )
    out = BytesIO()
    writeto(from_table(table), out)
    return out.getvalue()
