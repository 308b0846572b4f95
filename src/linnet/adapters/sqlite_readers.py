"""Reading one SQLite file from many threads, each on a snapshot."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from linnet.adapters.sqlite_file import BUSY_SECONDS, Kind, open_reader, translated
from linnet.errors import StorageError


class Readers:
    """A pool of read-only connections to one file, so that any number of threads may read at once."""

    def __init__(self, path: Path, kind: Kind, busy_seconds: float = BUSY_SECONDS) -> None:
        self._path = path
        self._kind = kind
        self._busy_seconds = busy_seconds
        self._lock = Lock()
        self._idle: list[sqlite3.Connection] = []
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
        for connection in idle:
            connection.close()

    def _take(self) -> tuple[sqlite3.Connection, bool]:
        with self._lock:
            if self._closed:
                raise StorageError(f"{self._kind.noun} {self._path} is closed")
            if self._idle:
                return self._idle.pop(), False
        return open_reader(self._path, self._kind, self._busy_seconds)

    def _give_back(self, connection: sqlite3.Connection, frozen: bool) -> None:
        """Keep the connection for the next block; a frozen one would not notice a writer that comes, so it goes."""
        with self._lock:
            if not self._closed and not frozen:
                self._idle.append(connection)
                return
        connection.close()
