"""Objects folded from all their stored alerts and points: never incremented, so order of arrival cannot matter."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from linnet.adapters.sqlite_store_alerts import table_of_alerts
from linnet.adapters.sqlite_store_layout import EVERYONE, MIXED, NOBODY, SurveyTables
from linnet.adapters.sqlite_store_objects import Row, in_parts, marks
from linnet.adapters.sqlite_store_packing import Bools, Ints, Points, Runs
from linnet.core.ports import OBJECT
from linnet.core.vocabulary import DETECTION

PLACING = ("object_key", "ra", "dec", "healpix")
"""Columns of an object that are those of its first alert."""

_FIRST, _LAST = slice(2, 8), slice(8, 10)
"""Where an object row has `PLACING`, id and mjd of the first alert, and id and mjd of the last."""

_NOTHING: tuple[Row, Row] = ((None,) * 6, (None,) * 2)


@dataclass(frozen=True)
class Detected:
    """Detections of each of n objects: how many, and the first and last mjd (None where there is none)."""

    n: list[int]
    first: list[float | None]
    last: list[float | None]


@dataclass(frozen=True)
class Seen:
    """What is known of each of n objects after a commit, before it becomes rows.

    Attributes:
        runs: all runs.
        points: the points that count and are not taken back, by object.
        private: objects with a detection that may not be published, taken back or not.
    """

    objects: int
    runs: Runs
    points: Points
    private: Bools

    def alerts(self, *, public: bool = False) -> list[int]:
        """How many alerts each has."""
        chosen = self.runs.is_alert & (self.runs.is_public if public else True)
        counted: list[int] = np.bincount(self.runs.object[chosen], minlength=self.objects).tolist()
        return counted

    def detected(self, *, public: bool = False) -> Detected:
        """Their detections."""
        mask = self.points.kind == DETECTION
        chosen = np.flatnonzero(mask & self.points.public if public else mask)
        owner, mjd = self.points.object[chosen], self.points.slot["mjd"][chosen]
        counts = np.bincount(owner, minlength=self.objects)
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        first, last = np.full(self.objects, None, object), np.full(self.objects, None, object)
        if len(starts):
            first[owner[starts]] = np.minimum.reduceat(mjd, starts).tolist()
            last[owner[starts]] = np.maximum.reduceat(mjd, starts).tolist()
        return Detected(counts.tolist(), first.tolist(), last.tolist())

    def shown(self) -> list[int]:
        """What the public sees of each."""
        whole, public = np.array(self.alerts()), np.array(self.alerts(public=True))
        partly = np.where((whole > public) | self.private, MIXED, EVERYONE)
        codes: list[int] = np.where(public == 0, NOBODY, partly).tolist()
        return codes


@dataclass(frozen=True)
class Fresh:
    """New alerts of objects: object index, mjd, id and public flag of each, and their rows."""

    object: Ints
    mjd: np.ndarray[Any, np.dtype[np.float64]]
    alert_id: Ints
    public: Bools
    rows: pa.Table

    def ends(self) -> tuple[dict[int, tuple[Any, ...]], dict[int, tuple[Any, ...]]]:
        """Object -> `PLACING`, id and mjd of its first new alert, and object -> (id, mjd) of its last."""
        order = np.lexsort((self.alert_id, self.mjd, self.object))
        owner = self.object[order]
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        stops = np.concatenate([starts[1:], [len(owner)]]) - 1 if len(starts) else starts
        firsts, lasts = order[starts], order[stops]
        taken = self.rows.select(list(PLACING)).take(pa.array(firsts))
        lists = [column.to_pylist() for column in taken.columns]
        lists += [self.alert_id[firsts].tolist(), self.mjd[firsts].tolist()]
        tails = zip(self.alert_id[lasts].tolist(), self.mjd[lasts].tolist(), strict=True)
        objects = owner[starts].tolist()
        return dict(zip(objects, zip(*lists, strict=True), strict=True)), dict(zip(objects, tails, strict=True))


def folded(seen: Seen, rows: Sequence[Row | None], fresh: Fresh) -> list[Row]:
    """The values of `FOLD_COLUMNS` of each object.

    A loop over objects: 1.5 us each, as much as it would cost to bring the rows into arrays and back.
    """
    detected, n_public = seen.detected(), seen.alerts(public=True)
    counted = zip(seen.alerts(), detected.n, detected.first, detected.last, n_public, strict=True)
    first_new, last_new = fresh.ends()
    result = []
    for i, (row, (n_alerts, n, first_mjd, last_mjd, public)) in enumerate(zip(rows, counted, strict=True)):
        first, last = _NOTHING if row is None else (row[_FIRST], row[_LAST])
        if (new := first_new.get(i)) is not None and (first[4] is None or (new[5], new[4]) < (first[5], first[4])):
            first = new
        if (end := last_new.get(i)) is not None and (last[0] is None or (end[1], end[0]) > (last[1], last[0])):
            last = end
        result.append((*first, *last, n_alerts, n, first_mjd, last_mjd, public > 0))
    return result


def folded_for_public(
    connection: sqlite3.Connection, tables: SurveyTables, seen: Seen, mixed: Sequence[int]
) -> list[Row]:
    """The values of `FOLD_COLUMNS` of these objects over what is public of them."""
    runs = seen.runs
    chosen = np.flatnonzero(runs.is_alert & runs.is_public & np.isin(runs.object, mixed))
    entry, owner = runs.entry[chosen], runs.object[chosen]
    order = np.lexsort((entry["alert_id"], entry["alert_mjd"], owner))
    entry, owner = entry[order], owner[order]
    bounds = np.searchsorted(owner, [*mixed, seen.objects])
    firsts, lasts = entry[bounds[:-1]], entry[np.searchsorted(owner, mixed, side="right") - 1]
    places = _places(connection, tables, firsts["alert_id"].tolist())
    detected, n_alerts = seen.detected(public=True), seen.alerts(public=True)
    counted = [(n_alerts[i], detected.n[i], detected.first[i], detected.last[i], True) for i in mixed]
    return [
        (*places[first[0]], first[0], first[1], last[0], last[1], *rest)
        for first, last, rest in zip(firsts.tolist(), lasts.tolist(), counted, strict=True)
    ]


def _places(connection: sqlite3.Connection, tables: SurveyTables, alert_ids: list[int]) -> dict[int, Row]:
    """Alert -> its columns `PLACING`."""
    query = tables.sql("SELECT alert_id, layout, row FROM {alert} WHERE alert_id IN ({marks})", marks=marks())
    rows = [row for part in in_parts(alert_ids) for row in connection.execute(query, part)]
    wanted = pa.schema([pa.field("alert_id", pa.int64()), *(OBJECT.field(n).with_nullable(True) for n in PLACING)])
    table = table_of_alerts(connection, tables.survey, rows, wanted)
    return {i: tuple(rest) for i, *rest in zip(*(c.to_pylist() for c in table.columns), strict=True)}
