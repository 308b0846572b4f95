"""The tables of the store, and how Arrow types map to SQLite's and back. Nothing outside the store knows them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from linnet.adapters.sqlite_file import Kind
from linnet.core.column import TEXT_CODE
from linnet.errors import HomeError

SQL_TYPES = {
    pa.bool_(): "BOOL_INT",
    pa.int8(): "INT8",
    pa.int16(): "INT16",
    pa.int32(): "INT32",
    pa.int64(): "INT64",
    # "BLOB" keeps the value as given: a REAL column would turn -0.0 into 0.0
    pa.float32(): "FLOAT32_BLOB",
    pa.float64(): "FLOAT64_BLOB",
    pa.string(): "TEXT",
    TEXT_CODE: "TEXT_CODE",
}
"""Arrow type -> declared type. The declaration names the Arrow type exactly; SQLite reads its affinity out of it."""

TABLES = """
CREATE TABLE unit (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, survey TEXT, night INTEGER, run_id TEXT NOT NULL,
    alerts INTEGER NOT NULL);
CREATE TABLE run (run_id TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE open_night (survey TEXT PRIMARY KEY, night INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE source_position (topic TEXT, partition INTEGER, next_offset INTEGER NOT NULL, next_index INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)) WITHOUT ROWID;
CREATE TABLE segment (segment TEXT PRIMARY KEY, survey TEXT NOT NULL, night INTEGER NOT NULL, fingerprint TEXT NOT NULL,
    length INTEGER NOT NULL, rows INTEGER NOT NULL, closed INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE pending (unit INTEGER PRIMARY KEY, survey TEXT NOT NULL, night INTEGER NOT NULL, alerts BLOB NOT NULL);
CREATE TABLE science_file (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE stage_count (unit INTEGER NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, survey TEXT,
    night INTEGER, visit INTEGER, stage TEXT NOT NULL, outcome TEXT NOT NULL, n INTEGER NOT NULL);
CREATE INDEX stage_count_by_unit ON stage_count (unit);
CREATE TABLE night_count (unit INTEGER NOT NULL, survey TEXT NOT NULL, night INTEGER NOT NULL, band TEXT,
    n INTEGER NOT NULL);
CREATE TABLE dead (dead_id INTEGER PRIMARY KEY AUTOINCREMENT, seen INTEGER NOT NULL, size INTEGER NOT NULL, survey TEXT,
    alert_id INTEGER, reason TEXT NOT NULL, detail TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL,
    "offset" INTEGER NOT NULL, position INTEGER NOT NULL, "key" BLOB, timestamp INTEGER, fingerprint TEXT,
    sha256 TEXT NOT NULL, value BLOB NOT NULL);
CREATE UNIQUE INDEX dead_identity ON dead (topic, partition, position, sha256, "key" IS NULL, ifnull("key", x''));
CREATE INDEX dead_by_reason ON dead (reason);
CREATE INDEX dead_by_alert ON dead (alert_id) WHERE alert_id IS NOT NULL;
CREATE TABLE tag_log (seq INTEGER PRIMARY KEY AUTOINCREMENT, survey TEXT NOT NULL, alert_id INTEGER NOT NULL,
    filter TEXT NOT NULL, version INTEGER NOT NULL, UNIQUE (survey, alert_id, filter, version));
CREATE INDEX tag_log_by_filter ON tag_log (filter, seq, version);
CREATE TABLE object (number INTEGER PRIMARY KEY, survey TEXT NOT NULL, object_id TEXT NOT NULL,
    UNIQUE (survey, object_id));
CREATE TABLE point (object INTEGER, kind INTEGER, "key" INTEGER, source_id INTEGER, mjd FLOAT64_BLOB NOT NULL,
    band TEXT, flux FLOAT32_BLOB, flux_err FLOAT32_BLOB, public INTEGER NOT NULL, known_night INTEGER NOT NULL,
    alert_mjd FLOAT64_BLOB NOT NULL, alert_id INTEGER NOT NULL, PRIMARY KEY (object, kind, "key")) WITHOUT ROWID;
CREATE TABLE withdrawn (object INTEGER, kind INTEGER, "key" INTEGER, known_night INTEGER NOT NULL,
    PRIMARY KEY (object, kind, "key")) WITHOUT ROWID;
CREATE TABLE fold (object INTEGER, audience INTEGER, object_key INTEGER, ra FLOAT64_BLOB NOT NULL,
    dec FLOAT64_BLOB NOT NULL, healpix INTEGER NOT NULL, first_alert_id INTEGER NOT NULL,
    last_alert_id INTEGER NOT NULL, last_alert_mjd FLOAT64_BLOB NOT NULL, n_alerts INTEGER NOT NULL,
    n_detections INTEGER NOT NULL, first_mjd FLOAT64_BLOB, last_mjd FLOAT64_BLOB, is_public INTEGER NOT NULL,
    PRIMARY KEY (object, audience)) WITHOUT ROWID;
CREATE INDEX fold_by_place ON fold (healpix);
CREATE TABLE alert (_row INTEGER PRIMARY KEY, _object INTEGER, survey TEXT_CODE NOT NULL, alert_id INT64 NOT NULL,
    mjd FLOAT64_BLOB NOT NULL, is_public BOOL_INT);
CREATE UNIQUE INDEX alert_identity ON alert (alert_id, survey);
CREATE INDEX alert_by_object ON alert (_object, mjd, alert_id, is_public) WHERE _object IS NOT NULL;
"""
"""alert: the declared columns are added by `add_columns`. fold: see `sqlite_store_fold`."""


def _create(connection: sqlite3.Connection) -> None:
    for statement in TABLES.split(";"):
        connection.execute(statement)


STORE = Kind("store", 0x4C4E5354, _create, format=1, migrations={})
"""Files of the store; "LNST" in ASCII marks them."""


def present_columns(connection: sqlite3.Connection) -> dict[str, str]:
    """Name -> declared SQL type of the alert columns that the file has."""
    rows = connection.execute(
        "SELECT name, type FROM pragma_table_info('alert') WHERE name NOT LIKE '\\_%' ESCAPE '\\'"
    )
    return dict(rows.fetchall())


def add_columns(connection: sqlite3.Connection, wanted: pa.Schema) -> None:
    """Add the alert columns that appeared since the file was made.

    Raises:
        HomeError: a column changed its type, which a column never does.
    """
    have = present_columns(connection)
    for name, arrow in zip(wanted.names, wanted.types, strict=True):
        sql = SQL_TYPES.get(arrow)
        if sql is None:
            raise HomeError(f"column {name} has type {arrow}, which the store does not keep")
        if have.setdefault(name, sql) != sql:
            raise HomeError(f"column {name} is {have[name]} in the store and {sql} now: give a new meaning a new name")
    present = present_columns(connection)
    for name in wanted.names:
        if name not in present:
            connection.execute(f"ALTER TABLE alert ADD COLUMN {quoted(name)} {have[name]}")


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def rows_of(table: pa.Table, names: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    """Rows of some columns as SQLite takes them: times as microseconds, codes as their text."""
    lists = []
    for name in names:
        column = table.column(name)
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.timestamp("us", tz=column.type.tz)).cast(pa.int64())
        lists.append(column.to_pylist())
    return zip(*lists, strict=True)


def table_of(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    """Rows as SQLite gives them, as a table."""
    columns: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [_array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(values: Sequence[Any], arrow: pa.DataType) -> pa.Array:
    if pa.types.is_boolean(arrow):
        return pa.array(values, pa.int8()).cast(pa.bool_())
    return pa.array(values, arrow)
