"""Reading one SQLite file from many threads, each on a snapshot."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from linnet.adapters.sqlite_file import BUSY_SECONDS, Kind, is_live, open_reader, translated
from linnet.errors import StorageError


class Readers:
    """A pool of read-only connections to one file, so that any number of threads may read at once."""

    def __init__(self, path: Path, kind: Kind, busy_seconds: float = BUSY_SECONDS) -> None:
        self._path = path
        self._kind = kind
        self._busy_seconds = busy_seconds
        self._lock = Lock()
        self._idle: list[tuple[sqlite3.Connection, bool]] = []
        self._closed = False

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the file for as long as the block runs.

        Raises:
            StorageError: reading failed, or the pool is closed.
        """
        connection, frozen = self._take()
        try:
            with translated(self._path, self._kind.noun):
                connection.execute("BEGIN")
                yield connection
        finally:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            self._give_back(connection, frozen)

    def close(self) -> None:
        """Close idle connections now, busy ones when their block ends. May be called twice."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.close()

    def _take(self) -> tuple[sqlite3.Connection, bool]:
        with self._lock:
            if self._closed:
                raise StorageError(f"{self._kind.noun} {self._path} is closed")
            found = self._idle.pop() if self._idle else None
        if found is not None and found[1] and is_live(self._path):
            found[0].close()  # a writer came since: what was frozen is no longer
            found = None
        return found or open_reader(self._path, self._kind, self._busy_seconds)

    def _give_back(self, connection: sqlite3.Connection, frozen: bool) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append((connection, frozen))
                return
        connection.close()
