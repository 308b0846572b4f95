"""What the store in memory holds: plain dicts of rows, and how a unit changes them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from linnet.core.answers import TAG_LOG
from linnet.core.envelope import Position
from linnet.core.unit import COUNT, WITHDRAWN, Run, Unit
from linnet.errors import StorageError

Row = dict[str, Any]
DEAD_IDENTITY = ("topic", "partition", "position", "key", "sha256")


@dataclass
class Content:
    """Rows by identity. Nothing is ever incremented: everything that sums or counts does so when it is read.

    Attributes:
        alerts: (survey, alert_id) -> row.
        objects: (survey, object_id) -> alert ids.
        points: (survey, object_id) -> (kind, key) -> row of `POINT`.
        withdrawn: (survey, object_id) -> (kind, key) -> known_night.
        tags: tag-log number -> (survey, alert_id, filter, version).
        counts: unit -> rows of `COUNT`.
        dead: identity -> row of `DEAD` with `dead_id`, `seen`, `size`. last_dead: the largest number ever given.
    """

    units: set[int] = field(default_factory=set)
    runs: dict[str, Run] = field(default_factory=dict)
    nights: dict[str, int] = field(default_factory=dict)
    positions: dict[tuple[str, int], Position] = field(default_factory=dict)
    segments: dict[str, Row] = field(default_factory=dict)
    pending: dict[int, tuple[str, int, pa.Table]] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    alerts: dict[tuple[str, int], Row] = field(default_factory=dict)
    objects: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    points: dict[tuple[str, str], dict[tuple[int, int], Row]] = field(default_factory=lambda: defaultdict(dict))
    withdrawn: dict[tuple[str, str], dict[tuple[int, int], int]] = field(default_factory=lambda: defaultdict(dict))
    tags: dict[int, tuple[str, int, str, int]] = field(default_factory=dict)
    counts: dict[int, list[Row]] = field(default_factory=dict)
    dead: dict[tuple[Any, ...], Row] = field(default_factory=dict)
    last_dead: int = 0

    def apply(self, unit: Unit) -> None:
        """Take a unit, unless one of its number was taken before.

        Raises:
            StorageError: a rebuild brings a tag-log number that another tag has; nothing is changed.
        """
        if unit.number in self.units:
            return
        tags = dict(self._new_tags(unit))
        if unit.survey is not None:
            self._take_science(unit, unit.survey)
        self.tags.update(tags)
        for row in unit.dead.to_pylist():
            stamps = {"dead_id": self.last_dead + 1, "seen": datetime.now(UTC), "size": len(row["value"])}
            kept = self.dead.setdefault(tuple(row[n] for n in DEAD_IDENTITY), {**stamps, **row})
            self.last_dead = max(self.last_dead, kept["dead_id"])
        for first, last in unit.released:
            self.dead = {i: row for i, row in self.dead.items() if not first <= row["dead_id"] <= last}
        self.counts[unit.number] = unit.counts.to_pylist()
        self.segments.update({row["segment"]: row for row in unit.segments.to_pylist()})
        self.positions.update({(p.topic, p.partition): p for p in unit.positions})
        self.runs.setdefault(unit.run.run_id, unit.run)
        self.units.add(unit.number)

    def fold(self, survey: str, object_id: str, *, public: bool) -> Row | None:
        """The `OBJECT` row of one object over all of it, or over what is public; None where no alert is left."""
        key = (survey, object_id)
        mine = (self.alerts[survey, i] for i in self.objects.get(key, ()))
        alerts = sorted((a for a in mine if a["is_public"] or not public), key=lambda a: (a["mjd"], a["alert_id"]))
        if not alerts:
            return None
        first, last = alerts[0], alerts[-1]
        times = [p["mjd"] for p in self.points_of(survey, object_id) if p["kind"] == 0 and (p["public"] or not public)]
        return {
            **{name: first[name] for name in ("survey", "object_id", "object_key", "ra", "dec", "healpix")},
            "first_alert_id": first["alert_id"],
            "last_alert_id": last["alert_id"],
            "last_alert_mjd": last["mjd"],
            "n_alerts": len(alerts),
            "n_detections": len(times),
            "first_mjd": min(times, default=None),
            "last_mjd": max(times, default=None),
            "is_public": any(a["is_public"] for a in alerts),
        }

    def object_rows(self, *, public: bool = False) -> list[Row]:
        """All objects that have an alert, folded, by survey and object_id."""
        folded = (self.fold(*key, public=public) for key in sorted(self.objects))
        return [row for row in folded if row is not None]

    def point_rows(self) -> list[Row]:
        """All points with their survey."""
        return [{"survey": survey, **p} for (survey, _), rows in self.points.items() for p in rows.values()]

    def withdrawn_rows(self) -> list[Row]:
        """All withdrawn identities with their survey."""
        return [
            dict(zip(["survey", *WITHDRAWN.names], (*key, *identity, night), strict=True))
            for key, nights in self.withdrawn.items()
            for identity, night in nights.items()
        ]

    def tag_rows(self) -> list[Row]:
        """The tag log in order."""
        return [dict(zip(TAG_LOG.names, (seq, *self.tags[seq]), strict=True)) for seq in sorted(self.tags)]

    def points_of(self, survey: str, object_id: str, before: int | None = None) -> list[Row]:
        """Points of an object known before a night and not withdrawn before it, by (mjd, kind, key)."""
        taken_back = self.withdrawn.get((survey, object_id), {})
        found = []
        for identity, point in self.points.get((survey, object_id), {}).items():
            known = before is None or point["known_night"] < before
            gone = identity in taken_back and (before is None or taken_back[identity] < before)
            if known and not gone:
                found.append(point)
        return sorted(found, key=lambda p: (p["mjd"], p["kind"], p["key"]))

    def summed_counts(self) -> list[Row]:
        """Stage counts over all units."""
        sums: Counter[tuple[Any, ...]] = Counter()
        for row in (r for rows in self.counts.values() for r in rows):
            sums[tuple(row[n] for n in COUNT.names[:-1])] += row["n"]
        return [dict(zip(COUNT.names, (*key, n), strict=True)) for key, n in sums.items()]

    def _new_tags(self, unit: Unit) -> Iterator[tuple[int, tuple[str, int, str, int]]]:
        known, following = set(self.tags.values()), max(self.tags, default=0) + 1
        for row in unit.tags.to_pylist():
            tag = (str(unit.survey), row["alert_id"], row["filter"], row["version"])
            if tag in known:
                continue
            seq = row.get("seq", following)
            if seq in self.tags:
                raise StorageError(
                    f"store in memory: another tag has tag-log number {seq}: rebuild into an empty store"
                )
            known.add(tag)
            following = max(following, seq + 1)
            yield seq, tag

    def _take_science(self, unit: Unit, survey: str) -> None:
        if unit.alerts is not None and unit.alerts.num_rows:
            for row in unit.alerts.to_pylist():
                if self.alerts.setdefault((survey, row["alert_id"]), row) is row and row["object_id"] is not None:
                    self.objects[survey, row["object_id"]].append(row["alert_id"])
            if unit.kind == "live":
                self.pending[unit.number] = (survey, int(unit.night or 0), unit.alerts)
        for row in unit.points.to_pylist():
            points, identity = self.points[survey, row["object_id"]], (row["kind"], row["key"])
            points[identity] = min(points.get(identity, row), row, key=_first_known)
        for row in unit.withdrawn.to_pylist():
            nights, identity = self.withdrawn[survey, row["object_id"]], (row["kind"], row["key"])
            nights[identity] = min(nights.get(identity, row["known_night"]), row["known_night"])
        if unit.night is not None:
            self.nights[survey] = max(unit.night, self.nights.get(survey, unit.night))


def _first_known(point: Row) -> tuple[int, float, int]:
    return point["known_night"], point["alert_mjd"], point["alert_id"]
