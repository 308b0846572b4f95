"""The embedded store: one SQLite file, written by one process and read by any number."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock

import pyarrow as pa

from linnet.adapters import sqlite_store_ledger as ledger
from linnet.adapters import sqlite_store_reads as reads
from linnet.adapters.sqlite_file import BUSY_SECONDS, open_writer, transaction, translated
from linnet.adapters.sqlite_readers import Readers
from linnet.adapters.sqlite_store_commit import is_stored, write_unit
from linnet.adapters.sqlite_store_layout import STORE, add_columns
from linnet.core.answers import stored_columns
from linnet.core.column import Column
from linnet.core.envelope import Position
from linnet.core.failpoints import passing
from linnet.core.unit import Run, Unit
from linnet.errors import NotFoundError, StorageError


class SqliteStore:
    """A `linnet.core.ports.Store` in one SQLite file (write-ahead log, every commit synced).

    Any thread may call any method: reads run side by side, each on a snapshot of its own; commits follow each other.
    Open it with `SqliteStore.open`.
    """

    def __init__(self, path: Path, columns: pa.Schema, writer: sqlite3.Connection | None) -> None:
        self._path = path
        self._columns = columns
        self._writer = writer
        self._writing = Lock()
        self._readers = Readers(path, STORE)

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
                with translated(path, STORE.noun), transaction(writer):
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
                write_unit(writer, unit, self._columns)
                passing("06")

    def flushed(self, upto: int, files: Sequence[str]) -> None:
        """Record the files that now hold all units up to this number, and forget their rows, in one transaction."""
        with self._writing:
            writer = self._opened()
            with translated(self._path, STORE.noun), transaction(writer):
                ledger.flushed(writer, upto, files)

    def last_unit(self) -> int:
        """Number of the newest unit; 0 for an empty store."""
        with self._readers.snapshot() as connection:
            return ledger.last_unit(connection)

    def open_nights(self) -> dict[str, int]:
        """Survey -> its open night."""
        with self._readers.snapshot() as connection:
            return ledger.open_nights(connection)

    def positions(self) -> tuple[Position, ...]:
        """Committed source positions, by topic and partition."""
        with self._readers.snapshot() as connection:
            return ledger.positions(connection)

    def segments(self) -> pa.Table:
        """Committed segments (`SEGMENT`), by name."""
        with self._readers.snapshot() as connection:
            return ledger.segments(connection)

    def hashes(self, survey: str, alert_ids: pa.Array) -> pa.Array:
        """Content hashes (int64) of stored alerts, aligned with the ids; null where the alert is not stored."""
        with self._readers.snapshot() as connection:
            return reads.hashes(connection, survey, alert_ids.to_pylist())

    def points(self, survey: str, object_ids: pa.Array, before: int | None = None) -> pa.Table:
        """Stored points (`POINT`) of these objects known before a night, without those withdrawn before it.

        Without a night: all points that are not withdrawn. In no particular order; nulls and repeated ids add nothing.
        """
        wanted = sorted(set(object_ids.to_pylist()) - {None})
        with self._readers.snapshot() as connection:
            return reads.points(connection, survey, wanted, before)

    def pending(self) -> list[tuple[int, str, int, pa.Table]]:
        """Units whose alert rows are not in the science archive yet: (number, survey, night, alerts), by number."""
        with self._readers.snapshot() as connection:
            return ledger.pending(connection)

    def science_files(self) -> list[str]:
        """Archive files recorded by `flushed`, sorted."""
        with self._readers.snapshot() as connection:
            return ledger.science_files(connection)

    def runs(self) -> dict[str, Run]:
        """run_id -> run."""
        with self._readers.snapshot() as connection:
            return ledger.runs(connection)

    def last_tag(self) -> int:
        """Newest number of the tag log; 0 while it is empty."""
        with self._readers.snapshot() as connection:
            return ledger.last_tag(connection)

    def dead_seen(self, dead: pa.Table) -> pa.Array:
        """Whether each of these dead letters (`DEAD`) is stored already, aligned; never null."""
        with self._readers.snapshot() as connection:
            return ledger.dead_seen(connection, dead)

    def tags_after(self, seq: int, limit: int) -> pa.Table:
        """The tag log after a number: `seq`, `survey`, `alert_id`, `filter`, `version`, in order."""
        with self._readers.snapshot() as connection:
            return ledger.tags_after(connection, seq, limit)

    def alerts(self, survey: str, alert_ids: pa.Array) -> pa.Table:
        """Stored rows of these alerts, in the order asked for, missing ones left out."""
        with self._readers.snapshot() as connection:
            return reads.alerts(connection, self._columns, survey, alert_ids)

    def surveys_of(self, alert_id: int) -> list[str]:
        """Surveys that have an alert of this id, sorted."""
        with self._readers.snapshot() as connection:
            rows = connection.execute("SELECT survey FROM alert WHERE alert_id = ? ORDER BY survey", (alert_id,))
            return [survey for (survey,) in rows]

    def object(self, survey: str, object_id: str, *, public: bool = False) -> pa.Table:
        """The row of one object (see `OBJECT`), or no row; `public`: folded over what is public alone."""
        with self._readers.snapshot() as connection:
            return reads.one_object(connection, survey, object_id, public=public)

    def object_alerts(self, survey: str, object_id: str, *, public: bool = False) -> pa.Table:
        """Alerts of one object by mjd."""
        with self._readers.snapshot() as connection:
            return reads.object_alerts(connection, self._columns, survey, object_id, public=public)

    def light_curve(self, survey: str, object_id: str, as_of: int | None = None, *, public: bool = False) -> pa.Table:
        """All points (`POINT`) of one object by mjd; `as_of` a night: only what was known before it."""
        with self._readers.snapshot() as connection:
            return reads.light_curve(connection, survey, object_id, as_of, public=public)

    def cone(self, ra: float, dec: float, radius: float, *, limit: int = 1000, public: bool = False) -> pa.Table:
        """Objects of all surveys within `radius` arcsec by separation: `OBJECT` and `separation` (arcsec)."""
        with self._readers.snapshot() as connection:
            return reads.cone(connection, (ra, dec), radius, limit, public=public)

    def latest(
        self, filter_name: str | None, limit: int, before: int | None = None, *, public: bool = False
    ) -> pa.Table:
        """Newest tagged alerts: `seq`, `filter`, `version` and the alert's columns, newest first.

        Args:
            filter_name: of this filter alone; None means of all.
            limit: rows at most.
            before: only tags of smaller numbers, to page on.
            public: leave out alerts that may not be published.
        """
        with self._readers.snapshot() as connection:
            return reads.latest(connection, self._columns, filter_name, limit, before, public=public)

    def tags_of(self, survey: str, alert_ids: pa.Array) -> pa.Table:
        """Tags of alerts: `alert_id`, `filter`, `version`, `seq`, by number."""
        with self._readers.snapshot() as connection:
            return ledger.tags_of(connection, survey, alert_ids.to_pylist())

    def tag_counts(self) -> pa.Table:
        """`filter`, `version`, `n`."""
        with self._readers.snapshot() as connection:
            return ledger.tag_counts(connection)

    def night_counts(self) -> pa.Table:
        """Alerts by `survey`, `night`, `band`: `n`."""
        with self._readers.snapshot() as connection:
            return reads.night_counts(connection)

    def counts(self) -> pa.Table:
        """Stage counts summed over units (`COUNT`)."""
        with self._readers.snapshot() as connection:
            return ledger.counts(connection)

    def dead(self, reason: str | None = None, limit: int = 100, after: int = 0) -> pa.Table:
        """Dead letters after a number without their bytes: `dead_id`, `seen` (when first recorded), `DEAD`, `size`."""
        with self._readers.snapshot() as connection:
            return ledger.dead(connection, reason, limit, after)

    def dead_letter(self, dead_id: int) -> pa.Table:
        """One dead letter, whole: `dead_id`, `seen` and `DEAD`.

        Raises:
            NotFoundError: there is none of this number.
        """
        with self._readers.snapshot() as connection:
            found = ledger.dead_letter(connection, dead_id)
        if found.num_rows == 0:
            raise NotFoundError(f"there is no dead letter {dead_id}: `linnet dead list` shows those there are")
        return found

    def dump(self) -> dict[str, pa.Table]:
        """The canonical dump (see `linnet.core.dump`) of one moment."""
        with self._readers.snapshot() as connection:
            return reads.dump(connection, self._columns)

    def close(self) -> None:
        """Close. May be called twice."""
        self._readers.close()
        with self._writing:
            writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _opened(self) -> sqlite3.Connection:
        if self._writer is None:
            raise StorageError(f"{STORE.noun} {self._path} is closed, or open for reading alone")
        return self._writer
