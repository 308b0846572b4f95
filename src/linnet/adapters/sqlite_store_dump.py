"""The canonical dump of the store, unpacked some thousand objects at a time."""

from __future__ import annotations

import sqlite3

import pyarrow as pa

from linnet.adapters.sqlite_store_alerts import table_of_alerts
from linnet.adapters.sqlite_store_layout import OBJECT_COLUMNS, survey_tables, table_of
from linnet.adapters.sqlite_store_objects import PLACE, with_chunks
from linnet.adapters.sqlite_store_reads import ALL_OBJECTS, AT_ONCE, known_points, night_counts
from linnet.core.answers import SURVEY, TAG_LOG
from linnet.core.dump import canonical
from linnet.core.ports import OBJECT
from linnet.core.unit import POINT, WITHDRAWN


def dump(connection: sqlite3.Connection, columns: pa.Schema) -> dict[str, pa.Table]:
    """The canonical dump."""
    surveys = survey_tables(connection)
    objects = [(t.survey, *row) for t in surveys for row in connection.execute(t.sql(ALL_OBJECTS))]
    query = """SELECT o.object_id, w.kind, w."key", w.known_night FROM {withdrawn} w JOIN {object} o ON o.hk = w.hk"""
    withdrawn = [(t.survey, *row) for t in surveys for row in connection.execute(t.sql(query))]
    rows = "SELECT alert_id, layout, row FROM {alert}"
    packed = [(t.survey, connection.execute(t.sql(rows)).fetchall()) for t in surveys]
    parts = [table_of_alerts(connection, survey, found, columns) for survey, found in packed]
    return canonical(
        {
            "objects": table_of(objects, OBJECT),
            "points": _all_points(connection),
            "withdrawn": table_of(withdrawn, pa.schema([SURVEY, *WITHDRAWN])),
            "alerts": pa.concat_tables([columns.empty_table(), *parts]).unify_dictionaries(),
            "tags": table_of(connection.execute(f"SELECT {', '.join(TAG_LOG.names)} FROM tag_log").fetchall(), TAG_LOG),  # noqa: S608 - our own names
            "nights": night_counts(connection),
        }
    )


def _all_points(connection: sqlite3.Connection) -> pa.Table:
    """All points with their survey, those that were taken back too."""
    parts = [pa.schema([SURVEY, *POINT]).empty_table()]
    names = ", ".join(OBJECT_COLUMNS)
    for tables in survey_tables(connection):
        cursor = connection.execute(tables.sql("SELECT {names} FROM {object} ORDER BY hk", names=names))
        while rows := cursor.fetchmany(AT_ONCE):
            stored = with_chunks(connection, tables, [row[PLACE["object_id"]] for row in rows], rows)
            part = known_points(connection, stored, None, gone=True)
            parts.append(part.add_column(0, SURVEY, pa.array([tables.survey] * len(part), pa.string())))
    return pa.concat_tables(parts).unify_dictionaries()
