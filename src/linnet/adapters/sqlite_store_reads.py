"""Queries for alerts, objects and points, each on one snapshot: rows in, Arrow out."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from linnet.adapters.sqlite_store_alerts import table_of_alerts
from linnet.adapters.sqlite_store_layout import MIXED, NOBODY, survey_tables, table_of
from linnet.adapters.sqlite_store_merging import taken_back, winners
from linnet.adapters.sqlite_store_objects import PLACE, Held, held, in_parts, marks
from linnet.adapters.sqlite_store_places import key_range
from linnet.adapters.sqlite_store_points import bands_of, table_of_points
from linnet.core.answers import CONE, NIGHT_COUNT
from linnet.core.ports import OBJECT
from linnet.core.sky import cone_ranges, separation
from linnet.core.unit import POINT

ALL_OBJECTS = f"""
SELECT o.object_id, {", ".join("o." + n for n in OBJECT.names[2:])} FROM {{object}} o WHERE o.n_alerts > 0
"""  # noqa: S608 - our own names

_PUBLIC_OBJECTS = f"""
SELECT o.object_id, {", ".join(f"CASE o.shown WHEN {MIXED} THEN p.{n} ELSE o.{n} END" for n in OBJECT.names[2:])}
FROM {{object}} o LEFT JOIN {{public}} p ON p.hk = o.hk WHERE o.shown != {NOBODY}
"""  # noqa: S608 - our own names and numbers

AT_ONCE = 5000
"""Objects unpacked at once."""


def hashes(connection: sqlite3.Connection, survey: str, ids: Sequence[int]) -> pa.Array:
    """Content hashes aligned with the ids, null where the alert is not stored."""
    found: dict[int, int] = {}
    for tables in survey_tables(connection, survey):
        query = tables.sql("SELECT alert_id, content_hash FROM {alert} WHERE alert_id IN ({marks})", marks=marks())
        for part in in_parts(ids):
            found.update(connection.execute(query, part))
    return pa.array([found.get(i) for i in ids], pa.int64())


def alerts(connection: sqlite3.Connection, columns: pa.Schema, survey: str, ids: Sequence[int]) -> pa.Table:
    """Rows in the order of the ids."""
    found: dict[int, tuple[int, int, bytes]] = {}
    for tables in survey_tables(connection, survey):
        query = tables.sql("SELECT alert_id, layout, row FROM {alert} WHERE alert_id IN ({marks})", marks=marks())
        found.update((row[0], row) for part in in_parts(ids) for row in connection.execute(query, part))
    return table_of_alerts(connection, survey, [found[i] for i in ids if i in found], columns)


def object_alerts(
    connection: sqlite3.Connection, columns: pa.Schema, survey: str, object_id: str, *, public: bool
) -> pa.Table:
    """Alerts of one object by (mjd, alert_id)."""
    ids: list[int] = []
    for tables in survey_tables(connection, survey):
        runs = held(connection, tables, [object_id]).points.runs
        chosen = runs.entry[runs.is_alert & (runs.is_public if public else True)]
        ids = chosen[np.lexsort((chosen["alert_id"], chosen["alert_mjd"]))]["alert_id"].tolist()
    return alerts(connection, columns, survey, ids)


def one_object(connection: sqlite3.Connection, survey: str, object_id: str, *, public: bool) -> pa.Table:
    """The `OBJECT` row of one object."""
    query = (_PUBLIC_OBJECTS if public else ALL_OBJECTS) + " AND o.object_id = ?"
    rows = [
        (survey, *row)
        for tables in survey_tables(connection, survey)
        for row in connection.execute(tables.sql(query), (object_id,))
    ]
    return table_of(rows, OBJECT)


def points(
    connection: sqlite3.Connection, survey: str, object_ids: Sequence[str], before: int | None
) -> tuple[pa.Table, Held | None]:
    """Points of many objects, in no particular order; and the objects, where they were few enough to read at once."""
    found = [
        held(connection, tables, object_ids[start : start + AT_ONCE])
        for tables in survey_tables(connection, survey)
        for start in range(0, len(object_ids), AT_ONCE)
    ]
    parts = [known_points(connection, each, before) for each in found]
    if len(parts) == 1:
        return parts[0], found[0]
    return pa.concat_tables([POINT.empty_table(), *parts]).unify_dictionaries(), None


def light_curve(
    connection: sqlite3.Connection, survey: str, object_id: str, as_of: int | None, *, public: bool
) -> pa.Table:
    """Points of one object by (mjd, kind, key)."""
    for tables in survey_tables(connection, survey):
        stored = held(connection, tables, [object_id])
        row = stored.rows[0]
        if row is not None and not (public and row[PLACE["shown"]] == NOBODY):
            table = known_points(connection, stored, as_of)
            table = table.filter(table.column("public")) if public else table
            return table.sort_by([(n, "ascending") for n in ("mjd", "kind", "key")])
    return POINT.empty_table()


def cone(
    connection: sqlite3.Connection, place: tuple[float, float], radius: float, limit: int, *, public: bool
) -> pa.Table:
    """Objects within a radius (arcsec) of a place (ra, dec), by separation."""
    ranges = cone_ranges(*place, radius).tolist()
    rows: set[tuple[Any, ...]] = set()
    for tables in survey_tables(connection):
        for first, stop, start, end in ((*key_range(*cells), *cells) for cells in ranges):
            query = _PUBLIC_OBJECTS if public else ALL_OBJECTS
            near = connection.execute(tables.sql(query + " AND o.hk >= ? AND o.hk < ?"), (first, stop))
            rows.update((tables.survey, *row) for row in near)
            strays = " AND o.hk IN (SELECT hk FROM {stray} WHERE healpix >= ? AND healpix < ?)"
            rows.update((tables.survey, *row) for row in connection.execute(tables.sql(query + strays), (start, end)))
    found = table_of(list(rows), OBJECT)
    ra, dec = (found.column(n).to_numpy() for n in ("ra", "dec"))
    apart = np.asarray(separation(*place, ra, dec), dtype=np.float64)
    found = found.append_column(CONE.field("separation"), pa.array(apart)).filter(pa.array(apart <= radius))
    keys = [("separation", "ascending"), ("survey", "ascending"), ("object_id", "ascending")]
    return found.sort_by(keys).slice(0, limit)


def object_count(connection: sqlite3.Connection) -> int:
    """Objects with an alert."""
    return int(connection.execute("SELECT ifnull(sum(objects), 0) FROM survey").fetchone()[0])


def alert_ids(connection: sqlite3.Connection) -> dict[str, pa.Array]:
    """Survey -> ids of its alerts, ascending."""
    found = {}
    for tables in survey_tables(connection):
        rows = connection.execute(tables.sql("SELECT alert_id FROM {alert} ORDER BY alert_id"))
        ids = np.fromiter((i for (i,) in rows), dtype=np.int64)
        if len(ids):
            found[tables.survey] = pa.array(ids)
    return found


def surveys_of(connection: sqlite3.Connection, alert_id: int) -> list[str]:
    """Surveys that have this alert."""
    query = "SELECT 1 FROM {alert} WHERE alert_id = ?"
    every = survey_tables(connection)
    return [t.survey for t in every if connection.execute(t.sql(query), (alert_id,)).fetchone() is not None]


def night_counts(connection: sqlite3.Connection) -> pa.Table:
    """Alerts by survey, night and band."""
    query = "SELECT survey, night, band, sum(n) FROM night_count GROUP BY survey, night, band ORDER BY 1, 2, 3"
    return table_of(connection.execute(query).fetchall(), NIGHT_COUNT)


def known_points(connection: sqlite3.Connection, stored: Held, before: int | None, *, gone: bool = False) -> pa.Table:
    """Points that were known before a night and not taken back before it; `gone`: those too."""
    every = stored.points
    best = winners(every)
    kept = every.take(best) if len(best) < len(every) else every
    chosen = np.ones(len(kept), dtype=bool) if gone else ~taken_back(kept, stored.withdrawn, before)
    if before is not None:
        chosen &= kept.runs.entry["known_night"][kept.run] < before
    return table_of_points(kept if chosen.all() else kept.take(chosen), stored.object_ids, bands_of(connection))
