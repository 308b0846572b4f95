"""Ports: what the corridor asks of the outside. Descriptions are frozen and picklable; `open` gives the live object.

Doubles of every port that live in memory ship in `linnet.adapters.memory_*`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from linnet.core.avro_segment import Place
from linnet.core.column import Column
from linnet.core.decoding import Schema
from linnet.core.envelope import Position
from linnet.core.unit import Run, Unit


class OpenSource(Protocol):
    """A connected source."""

    def next_batch(self, limit: int) -> pa.RecordBatch | None:
        """Up to `limit` messages (`ENVELOPE`); None at the end of a file, an empty batch when nothing waits."""

    def position(self) -> tuple[Position, ...]:
        """Where to go on after the last batch handed over."""

    def close(self) -> None:
        """Let go of everything. May be called twice."""


class Source(Protocol):
    """Description of a source."""

    def open(self, positions: Sequence[Position] = ()) -> OpenSource:
        """Connect, and go on from these positions where they concern this source."""


class OpenSink(Protocol):
    """A connected sink. Writing the same `dedup_id` again is harmless to its reader."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Take rows: columns of the alert, and `dedup_id`, `filter`, `version`, `seq` first."""

    def flush(self) -> None:
        """Return when everything written is durable."""

    def close(self) -> None:
        """Flush and let go. May be called twice."""


class Sink(Protocol):
    """Description of a sink."""

    def open(self) -> OpenSink:
        """Connect."""


class RawArchive(Protocol):
    """Untouched datums in plain Avro container files (segments), one writer schema each."""

    def append(self, survey: str, night: int, codec: str, datums: pa.Table) -> pa.Table:
        """Append datums (columns `datum` binary, `fingerprint` string) and sync them to disk.

        Returns:
            Columns `segment`, `block`, `place`, `length`, aligned with the input.

        Raises:
            StorageError: nothing may be acknowledged; the tail is cut at the next `recover`.
        """

    def touched(self) -> pa.Table:
        """`SEGMENT` rows of all segments changed since the last call, with their lengths now."""

    def close_night(self, survey: str, night: int) -> None:
        """Close the segments of a night and write their manifests."""

    def recover(self, committed: pa.Table) -> int:
        """Cut off what lies beyond the committed lengths (`SEGMENT` rows); gives the number of bytes cut."""

    def present(self) -> pa.Table:
        """`SEGMENT` rows of all whole blocks that the files hold now, committed or not."""

    def read(self, references: pa.Table) -> pa.Array:
        """Datums (binary) of references (`segment`, `block`, `place`, `length`), aligned.

        Raises:
            NotFoundError: a reference leads nowhere.
        """

    def verify(self, committed: pa.Table) -> list[str]:
        """Compare files with committed `SEGMENT` rows (lengths, rows in block headers); one sentence per difference."""

    def schema(self, segment: str) -> Schema:
        """Writer schema of a segment."""

    def datums(self, segment: str) -> Iterator[tuple[int, Place, bytes]]:
        """Every datum of a segment in order: its block, its place there, its bytes."""

    def close(self) -> None:
        """Close open files."""


class ScienceArchive(Protocol):
    """Parquet files of all scalar columns, and of tags, dead letters, positions and runs."""

    def write(self, kind: str, name: str, table: pa.Table) -> str:
        """Write one file durably (temporary name, sync, rename, sync of the folder); gives its path in the archive.

        `kind` is `alerts/SURVEY/NIGHT`, `tags/FILTER/VERSION`, `dead`, `positions`, `counts` or `runs`.
        Writing a name again replaces it.
        """

    def files(self, kind: str) -> list[str]:
        """Paths of all files below a kind, sorted."""

    def read(self, path: str) -> pa.Table:
        """One file."""

    def remove(self, path: str) -> None:
        """Remove one file; not an error where it is gone."""


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

    def tags_after(self, seq: int, limit: int) -> pa.Table:
        """The tag log after a number: `seq`, `survey`, `alert_id`, `filter`, `version`, in order."""

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


@dataclass(frozen=True)
class ActiveFilter:
    """A filter as the engine sees it.

    Attributes:
        needs: columns that it reads.
        evaluate: maps a look-up of columns (name -> Arrow array of n rows) and n to a boolean array with nulls.
    """

    name: str
    version: int
    needs: tuple[str, ...]
    evaluate: Callable[[Callable[[str], pa.Array], int], pa.Array]


@dataclass(frozen=True)
class Route:
    """One reader of the tag log.

    Attributes:
        filters: names that it follows; empty means all.
        sink: the kind and target of its sink, e.g. "files:outbox".
    """

    name: str
    sink: str
    filters: tuple[str, ...] = ()


@dataclass(frozen=True)
class FilterText:
    """One immutable version of a filter as kept in the control database."""

    name: str
    version: int
    text: str
    topic_line: str
    owner: str
    active: bool
    created: str
    description: str = ""
    reference: str = ""


class Control(Protocol):
    """Filters, activations, routes and cursors: what people decided. Written by any process, polled by the engine."""

    def add_filter(
        self,
        name: str,
        text: str,
        *,
        topic_line: str,
        owner: str = "local",
        description: str = "",
        reference: str = "",
    ) -> int:
        """Add a filter or a new version of it; gives the version. The same text again gives the existing version."""

    def set_active(self, name: str, version: int | None) -> None:
        """Activate one version of a filter, or none.

        Raises:
            NotFoundError: no such filter or version.
        """

    def filters(self, *, active: bool = False) -> list[FilterText]:
        """All versions of all filters by name and version, or only the active ones."""

    def generation(self) -> int:
        """A number that grows with every change; cheap to poll."""

    def record_activation(self, name: str, version: int, seq: int) -> None:
        """Record from which tag-log number an activation holds; the first call for a version stays."""

    def routes(self) -> list[Route]:
        """Routes by name."""

    def add_route(self, route: Route) -> None:
        """Add or replace a route; its cursor stays."""

    def cursor(self, route: str) -> int:
        """Last tag-log number that this route has delivered; 0 at first."""

    def set_cursor(self, route: str, seq: int, sent: int, withheld: int) -> None:
        """Durably record delivery up to a number, with the totals sent and withheld (not public) so far."""

    def delivered(self) -> dict[str, tuple[int, int, int]]:
        """Route -> (cursor, sent, withheld)."""

    def close(self) -> None:
        """Close. May be called twice."""


Columns = Mapping[str, Column]
