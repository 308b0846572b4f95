"""Queries for alerts, objects and points, each on one snapshot: rows in, Arrow out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.adapters.sqlite_store_commit import chunks, marks
from linnet.adapters.sqlite_store_fold import EVERYONE, INSIDERS, PUBLIC
from linnet.adapters.sqlite_store_layout import present_columns, quoted, table_of
from linnet.core.answers import CONE, NIGHT_COUNT, SURVEY, TAG_LOG, TAGGED
from linnet.core.dump import canonical
from linnet.core.ports import OBJECT
from linnet.core.sky import cone_ranges, separation
from linnet.core.unit import POINT, WITHDRAWN

_POINTS = f"""
SELECT {{lead}} {", ".join("p." + quoted(n) for n in POINT.names[1:])}
FROM object o JOIN point p ON p.object = o.number
LEFT JOIN withdrawn w ON w.object = p.object AND w.kind = p.kind AND w."key" = p."key"
WHERE {{where}}
"""  # noqa: S608 - our own names

_KNOWN = "(? IS NULL OR p.known_night < ?) AND (w.object IS NULL OR w.known_night >= ?)"

_SEEN = f"EXISTS (SELECT 1 FROM fold f WHERE f.object = o.number AND f.audience IN ({EVERYONE}, {PUBLIC}))"  # noqa: S608 - our own numbers

_OBJECTS = f"""
SELECT o.survey, o.object_id, {", ".join("f." + n for n in OBJECT.names[2:])}
FROM fold f JOIN object o ON o.number = f.object
WHERE f.audience IN ({EVERYONE}, ?)
"""  # noqa: S608 - our own names


def hashes(connection: sqlite3.Connection, survey: str, ids: Sequence[int]) -> pa.Array:
    """Content hashes aligned with the ids, null where the alert is not stored."""
    found: dict[int, int] = {}
    for part in chunks(ids):
        found.update(
            connection.execute(
                f"SELECT alert_id, content_hash FROM alert WHERE alert_id IN ({marks()}) AND survey = ?",  # noqa: S608 - question marks alone
                (*part, survey),
            )
        )
    return pa.array([found.get(i) for i in ids], pa.int64())


def alerts_where(
    connection: sqlite3.Connection,
    columns: pa.Schema,
    rest: str,
    values: Sequence[Any] = (),
    *,
    lead: Iterable[pa.Field] = (),
) -> pa.Table:
    """Alert rows `a` with all declared columns; what the file has not is null.

    Args:
        connection: on a snapshot.
        columns: declared columns of an alert.
        rest: the query after `FROM alert a`.
        values: its parameters.
        lead: fields of a table `t` joined in `rest`, which come first.
    """
    present = present_columns(connection)
    names = [f"t.{quoted(f.name)}" for f in lead]
    names += [f"a.{quoted(n)}" if n in present else "NULL" for n in columns.names]
    rows = connection.execute(f"SELECT {', '.join(names)} FROM alert a {rest}", values).fetchall()  # noqa: S608 - declared names, quoted
    return table_of(rows, pa.schema([*lead, *columns]))


def alerts(connection: sqlite3.Connection, columns: pa.Schema, survey: str, ids: pa.Array) -> pa.Table:
    """Rows in the order of the ids."""
    wanted = ids.cast(pa.int64())
    parts = [
        alerts_where(connection, columns, f"WHERE a.alert_id IN ({marks()}) AND a.survey = ?", (*part, survey))
        for part in chunks(wanted.to_pylist())
    ]
    if not parts:
        return table_of([], columns)
    found = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    return found.take(pc.drop_null(pc.index_in(wanted, found.column("alert_id").combine_chunks())))


def object_alerts(
    connection: sqlite3.Connection,
    columns: pa.Schema,
    survey: str,
    object_id: str,
    *,
    public: bool,
) -> pa.Table:
    """Alerts of one object by (mjd, alert_id)."""
    rest = "JOIN object o ON o.number = a._object WHERE o.survey = ? AND o.object_id = ? AND (a.is_public OR ?) "
    return alerts_where(connection, columns, rest + "ORDER BY a.mjd, a.alert_id", (survey, object_id, not public))


def latest(
    connection: sqlite3.Connection,
    columns: pa.Schema,
    filter_name: str | None,
    limit: int,
    before: int | None,
    *,
    public: bool,
) -> pa.Table:
    """Newest tagged alerts by falling number."""
    conditions = {"t.filter = ?": filter_name, "t.seq < ?": before}
    where = [text for text, value in conditions.items() if value is not None]
    values = [value for value in conditions.values() if value is not None]
    rest = "JOIN tag_log t ON t.survey = a.survey AND t.alert_id = a.alert_id WHERE "
    rest += " AND ".join([*where, "(a.is_public OR ?)"]) + " ORDER BY t.seq DESC LIMIT ?"
    return alerts_where(connection, columns, rest, (*values, not public, limit), lead=TAGGED)


def one_object(connection: sqlite3.Connection, survey: str, object_id: str, *, public: bool) -> pa.Table:
    """The `OBJECT` row of one object."""
    query = f"{_OBJECTS} AND o.survey = ? AND o.object_id = ?"
    return table_of(connection.execute(query, (_audience(public), survey, object_id)).fetchall(), OBJECT)


def points(connection: sqlite3.Connection, survey: str, object_ids: Sequence[str], before: int | None) -> pa.Table:
    """Points of many objects, in no particular order."""
    where = f"o.survey = ? AND o.object_id IN ({marks()}) AND {_KNOWN}"
    query = _POINTS.format(lead="o.object_id,", where=where)
    rows: list[tuple[Any, ...]] = []
    for part in chunks(object_ids):
        rows += connection.execute(query, (survey, *part, before, before, before)).fetchall()
    return table_of(rows, POINT)


def light_curve(
    connection: sqlite3.Connection, survey: str, object_id: str, as_of: int | None, *, public: bool
) -> pa.Table:
    """Points of one object by (mjd, kind, key)."""
    where = f"o.survey = ? AND o.object_id = ? AND {_KNOWN} AND (? OR (p.public AND {_SEEN}))"
    query = _POINTS.format(lead="o.object_id,", where=where) + ' ORDER BY p.mjd, p.kind, p."key"'
    values = (survey, object_id, as_of, as_of, as_of, not public)
    return table_of(connection.execute(query, values).fetchall(), POINT)


def cone(
    connection: sqlite3.Connection, place: tuple[float, float], radius: float, limit: int, *, public: bool
) -> pa.Table:
    """Objects within a radius (arcsec) of a place (ra, dec), by separation."""
    rows: list[tuple[Any, ...]] = []
    for start, stop in cone_ranges(*place, radius).tolist():
        query = f"{_OBJECTS} AND f.healpix >= ? AND f.healpix < ?"
        rows += connection.execute(query, (_audience(public), start, stop)).fetchall()
    found = table_of(rows, OBJECT)
    ra, dec = (found.column(n).to_numpy() for n in ("ra", "dec"))
    apart = np.asarray(separation(*place, ra, dec), dtype=np.float64)
    found = found.append_column(CONE.field("separation"), pa.array(apart)).filter(pa.array(apart <= radius))
    keys = [("separation", "ascending"), ("survey", "ascending"), ("object_id", "ascending")]
    return found.sort_by(keys).slice(0, limit)


def object_count(connection: sqlite3.Connection) -> int:
    """Objects with an alert."""
    query = "SELECT count(*) FROM fold WHERE audience IN (?, ?)"
    return int(connection.execute(query, (EVERYONE, INSIDERS)).fetchone()[0])


def alert_ids(connection: sqlite3.Connection) -> dict[str, pa.Array]:
    """Survey -> ids of its alerts, ascending."""
    surveys = connection.execute("SELECT DISTINCT survey FROM night_count ORDER BY survey").fetchall()
    query = "SELECT alert_id FROM alert WHERE survey = ? ORDER BY alert_id"
    return {s: pa.array([i for (i,) in connection.execute(query, (s,))], pa.int64()) for (s,) in surveys}


def night_counts(connection: sqlite3.Connection) -> pa.Table:
    """Alerts by survey, night and band."""
    query = "SELECT survey, night, band, sum(n) FROM night_count GROUP BY survey, night, band ORDER BY 1, 2, 3"
    return table_of(connection.execute(query).fetchall(), NIGHT_COUNT)


def dump(connection: sqlite3.Connection, columns: pa.Schema) -> dict[str, pa.Table]:
    """The canonical dump."""
    taken_back = f"SELECT o.survey, o.object_id, {', '.join('w.' + quoted(n) for n in WITHDRAWN.names[1:])} "
    taken_back += "FROM withdrawn w JOIN object o ON o.number = w.object"
    all_points = _POINTS.format(lead="o.survey, o.object_id,", where="1")
    return canonical(
        {
            "objects": table_of(connection.execute(_OBJECTS, (INSIDERS,)).fetchall(), OBJECT),
            "points": table_of(connection.execute(all_points).fetchall(), pa.schema([SURVEY, *POINT])),
            "withdrawn": table_of(connection.execute(taken_back).fetchall(), pa.schema([SURVEY, *WITHDRAWN])),
            "alerts": alerts_where(connection, columns, ""),
            "tags": table_of(connection.execute(f"SELECT {', '.join(TAG_LOG.names)} FROM tag_log").fetchall(), TAG_LOG),  # noqa: S608 - our own names
            "nights": night_counts(connection),
        }
    )


def _audience(public: bool) -> int:
    return PUBLIC if public else INSIDERS
