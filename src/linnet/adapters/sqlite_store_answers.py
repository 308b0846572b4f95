"""Everything that is asked of the embedded store; any thread may ask, each answer is of one moment."""

from __future__ import annotations

import pyarrow as pa

from linnet.adapters import sqlite_store_ledger as ledger
from linnet.adapters import sqlite_store_reads as reads
from linnet.adapters.sqlite_readers import Readers
from linnet.adapters.sqlite_store_dump import dump
from linnet.adapters.sqlite_store_latest import latest
from linnet.core.envelope import Position
from linnet.core.unit import Run
from linnet.errors import NotFoundError


class SqliteAnswers:
    """The reading half of `SqliteStore`.

    Args:
        readers: read-only connections to the file.
        columns: what an alert row keeps.
    """

    def __init__(self, readers: Readers, columns: pa.Schema) -> None:
        self._readers = readers
        self._columns = columns

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
            return reads.points(connection, survey, wanted, before)[0]

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

    def tags_after(self, seq: int, limit: int, filter_name: str | None = None) -> pa.Table:
        """The tag log after a number, in order; of one filter: `seq`, `survey`, `alert_id`, `filter`, `version`."""
        with self._readers.snapshot() as connection:
            return ledger.tags_after(connection, seq, limit, filter_name)

    def alerts(self, survey: str, alert_ids: pa.Array) -> pa.Table:
        """Stored rows of these alerts, in the order asked for, missing ones left out."""
        with self._readers.snapshot() as connection:
            return reads.alerts(connection, self._columns, survey, alert_ids.to_pylist())

    def surveys_of(self, alert_id: int) -> list[str]:
        """Surveys that have an alert of this id, sorted."""
        with self._readers.snapshot() as connection:
            return reads.surveys_of(connection, alert_id)

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
            return latest(connection, self._columns, (filter_name, before), limit, public=public)

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

    def dead_of(self, alert_id: int) -> pa.Table:
        """Dead letters of the alerts with this id, in the columns of `dead`, by number."""
        with self._readers.snapshot() as connection:
            return ledger.dead_of(connection, alert_id)

    def dead_counts(self) -> dict[str, int]:
        """Dead letters by reason."""
        with self._readers.snapshot() as connection:
            return dict(
                connection.execute("SELECT reason, count(*) FROM dead GROUP BY reason ORDER BY reason").fetchall()
            )

    def object_count(self) -> int:
        """Number of objects that have an alert."""
        with self._readers.snapshot() as connection:
            return reads.object_count(connection)

    def alert_ids(self) -> dict[str, pa.Array]:
        """Survey -> ids (int64) of all its stored alerts, ascending."""
        with self._readers.snapshot() as connection:
            return reads.alert_ids(connection)

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
            return dump(connection, self._columns)
