"""The port of a store: the database of one home, asked and answered in Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa

from linnet.core.envelope import Position
from linnet.core.unit import Run, Unit


class Store(Protocol):
    """The database of one home. One writer; any number of readers in other processes.

    `commit` repeated after any partial failure gives the same state. All tables go in and out as Arrow.
    Reads with `public` leave out what may not be published.
    """

    def commit(self, unit: Unit) -> None:
        """Write everything of the unit in one durable transaction, the unit's marker last.

        Raises:
            StorageError: nothing of it is visible.
        """

    def last_unit(self) -> int:
        """Number of the newest unit; 0 for an empty store."""

    def open_nights(self) -> dict[str, int]:
        """Survey -> its open night."""

    def positions(self) -> tuple[Position, ...]:
        """Committed source positions."""

    def segments(self) -> pa.Table:
        """Committed segments (`SEGMENT`)."""

    def hashes(self, survey: str, alert_ids: pa.Array) -> pa.Array:
        """Content hashes (int64) of stored alerts, aligned with the ids; null where the alert is not stored."""

    def points(self, survey: str, object_ids: pa.Array, before: int | None = None) -> pa.Table:
        """Stored points (`POINT`) of these objects known before a night, without those withdrawn before it."""

    def pending(self) -> list[tuple[int, str, int, pa.Table]]:
        """Units whose alert rows are not in the science archive yet: (number, survey, night, alerts)."""

    def flushed(self, upto: int, files: Sequence[str]) -> None:
        """Record the files that now hold all units up to this number, and forget their rows, in one transaction."""

    def science_files(self) -> list[str]:
        """Archive files recorded by `flushed`."""

    def runs(self) -> dict[str, Run]:
        """run_id -> run."""

    def last_tag(self) -> int:
        """Newest number of the tag log; 0 while it is empty."""

    def dead_seen(self, dead: pa.Table) -> pa.Array:
        """Whether each of these dead letters (`DEAD`) is stored already, aligned; never null."""

    def tags_after(self, seq: int, limit: int, filter_name: str | None = None) -> pa.Table:
        """The tag log after a number, in order; of one filter: `seq`, `survey`, `alert_id`, `filter`, `version`."""

    def alerts(self, survey: str, alert_ids: pa.Array) -> pa.Table:
        """Stored rows of these alerts, in the order asked for, missing ones left out."""

    def surveys_of(self, alert_id: int) -> list[str]:
        """Surveys that have an alert of this id."""

    def object(self, survey: str, object_id: str, *, public: bool = False) -> pa.Table:
        """The row of one object (see `OBJECT`), or no row."""

    def object_alerts(self, survey: str, object_id: str, *, public: bool = False) -> pa.Table:
        """Alerts of one object by mjd."""

    def light_curve(self, survey: str, object_id: str, as_of: int | None = None, *, public: bool = False) -> pa.Table:
        """All points (`POINT`) of one object by mjd; `as_of` a night: only what was known before it."""

    def cone(self, ra: float, dec: float, radius: float, *, limit: int = 1000, public: bool = False) -> pa.Table:
        """Objects of all surveys within `radius` arcsec by separation: `OBJECT` and `separation` (arcsec)."""

    def latest(
        self, filter_name: str | None, limit: int, before: int | None = None, *, public: bool = False
    ) -> pa.Table:
        """Newest tagged alerts: `seq`, `filter`, `version` and the alert's columns, newest first."""

    def tags_of(self, survey: str, alert_ids: pa.Array) -> pa.Table:
        """Tags of alerts: `alert_id`, `filter`, `version`, `seq`."""

    def tag_counts(self) -> pa.Table:
        """`filter`, `version`, `n`."""

    def night_counts(self) -> pa.Table:
        """Alerts by `survey`, `night`, `band`: `n`."""

    def counts(self) -> pa.Table:
        """Stage counts summed over units (`COUNT`)."""

    def dead(self, reason: str | None = None, limit: int = 100, after: int = 0) -> pa.Table:
        """Dead letters without their bytes: `dead_id`, `seen` and `DEAD` without `value`, plus `size`."""

    def dead_of(self, alert_id: int) -> pa.Table:
        """Dead letters of the alerts with this id, in the columns of `dead`."""

    def dead_counts(self) -> dict[str, int]:
        """Dead letters by reason."""

    def object_count(self) -> int:
        """Number of objects."""

    def alert_ids(self) -> dict[str, pa.Array]:
        """Survey -> ids (int64) of all its stored alerts, ascending."""

    def dead_letter(self, dead_id: int) -> pa.Table:
        """One dead letter, whole.

        Raises:
            NotFoundError: there is none of this number.
        """

    def dump(self) -> dict[str, pa.Table]:
        """The canonical dump: `objects`, `points`, `withdrawn`, `alerts`, `tags`, `nights`, sorted by identity.

        Free of tag-log numbers, internal keys and segment places, so that two stores with the same content are equal.
        """

    def close(self) -> None:
        """Close. May be called twice."""


OBJECT = pa.schema(
    [
        pa.field("survey", pa.string(), nullable=False),
        pa.field("object_id", pa.string(), nullable=False),
        pa.field("object_key", pa.int64()),
        pa.field("ra", pa.float64(), nullable=False),
        pa.field("dec", pa.float64(), nullable=False),
        pa.field("healpix", pa.int64(), nullable=False),
        pa.field("first_alert_id", pa.int64(), nullable=False),
        pa.field("last_alert_id", pa.int64(), nullable=False),
        pa.field("last_alert_mjd", pa.float64(), nullable=False),
        pa.field("n_alerts", pa.int32(), nullable=False),
        pa.field("n_detections", pa.int32(), nullable=False),
        pa.field("first_mjd", pa.float64()),
        pa.field("last_mjd", pa.float64()),
        pa.field("is_public", pa.bool_(), nullable=False),
    ]
)
"""An object, folded from its alerts and points, independent of their order. Position: that of its first alert by
(mjd, alert_id). n_detections, first_mjd, last_mjd: over stored points of kind 0 that are not withdrawn. is_public:
any alert is."""
