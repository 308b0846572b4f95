"""The store in memory: for tests, notebooks and anything that need not outlive its process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from threading import RLock
from typing import Any

import pyarrow as pa

from linnet.adapters.memory_content import DEAD_IDENTITY, Content
from linnet.core.answers import (
    CONE,
    DEAD_LIST,
    DEAD_WHOLE,
    NIGHT_COUNT,
    SURVEY,
    TAG_COUNT,
    TAG_LOG,
    TAGGED,
    TAGS_OF,
    stored_columns,
)
from linnet.core.column import Column
from linnet.core.dump import canonical
from linnet.core.envelope import Position
from linnet.core.ports import OBJECT
from linnet.core.sky import separation
from linnet.core.unit import COUNT, POINT, SEGMENT, WITHDRAWN, Run, Unit
from linnet.errors import NotFoundError


class MemoryStore:
    """A `linnet.core.ports.Store` that lives in this process: simple rather than quick, an oracle for the others.

    Any thread may call any method.

    Args:
        columns: everything an alert row keeps, as for `SqliteStore.open`.
    """

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = stored_columns(columns)
        self._content = Content()
        self._lock = RLock()

    def commit(self, unit: Unit) -> None:
        """Take everything of the unit; a unit of a stored number is a repetition.

        Raises:
            StorageError: a rebuild brings a tag-log number that another tag has.
        """
        with self._lock:
            self._content.apply(unit)

    def flushed(self, upto: int, files: Sequence[str]) -> None:
        """Record the files that now hold all units up to this number, and forget their rows."""
        with self._lock:
            self._content.files.update(files)
            for number in [n for n in self._content.pending if n <= upto]:
                del self._content.pending[number]

    def last_unit(self) -> int:
        """Number of the newest unit; 0 for an empty store."""
        with self._lock:
            return max(self._content.units, default=0)

    def open_nights(self) -> dict[str, int]:
        """Survey -> its open night."""
        with self._lock:
            return dict(sorted(self._content.nights.items()))

    def positions(self) -> tuple[Position, ...]:
        """Committed source positions, by topic and partition."""
        with self._lock:
            return tuple(sorted(self._content.positions.values()))

    def segments(self) -> pa.Table:
        """Committed segments (`SEGMENT`), by name."""
        with self._lock:
            return _table((self._content.segments[n] for n in sorted(self._content.segments)), SEGMENT)

    def hashes(self, survey: str, alert_ids: pa.Array) -> pa.Array:
        """Content hashes (int64) of stored alerts, aligned with the ids; null where the alert is not stored."""
        with self._lock:
            rows = [self._content.alerts.get((survey, i)) for i in alert_ids.to_pylist()]
            return pa.array([row and row["content_hash"] for row in rows], pa.int64())

    def points(self, survey: str, object_ids: pa.Array, before: int | None = None) -> pa.Table:
        """Stored points (`POINT`) of these objects known before a night, without those withdrawn before it."""
        wanted = set(object_ids.to_pylist()) - {None}
        with self._lock:
            return _table((p for i in sorted(wanted) for p in self._content.points_of(survey, i, before)), POINT)

    def pending(self) -> list[tuple[int, str, int, pa.Table]]:
        """Units whose alert rows are not in the science archive yet: (number, survey, night, alerts), by number."""
        with self._lock:
            return [(number, *self._content.pending[number]) for number in sorted(self._content.pending)]

    def science_files(self) -> list[str]:
        """Archive files recorded by `flushed`, sorted."""
        with self._lock:
            return sorted(self._content.files)

    def runs(self) -> dict[str, Run]:
        """run_id -> run."""
        with self._lock:
            return dict(sorted(self._content.runs.items()))

    def last_tag(self) -> int:
        """Newest number of the tag log; 0 while it is empty."""
        with self._lock:
            return max(self._content.tags, default=0)

    def dead_seen(self, dead: pa.Table) -> pa.Array:
        """Whether each of these dead letters (`DEAD`) is stored already, aligned; never null."""
        with self._lock:
            identities = [tuple(row.values()) for row in dead.select(list(DEAD_IDENTITY)).to_pylist()]
            return pa.array([identity in self._content.dead for identity in identities], pa.bool_())

    def tags_after(self, seq: int, limit: int, filter_name: str | None = None) -> pa.Table:
        """The tag log after a number, in order; of one filter: `seq`, `survey`, `alert_id`, `filter`, `version`."""
        with self._lock:
            rows = (row for row in self._content.tag_rows() if filter_name in (None, row["filter"]))
            return _table([row for row in rows if row["seq"] > seq][:limit], TAG_LOG)

    def alerts(self, survey: str, alert_ids: pa.Array) -> pa.Table:
        """Stored rows of these alerts, in the order asked for, missing ones left out."""
        with self._lock:
            rows = (self._content.alerts.get((survey, i)) for i in alert_ids.to_pylist())
            return _table((row for row in rows if row is not None), self._columns)

    def surveys_of(self, alert_id: int) -> list[str]:
        """Surveys that have an alert of this id, sorted."""
        with self._lock:
            return sorted(survey for survey, i in self._content.alerts if i == alert_id)

    def object(self, survey: str, object_id: str, *, public: bool = False) -> pa.Table:
        """The row of one object (see `OBJECT`), or no row; `public`: folded over what is public alone."""
        with self._lock:
            row = self._content.fold(survey, object_id, public=public)
            return _table([] if row is None else [row], OBJECT)

    def object_alerts(self, survey: str, object_id: str, *, public: bool = False) -> pa.Table:
        """Alerts of one object by mjd."""
        with self._lock:
            ids = self._content.objects.get((survey, object_id), [])
            rows = [self._content.alerts[survey, i] for i in ids]
            rows.sort(key=lambda row: (row["mjd"], row["alert_id"]))
            return _table((row for row in rows if row["is_public"] or not public), self._columns)

    def light_curve(self, survey: str, object_id: str, as_of: int | None = None, *, public: bool = False) -> pa.Table:
        """All points (`POINT`) of one object by mjd; `as_of` a night: only what was known before it."""
        with self._lock:
            if public and self._content.fold(survey, object_id, public=True) is None:
                return POINT.empty_table()
            points = self._content.points_of(survey, object_id, as_of)
            return _table((p for p in points if p["public"] or not public), POINT)

    def cone(self, ra: float, dec: float, radius: float, *, limit: int = 1000, public: bool = False) -> pa.Table:
        """Objects of all surveys within `radius` arcsec by separation: `OBJECT` and `separation` (arcsec)."""
        with self._lock:
            folded = self._content.object_rows(public=public)
        rows = [{**row, "separation": float(separation(ra, dec, row["ra"], row["dec"]))} for row in folded]
        near = sorted((row for row in rows if row["separation"] <= radius), key=lambda row: float(row["separation"]))
        return _table(near[:limit], CONE)

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
        with self._lock:
            rows = []
            for tag in reversed(self._content.tag_rows()):
                alert = self._content.alerts.get((tag["survey"], tag["alert_id"]))
                wanted = filter_name in (None, tag["filter"]) and (before is None or tag["seq"] < before)
                if wanted and alert is not None and (alert["is_public"] or not public):
                    rows.append({**alert, **tag})
            return _table(rows[:limit], pa.schema([*TAGGED, *self._columns]))

    def tags_of(self, survey: str, alert_ids: pa.Array) -> pa.Table:
        """Tags of alerts: `alert_id`, `filter`, `version`, `seq`, by number."""
        wanted = set(alert_ids.to_pylist())
        with self._lock:
            rows = (row for row in self._content.tag_rows() if row["survey"] == survey and row["alert_id"] in wanted)
            return _table(rows, TAGS_OF)

    def tag_counts(self) -> pa.Table:
        """`filter`, `version`, `n`."""
        with self._lock:
            found = Counter(tag[2:] for tag in self._content.tags.values())
        return _table(({"filter": f, "version": v, "n": n} for (f, v), n in sorted(found.items())), TAG_COUNT)

    def night_counts(self) -> pa.Table:
        """Alerts by `survey`, `night`, `band`: `n`."""
        with self._lock:
            found = Counter((a["survey"], a["night"], a["band"]) for a in self._content.alerts.values())
        return _table((dict(zip(NIGHT_COUNT.names, (*k, n), strict=True)) for k, n in found.items()), NIGHT_COUNT)

    def counts(self) -> pa.Table:
        """Stage counts summed over units (`COUNT`)."""
        with self._lock:
            return _table(self._content.summed_counts(), COUNT)

    def dead(self, reason: str | None = None, limit: int = 100, after: int = 0) -> pa.Table:
        """Dead letters after a number without their bytes: `dead_id`, `seen` (when first recorded), `DEAD`, `size`."""
        with self._lock:
            rows = [r for r in self._content.dead.values() if r["dead_id"] > after and reason in (None, r["reason"])]
            return _table(rows[:limit], DEAD_LIST)

    def dead_of(self, alert_id: int) -> pa.Table:
        """Dead letters of the alerts with this id, in the columns of `dead`, by number."""
        with self._lock:
            return _table((r for r in self._content.dead.values() if r["alert_id"] == alert_id), DEAD_LIST)

    def dead_counts(self) -> dict[str, int]:
        """Dead letters by reason."""
        with self._lock:
            return dict(sorted(Counter(r["reason"] for r in self._content.dead.values()).items()))

    def object_count(self) -> int:
        """Number of objects that have an alert."""
        with self._lock:
            return len(self._content.object_rows())

    def alert_ids(self) -> dict[str, pa.Array]:
        """Survey -> ids (int64) of all its stored alerts, ascending."""
        with self._lock:
            known = sorted(self._content.alerts)
        return {s: pa.array([i for t, i in known if t == s], pa.int64()) for s in sorted({s for s, _ in known})}

    def dead_letter(self, dead_id: int) -> pa.Table:
        """One dead letter, whole: `dead_id`, `seen` and `DEAD`.

        Raises:
            NotFoundError: there is none of this number.
        """
        with self._lock:
            rows = [row for row in self._content.dead.values() if row["dead_id"] == dead_id]
        if not rows:
            raise NotFoundError(f"there is no dead letter {dead_id}: `linnet dead list` shows those there are")
        return _table(rows, DEAD_WHOLE)

    def dump(self) -> dict[str, pa.Table]:
        """The canonical dump (see `linnet.core.dump`)."""
        with self._lock:
            tables = {
                "objects": _table(self._content.object_rows(), OBJECT),
                "points": _table(self._content.point_rows(), pa.schema([SURVEY, *POINT])),
                "withdrawn": _table(self._content.withdrawn_rows(), pa.schema([SURVEY, *WITHDRAWN])),
                "alerts": _table(self._content.alerts.values(), self._columns),
                "tags": _table(self._content.tag_rows(), TAG_LOG),
                "nights": self.night_counts(),
            }
        return canonical(tables)

    def close(self) -> None:
        """Nothing to close. May be called twice."""


def _table(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows in a schema; what a row has not is null, what the schema has not is left out."""
    return pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
