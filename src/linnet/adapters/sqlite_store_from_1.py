"""From format 1 of the store, with its row for every point: everything is committed anew, packed as it is today."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pyarrow as pa

from linnet.adapters.sqlite_store_layout import ARROW_TYPES, PACKED_TABLES, SQL_TYPES, quoted, table_of
from linnet.adapters.sqlite_store_recent import Recent
from linnet.adapters.sqlite_store_science import write_science
from linnet.adapters.sqlite_store_streams import compressed
from linnet.core.unit import COUNT, POINT, WITHDRAWN, Run, Unit

_BATCH = 1000
"""Objects that are moved at once."""

_MOVED = ("alert", "object", "point", "withdrawn", "fold", "old_pending", "old_stage_count")


def from_format_1(connection: sqlite3.Connection) -> None:
    """Bring the tables of a format 1 file to those of format 2, in the transaction that is open."""
    for name in ("pending", "stage_count"):
        connection.execute(f"ALTER TABLE {name} RENAME TO old_{name}")
    for statement in PACKED_TABLES.split(";"):
        connection.execute(statement)
    columns = _columns(connection)
    surveys = connection.execute("SELECT survey FROM object UNION SELECT survey FROM night_count").fetchall()
    for (survey,) in surveys:
        for unit in _units(connection, survey, columns):
            write_science(connection, unit, survey, columns, Recent())
    # They count the alerts of these units; the counts of the units that brought them stand.
    connection.execute("DELETE FROM night_count WHERE unit = 0")
    _move_streams(connection)
    for name in _MOVED:
        connection.execute(f"DROP TABLE {name}")


def _columns(connection: sqlite3.Connection) -> pa.Schema:
    """The alert columns of the file, remembered where format 2 does."""
    query = "SELECT name, type FROM pragma_table_info('alert') WHERE name NOT LIKE '\\_%' ESCAPE '\\'"
    found = {name: ARROW_TYPES[sql] for name, sql in connection.execute(query).fetchall()}
    rows = [(name, SQL_TYPES[arrow]) for name, arrow in found.items()]
    connection.executemany("INSERT INTO alert_column (name, type) VALUES (?, ?)", rows)
    return pa.schema(found.items())


def _units(connection: sqlite3.Connection, survey: str, columns: pa.Schema) -> Iterator[Unit]:
    """Everything of a survey as units, by object; then the alerts without one."""
    names = ", ".join("a." + quoted(n) for n in columns.names)
    alerts = f"SELECT {names} FROM alert a WHERE a.survey = ? AND a._object BETWEEN ? AND ?"  # noqa: S608 - the file's own names
    last = connection.execute("SELECT ifnull(max(number), 0) FROM object").fetchone()[0]
    for start in range(1, last + 1, _BATCH):
        within = (survey, start, start + _BATCH - 1)
        points, withdrawn = (
            table_of(connection.execute(_of_objects(table, schema), within).fetchall(), schema)
            for table, schema in (("point", POINT), ("withdrawn", WITHDRAWN))
        )
        yield _unit(table_of(connection.execute(alerts, within).fetchall(), columns), points, withdrawn)
    query = f"SELECT {names} FROM alert a WHERE a.survey = ? AND a._object IS NULL"  # noqa: S608 - the file's own names
    cursor = connection.execute(query, (survey,))
    while rows := cursor.fetchmany(_BATCH):
        yield _unit(table_of(rows, columns), POINT.empty_table(), WITHDRAWN.empty_table())


def _of_objects(table: str, schema: pa.Schema) -> str:
    names = ", ".join("t." + quoted(n) for n in schema.names[1:])
    return (
        f"SELECT o.object_id, {names} FROM object o JOIN {table} t ON t.object = o.number "  # noqa: S608 - our own names
        "WHERE o.survey = ? AND o.number BETWEEN ? AND ?"
    )


def _unit(alerts: pa.Table, points: pa.Table, withdrawn: pa.Table) -> Unit:
    return Unit(0, Run("", {}), alerts=alerts, points=points, withdrawn=withdrawn)


def _move_streams(connection: sqlite3.Connection) -> None:
    """Rows that wait for the archive, and stage counts, as streams."""
    query = "INSERT INTO pending (unit, survey, night, alerts) VALUES (?, ?, ?, ?)"
    for number, survey, night, blob in connection.execute("SELECT * FROM old_pending").fetchall():
        connection.execute(query, (number, survey, night, compressed(pa.ipc.open_stream(blob).read_all())))
    rows = connection.execute(f"SELECT {', '.join(COUNT.names)}, unit FROM old_stage_count").fetchall()  # noqa: S608 - our own names
    if rows:
        table = table_of([row[:-1] for row in rows], COUNT)
        connection.execute("INSERT INTO stage_count VALUES (?, ?)", (max(r[-1] for r in rows), compressed(table)))
