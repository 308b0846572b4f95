"""control.db: filters, activations, routes and cursors in one small SQLite file that any process may write."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from linnet.adapters import sqlite_control_filters as filters
from linnet.adapters import sqlite_control_retries as retries
from linnet.adapters import sqlite_control_routes as routes
from linnet.adapters.sqlite_control_cursors import Cursors
from linnet.adapters.sqlite_control_layout import CONTROL
from linnet.adapters.sqlite_control_lists import SqliteLists
from linnet.adapters.sqlite_file import BUSY_SECONDS, open_reader, open_writer, transaction, translated
from linnet.core.delivery_policy import Memory, Watched
from linnet.core.filter_port import PLAIN, Activation, Details, FilterText, Notice, NoticeKind, Visibility
from linnet.core.ports import Progress, Route
from linnet.errors import StorageError


class SqliteControl:
    """A `linnet.core.ports.Control` in one SQLite file, every change synced.

    Any thread and any process may call any method. Open it with `SqliteControl.open`.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = connection
        # Whoever drops it without closing it leaves no open file behind.
        weakref.finalize(self, connection.close)
        self._lock = Lock()
        self._cursors = Cursors()
        self.lists = SqliteLists(self._look, self._change)

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, busy_seconds: float = BUSY_SECONDS) -> SqliteControl:
        """Open the control database of a home, making it where it is missing.

        Args:
            path: the file.
            read_only: never write.
            busy_seconds: how long to wait for another process that is writing.

        Raises:
            HomeVersionError: the file is newer than this code, or older and opened for reading alone.
            HomeError: it is missing (for reading alone) or something else.
            StorageError: the disk failed, or SQLite is too old.
        """
        if read_only:
            return cls(path, open_reader(path, CONTROL, busy_seconds)[0])
        return cls(path, open_writer(path, CONTROL, busy_seconds))

    def add_filter(
        self, name: str, text: str, *, topic_line: str, owner: str = "local", details: Details = PLAIN
    ) -> int:
        """Add a filter or a new version of it; gives the version. The same again gives the existing version."""
        new = FilterText(name, 0, text, topic_line, owner, False, "", details)
        with self._change() as connection:
            version, is_new = filters.add(connection, new, _now())
            if is_new:
                _bump(connection)
            return version

    def set_active(self, name: str, version: int | None) -> None:
        """Activate one version of a filter, or none.

        Raises:
            NotFoundError: no such filter or version.
        """
        with self._change() as connection:
            if filters.activate(connection, name, version, _now()):
                _bump(connection)

    def switch_off(self, name: str, version: int, kind: NoticeKind, reason: str, *, until: int | None = None) -> bool:
        """End the activation of this version for a reason that its owner is told; gives whether it was active."""
        with self._change() as connection:
            was_active = filters.switch_off(connection, Notice(name, version, kind, reason, "", _now()), until)
            if was_active:
                _bump(connection)
            return was_active

    def set_visibility(self, name: str, visibility: Visibility) -> None:
        """Who may see a filter and its matches.

        Raises:
            NotFoundError: no such filter.
        """
        with self._change() as connection:
            filters.set_visibility(connection, name, visibility)
            _bump(connection)

    def filters(self, *, active: bool = False) -> list[FilterText]:
        """All versions of all filters by name and version, or only the active ones."""
        with self._look() as connection:
            found = filters.filters(connection)
        return [f for f in found if f.active or not active]

    def generation(self) -> int:
        """A number that grows with every change of filters, activations and routes; cheap to poll."""
        with self._look() as connection:
            return int(connection.execute("SELECT generation FROM state").fetchone()[0])

    def record_activation(self, name: str, version: int, seq: int) -> None:
        """Record from which tag-log number the newest activation of a version holds; the first call for it stays.

        Raises:
            NotFoundError: no such filter or version.
        """
        with self._change() as connection:
            filters.record_since(connection, name, version, seq)

    def take_up(self, seq: int) -> list[FilterText]:
        """The active versions by name, in one step with the record that they judge from tag-log number `seq` on."""
        with self._change() as connection:
            return filters.take_up(connection, seq)

    def activations(self) -> list[tuple[str, int, int | None]]:
        """All activations in order of their making: (filter, version, tag-log number from which it holds or None)."""
        with self._look() as connection:
            return filters.activations(connection)

    def activation_log(self, name: str) -> list[Activation]:
        """All activations of one filter in order of their making."""
        with self._look() as connection:
            return filters.activation_log(connection, name)

    def notify(self, name: str, version: int, kind: NoticeKind, text: str) -> bool:
        """Tell the owner of a filter something; gives whether that is new: an open notice is not repeated."""
        with self._change() as connection:
            filters.require(connection, name, version)
            return filters.notify(connection, Notice(name, version, kind, text, "", _now()))

    def notices(self, name: str | None = None) -> list[Notice]:
        """Open notices of one filter or of all, in order of their making."""
        with self._look() as connection:
            return filters.notices(connection, name)

    def close_notices(self, name: str, kind: NoticeKind) -> None:
        """Close the open notices of one kind."""
        with self._change() as connection:
            filters.close_notices(connection, name, kind, _now())

    def routes(self, *, removed: bool = False) -> list[Route]:
        """Routes by name; `removed`: those too that were removed."""
        with self._look() as connection:
            return routes.routes(connection, removed=removed)

    def add_route(self, route: Route, begin: Progress | None = None) -> None:
        """Add or replace a route; its cursor and memory stay, and one that is new begins at `begin`."""
        with self._change() as connection:
            if routes.add(connection, route, begin, _now()):
                _bump(connection)

    def remove_route(self, name: str) -> None:
        """Remove a route, and forget its cursor and memory.

        Raises:
            NotFoundError: there is no such route.
        """
        with self._change() as connection:
            routes.remove(connection, name, _now())
            _bump(connection)

    def progress(self, route: str) -> Progress | None:
        """How far one route is; at the beginning where it has never delivered, None where it was removed."""
        with self._look() as connection:
            return routes.progress(connection, route)

    def cursor(self, route: str) -> int:
        """Last tag-log number that this route has dealt with; 0 at first."""
        return (self.progress(route) or Progress()).seq

    def set_cursor(
        self, route: str, progress: Progress, changed: Memory | None = None, *, before: int | None = None
    ) -> bool:
        """Durably record, in one transaction, how far a route is and what has changed in its memory; gives whether."""
        return self._cursors.record(self._change, route, progress, changed or Memory(), before)

    def memory(self, route: str, watched: Sequence[Watched]) -> Memory:
        """What the policy of a route has let through: of these objects, and in the newest nights of all filters."""
        with self._look() as connection:
            return routes.memory(connection, route, watched)

    def delivered(self) -> dict[str, Progress]:
        """Route -> how far it is, for every route that has ever delivered."""
        with self._look() as connection:
            return routes.delivered(connection)

    def ask_retry(self, reason: str) -> int:
        """Ask the broker to offer the dead letters of a reason again; gives the number of the request."""
        with self._change() as connection:
            return retries.ask(connection, reason, _now())

    def retries(self) -> list[tuple[int, str]]:
        """Number and reason of requests without an answer, in order."""
        with self._look() as connection:
            return retries.waiting(connection)

    def answer_retry(self, number: int, answer: str) -> None:
        """Answer a request; the first answer stays."""
        with self._change() as connection:
            retries.answer(connection, number, answer, _now())

    def retry_answer(self, number: int) -> str | None:
        """The answer to a request, None while there is none."""
        with self._look() as connection:
            return retries.answered(connection, number)

    def close(self) -> None:
        """Close. May be called twice."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextmanager
    def _look(self) -> Iterator[sqlite3.Connection]:
        with self._lock, translated(self._path, CONTROL.noun):
            if self._connection is None:
                raise StorageError(f"{CONTROL.noun} {self._path} is closed")
            yield self._connection

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._look() as connection, transaction(connection):
            yield connection


def _bump(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE state SET generation = generation + 1")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
