"""The embedded store: one SQLite file, written by one process and read by any number."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import pyarrow as pa

from linnet.adapters import sqlite_store_ledger as ledger
from linnet.adapters import sqlite_store_reads as reads
from linnet.adapters.sqlite_checkpoint import Checkpointer
from linnet.adapters.sqlite_file import BUSY_SECONDS, open_writer, transaction, translated
from linnet.adapters.sqlite_readers import Readers
from linnet.adapters.sqlite_store_answers import SqliteAnswers
from linnet.adapters.sqlite_store_commit import is_stored, write_unit
from linnet.adapters.sqlite_store_layout import STORE, add_columns
from linnet.adapters.sqlite_store_recent import Recent
from linnet.core.answers import stored_columns
from linnet.core.column import Column
from linnet.core.failpoints import passing
from linnet.core.unit import Unit
from linnet.errors import StorageError

_LARGEST_LOG = 128 * 2**20
"""Bytes. While a reader holds on to an old state the log only grows; what is beyond this goes when it begins anew."""

_PRAGMAS = ("cache_size = -65536", "wal_autocheckpoint = 100000", f"journal_size_limit = {_LARGEST_LOG}")
"""64 MB of pages: the inner nodes of all tables and the leaves of a field; 256 MB took no CPU off a commit among ten
million alerts, and filled for half an hour. The log is copied by the checkpointer; a commit does so itself only where
that one has failed for 400 MB."""


class SqliteStore(SqliteAnswers):
    """A `linnet.core.ports.Store` in one SQLite file (write-ahead log, every commit synced).

    Any thread may call any method: reads run side by side, each on a snapshot of its own; commits follow each other.
    Open it with `SqliteStore.open`.
    """

    def __init__(self, path: Path, columns: pa.Schema, writer: sqlite3.Connection | None) -> None:
        super().__init__(Readers(path, STORE), columns)
        self._path = path
        self._writer = writer
        self._writing = Lock()
        self._recent = Recent()
        self._version: int | None = None
        self._checkpoints = Checkpointer(path, self._writing)
        # Whoever drops a store without closing it leaves no open file behind.
        weakref.finalize(self, _let_go, self._readers, self._checkpoints, writer)

    @classmethod
    def open(
        cls, path: Path, columns: Mapping[str, Column], *, read_only: bool = False, busy_seconds: float = BUSY_SECONDS
    ) -> SqliteStore:
        """Open the store of a home, making it where it is missing.

        Args:
            path: the file.
            columns: everything an alert row keeps: `vocabulary.SCALARS`, `COUNTED`, `RECORD` and the modules' columns.
                A column that appeared since is added; light-curve columns are passed over.
            read_only: never write; another process may be writing.
            busy_seconds: how long a commit waits for another process that holds the file.

        Raises:
            HomeVersionError: the file is newer than this code, or older and opened for reading alone.
            HomeError: it is something else, or a column changed its type.
            StorageError: the disk failed, or SQLite is too old.
        """
        wanted = stored_columns(columns)
        writer = None
        if not read_only:
            writer = open_writer(path, STORE, busy_seconds)
            try:
                with translated(path, STORE.noun):
                    for pragma in _PRAGMAS:
                        writer.execute(f"PRAGMA {pragma}")
                    with transaction(writer):
                        add_columns(writer, wanted)
            except BaseException:
                writer.close()
                raise
        store = cls(path, wanted, writer)
        store.last_unit()  # a file that cannot be read is told here, not later
        return store

    def commit(self, unit: Unit) -> None:
        """Write everything of the unit in one durable transaction; a unit of a stored number is a repetition.

        Raises:
            StorageError: nothing of it is visible.
        """
        with self._writing:
            writer = self._opened()
            with translated(self._path, STORE.noun), transaction(writer):
                if is_stored(writer, unit.number):
                    return
                self._notice_others(writer)
                touched = write_unit(writer, unit, self._columns, self._recent)
                passing("06")
            self._recent.committed(unit.survey, touched)
        self._checkpoints.wrote(_pages(unit))

    def points(self, survey: str, object_ids: pa.Array, before: int | None = None) -> pa.Table:
        """Stored points (`POINT`) of these objects known before a night, without those withdrawn before it.

        Without a night: all points that are not withdrawn. In no particular order; nulls and repeated ids add nothing.
        """
        wanted = sorted(set(object_ids.to_pylist()) - {None})
        generation = self._recent.generation()
        with self._join_snapshot() as connection:
            table, found = reads.points(connection, survey, wanted, before)
        if found is not None and self._writer is not None:
            self._recent.keep(survey, found, generation)
        return table

    def flushed(self, upto: int, files: Sequence[str]) -> None:
        """Record the files that now hold all units up to this number, and forget their rows, in one transaction."""
        with self._writing:
            writer = self._opened()
            with translated(self._path, STORE.noun), transaction(writer):
                ledger.flushed(writer, upto, files)

    def close(self) -> None:
        """Close. May be called twice."""
        self._readers.close()
        self._checkpoints.close()
        with self._writing:
            writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    @contextmanager
    def _join_snapshot(self) -> Iterator[sqlite3.Connection]:
        """The writer's connection while nobody commits, as the commit will want the same pages; else a reader's."""
        if self._writer is None or not self._writing.acquire(blocking=False):
            with self._readers.snapshot() as connection:
                yield connection
            return
        try:
            with translated(self._path, STORE.noun):
                yield self._opened()
        finally:
            self._writing.release()

    def _notice_others(self, writer: sqlite3.Connection) -> None:
        """Nobody else writes this file while its home is locked; should someone, what was read before is nothing."""
        (version,) = writer.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self._recent.forget()
            self._version = version

    def _opened(self) -> sqlite3.Connection:
        if self._writer is None:
            raise StorageError(f"{STORE.noun} {self._path} is closed, or open for reading alone")
        return self._writer


def _pages(unit: Unit) -> int:
    """About how many pages the unit wrote: some for itself, two or three for an alert, and those of dead letters."""
    alerts = 0 if unit.alerts is None else unit.alerts.num_rows
    return 16 + 3 * alerts + int(unit.dead.nbytes) // 4096


def _let_go(readers: Readers, checkpoints: Checkpointer, writer: sqlite3.Connection | None) -> None:
    readers.close()
    checkpoints.close()
    if writer is not None:
        writer.close()
