"""The tables of the store, and how Arrow types map to SQLite's and back. Nothing outside the store knows them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import cached_property
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
    pa.float32(): "FLOAT32_BLOB",
    pa.float64(): "FLOAT64_BLOB",
    pa.string(): "TEXT",
    TEXT_CODE: "TEXT_CODE",
}
"""Arrow type of a column of an alert -> the name under which the file remembers it."""

ARROW_TYPES = {sql: arrow for arrow, sql in SQL_TYPES.items()}

SHARED_TABLES = """
CREATE TABLE unit (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, survey TEXT, night INTEGER, run_id TEXT NOT NULL,
    alerts INTEGER NOT NULL);
CREATE TABLE run (run_id TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE open_night (survey TEXT PRIMARY KEY, night INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE source_position (topic TEXT, partition INTEGER, next_offset INTEGER NOT NULL, next_index INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)) WITHOUT ROWID;
CREATE TABLE segment (segment TEXT PRIMARY KEY, survey TEXT NOT NULL, night INTEGER NOT NULL, fingerprint TEXT NOT NULL,
    length INTEGER NOT NULL, rows INTEGER NOT NULL, closed INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE science_file (path TEXT PRIMARY KEY) WITHOUT ROWID;
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
CREATE INDEX tag_log_by_filter ON tag_log (filter, seq, version)
"""
"""The same in all formats."""

PACKED_TABLES = """
CREATE TABLE survey (name TEXT PRIMARY KEY, objects INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE band (code INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE alert_column (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, type TEXT NOT NULL);
CREATE TABLE alert_layout (layout INTEGER PRIMARY KEY, names TEXT NOT NULL UNIQUE);
CREATE TABLE pending (unit INTEGER PRIMARY KEY, survey TEXT NOT NULL, night INTEGER NOT NULL, alerts BLOB NOT NULL);
CREATE TABLE stage_count (unit INTEGER PRIMARY KEY, counts BLOB NOT NULL)
"""
"""survey.objects: how many have an alert. alert_layout: names of the columns in the packed rows of that number, a list
for rows of format 2, {"sparse": list} since. pending, stage_count: compressed Arrow streams; a stage_count may sum all
units up to its own since the one before."""

_FOLD = """object_key INTEGER, ra FLOAT64_BLOB, dec FLOAT64_BLOB, healpix INTEGER,
    first_alert_id INTEGER, first_alert_mjd FLOAT64_BLOB, last_alert_id INTEGER, last_alert_mjd FLOAT64_BLOB,
    n_alerts INTEGER NOT NULL, n_detections INTEGER NOT NULL, first_mjd FLOAT64_BLOB, last_mjd FLOAT64_BLOB,
    is_public INTEGER NOT NULL"""

_SURVEY_TABLES = (
    f"""CREATE TABLE {{object}} (hk INTEGER PRIMARY KEY, object_id TEXT NOT NULL UNIQUE, {_FOLD},
    shown INTEGER NOT NULL, taken_back INTEGER NOT NULL, chunks BLOB NOT NULL, points BLOB NOT NULL,
    runs BLOB NOT NULL)""",
    f"CREATE TABLE {{public}} (hk INTEGER PRIMARY KEY, {_FOLD})",
    "CREATE TABLE {stray} (healpix INTEGER, hk INTEGER, PRIMARY KEY (healpix, hk)) WITHOUT ROWID",
    "CREATE TABLE {chunk} (id INTEGER PRIMARY KEY, points BLOB NOT NULL, runs BLOB NOT NULL)",
    """CREATE TABLE {withdrawn} (hk INTEGER, kind INTEGER, "key" INTEGER, known_night INTEGER NOT NULL,
    PRIMARY KEY (hk, kind, "key")) WITHOUT ROWID""",
    """CREATE TABLE {alert} (alert_id INTEGER PRIMARY KEY, content_hash INTEGER, layout INTEGER NOT NULL,
    row BLOB NOT NULL)""",
)
"""One set for each survey. object.hk: see `sqlite_store_places`; chunks, points, runs: see `sqlite_store_packing`.
"BLOB" in a type keeps a value as given: a REAL column would turn -0.0 into 0.0. public: the fold of those objects
(shown 2) of which the public sees something else. stray: places of objects that lie far from where hk puts them."""

FOLD_COLUMNS = (
    *("object_key", "ra", "dec", "healpix", "first_alert_id", "first_alert_mjd", "last_alert_id", "last_alert_mjd"),
    *("n_alerts", "n_detections", "first_mjd", "last_mjd", "is_public"),
)
OBJECT_COLUMNS = ("hk", "object_id", *FOLD_COLUMNS, "shown", "taken_back", "chunks", "points", "runs")

NOBODY, EVERYONE, MIXED = 0, 1, 2
"""object.shown: what the public sees of an object: nothing, all of it, or the row in the survey's public table."""


class SurveyTables:
    """Names of the tables of one survey, quoted."""

    def __init__(self, survey: str) -> None:
        self.survey = survey

    @cached_property
    def names(self) -> dict[str, str]:
        """Kind of table -> its name."""
        kinds = ("object", "public", "stray", "chunk", "withdrawn", "alert")
        return {kind: quoted(f"{kind}:{self.survey}") for kind in kinds}

    def sql(self, statement: str, **parts: str) -> str:
        """The statement with `{object}` and so on replaced by names of tables, other braces by `parts`."""
        return statement.format(**self.names, **parts)

    def create(self, connection: sqlite3.Connection) -> None:
        """Make the tables unless they are there."""
        known = connection.execute("SELECT 1 FROM survey WHERE name = ?", (self.survey,)).fetchone()
        if known is None:
            connection.execute("INSERT INTO survey (name, objects) VALUES (?, 0)", (self.survey,))
            for statement in _SURVEY_TABLES:
                connection.execute(self.sql(statement))


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables of an empty file."""
    for statement in (SHARED_TABLES + ";" + PACKED_TABLES).split(";"):
        connection.execute(statement)


def _from_format_1(connection: sqlite3.Connection) -> None:
    # Imported late: it writes with the code that stands on this file.
    from linnet.adapters.sqlite_store_from_1 import from_format_1

    from_format_1(connection)


def _from_format_2(_connection: sqlite3.Connection) -> None:
    """Nothing moves: rows of format 2 name their layout as ever. The number keeps out code that reads no other rows."""


STORE = Kind("store", 0x4C4E5354, create_tables, format=3, migrations={1: _from_format_1, 2: _from_format_2})
"""Files of the store; "LNST" in ASCII marks them."""


def survey_tables(connection: sqlite3.Connection, survey: str | None = None) -> list[SurveyTables]:
    """Tables of all surveys in the file by name, or of this one, where it is there."""
    query = "SELECT name FROM survey WHERE name = ifnull(?, name) ORDER BY name"
    return [SurveyTables(name) for (name,) in connection.execute(query, (survey,)).fetchall()]


def present_columns(connection: sqlite3.Connection) -> dict[str, str]:
    """Name -> remembered type of the alert columns that the file has."""
    return dict(connection.execute("SELECT name, type FROM alert_column ORDER BY number").fetchall())


def add_columns(connection: sqlite3.Connection, wanted: pa.Schema) -> None:
    """Remember the alert columns that appeared since the file was made.

    Raises:
        HomeError: a column changed its type, which a column never does.
    """
    have = present_columns(connection)
    for name, arrow in zip(wanted.names, wanted.types, strict=True):
        sql = SQL_TYPES.get(arrow)
        if sql is None:
            raise HomeError(f"column {name} has type {arrow}, which the store does not keep")
        if name not in have:
            connection.execute("INSERT INTO alert_column (name, type) VALUES (?, ?)", (name, sql))
        elif have[name] != sql:
            raise HomeError(f"column {name} is {have[name]} in the store and {sql} now: give a new meaning a new name")


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
