"""Serving a home: the web side over a store that is open for reading."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import uvicorn

from linnet import __version__
from linnet.adapters import moc_files
from linnet.adapters.list_files import read_watchlist
from linnet.app.config import settings
from linnet.app.console import out
from linnet.app.filter_commands import check_text
from linnet.app.filter_past import HomePast
from linnet.app.home import existing
from linnet.app.lists import list_things
from linnet.app.wiring import Parts, reader
from linnet.core.decoding import Schema
from linnet.core.survey import Stamp
from linnet.errors import ConfigError, NotFoundError
from linnet.formats.packet_json import packet_json
from linnet.operations.audit import audit
from linnet.operations.list_keeping import ListKeeping
from linnet.operations.list_past import find_past
from linnet.operations.replay_packets import REFERENCE, container, replay
from linnet.web.application import create_app
from linnet.web.broker import Broker, FilterPast, ListDesk

STOP_SECONDS = 5
"""How long a reader that takes nothing any more holds up the end of the server."""


def serve(home: Path, host: str | None, port: int | None) -> None:
    """Serve until stopped.

    Raises:
        HomeError: there is no home at this path.
        ConfigError: the address cannot be listened on.
    """
    chosen = settings(home)
    with reader(existing(home), chosen) as parts:
        listener = _listen(host or chosen.host, chosen.port if port is None else port)
        address, number = listener.getsockname()[:2]
        where = f"http://[{address}]:{number}" if ":" in address else f"http://{address}:{number}"
        out.print(f"Linnet serves {home} at {where}  (stop with Ctrl-C)", highlight=False, soft_wrap=True)
        app = create_app(broker(parts), stopping=lambda: server.should_exit)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=STOP_SECONDS))
        # The server closes in order on Ctrl-C and SIGTERM, then raises them again: this is how one stops it.
        with listener, suppress(KeyboardInterrupt, SystemExit):
            server.run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket; its own port where 0 is asked for."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host} port {port}: {error.strerror}; choose another --host or --port"
        ) from error


def broker(parts: Parts) -> Broker:
    """What the web side is given."""
    packets = Packets(parts)
    past = HomePast(parts, packets.lock)
    return Broker(
        store=parts.store,
        control=parts.control,
        columns=parts.plan.columns,
        surveys=tuple(s.name for s in parts.surveys),
        stamps=packets.stamps,
        own=packets.own,
        packet=packets.packet,
        container=packets.container,
        past=FilterPast(past.why, past.reports, past.preview),
        audit=lambda: audit(parts.store, parts.control, parts.raw).as_dict(),
        public_only=not parts.settings.publish_private,
        version=__version__,
        lists=ListDesk(
            ListKeeping(parts.control, parts.lists),
            read_watchlist,
            moc_files.read,
            lambda which: find_past(which, parts.lists, (parts.store, parts.science)),
        ),
        check_filter=lambda text: check_text(text, parts.plan.columns, list_things(parts.control)),
    )


class Packets:
    """Archived packets, opened when someone looks; safe from several threads, one at a time.

    Attributes:
        lock: held by whoever reads the archive.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._surveys = {s.name: s for s in parts.surveys}
        self.lock = threading.Lock()

    def stamps(self, survey: str, alert_id: int) -> dict[str, Stamp]:
        """The images of one packet.

        Raises:
            NotFoundError: no such alert.
            PacketError: an image that cannot be unpacked.
        """
        return self._surveys[survey].stamps(*self._datum(survey, alert_id))

    def packet(self, survey: str, alert_id: int) -> dict[str, Any]:
        """One whole packet, JSON-safe.

        Raises:
            NotFoundError: no such alert.
        """
        return packet_json(*self._datum(survey, alert_id))

    def container(self, survey: str, alert_id: int) -> bytes:
        """One untouched packet as an Avro container file.

        Raises:
            NotFoundError: no such alert.
        """
        return container(*self._datum(survey, alert_id))

    def own(self, survey: str, alert_id: int) -> pa.RecordBatch:
        """The survey's own columns of one packet, one row.

        Raises:
            NotFoundError: no such alert.
        """
        row = self._row(survey, alert_id)
        with self.lock:
            packets = replay(self._parts.raw, self._parts.schemas, self._surveys[survey], row)
            _, alerts = next(packets)
        return alerts.select(list(self._surveys[survey].own_columns))

    def _datum(self, survey: str, alert_id: int) -> tuple[bytes, Schema]:
        """The untouched packet and its writer schema."""
        row = self._row(survey, alert_id)
        with self.lock:
            datum: bytes = self._parts.raw.read(row.select(list(REFERENCE)))[0].as_py()
            return datum, self._parts.raw.schema(row.column("segment")[0].as_py())

    def _row(self, survey: str, alert_id: int) -> pa.Table:
        rows = self._parts.store.alerts(survey, pa.array([alert_id], pa.int64()))
        if rows.num_rows == 0 or survey not in self._surveys:
            raise NotFoundError(f"no alert {alert_id} of {survey} here")
        return rows
