"""What one commit writes, table by table. All of it runs inside the transaction that `SqliteStore.commit` opens."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from linnet.adapters.sqlite_store_fold import fold
from linnet.adapters.sqlite_store_layout import quoted, rows_of
from linnet.core.failpoints import passing
from linnet.core.unit import COUNT, DEAD, POINT, SEGMENT, WITHDRAWN, Unit

ID_CHUNK = 512
"""Values in one IN list; lists are filled up with nulls to this length so that one prepared statement serves all."""


def is_stored(connection: sqlite3.Connection, number: int) -> bool:
    """Whether the unit of this number is in the store."""
    return connection.execute("SELECT 1 FROM unit WHERE number = ?", (number,)).fetchone() is not None


def write_unit(connection: sqlite3.Connection, unit: Unit, columns: pa.Schema) -> None:
    """Write everything of a unit, its marker last."""
    if unit.survey is not None:
        _write_science(connection, unit, unit.survey, columns)
    _write_dead(connection, unit.dead)
    _write_counts(connection, unit)
    _write_state(connection, unit)
    connection.execute(
        "INSERT INTO unit (number, kind, survey, night, run_id, alerts) VALUES (?, ?, ?, ?, ?, ?)",
        (
            unit.number,
            unit.kind,
            unit.survey,
            unit.night,
            unit.run.run_id,
            0 if unit.alerts is None else unit.alerts.num_rows,
        ),
    )


def chunks(values: Sequence[Any], size: int = ID_CHUNK) -> Iterable[list[Any]]:
    """Lists of exactly `size` values, the last filled up with None, which no IN list matches."""
    for start in range(0, len(values), size):
        part = list(values[start : start + size])
        yield part + [None] * (size - len(part))


def marks(size: int = ID_CHUNK) -> str:
    """Question marks of an IN list."""
    return ", ".join("?" * size)


def object_numbers(connection: sqlite3.Connection, survey: str, object_ids: Sequence[str]) -> dict[str, int]:
    """Internal numbers of those objects of a survey that are stored."""
    numbers: dict[str, int] = {}
    for part in chunks(object_ids):
        numbers.update(
            connection.execute(
                f"SELECT object_id, number FROM object WHERE survey = ? AND object_id IN ({marks()})",  # noqa: S608 - question marks alone
                (survey, *part),
            )
        )
    return numbers


def _write_science(connection: sqlite3.Connection, unit: Unit, survey: str, columns: pa.Schema) -> None:
    tables = [t for t in (unit.alerts, unit.points, unit.withdrawn) if t is not None and t.num_rows]
    ids = sorted({i for t in tables for i in pc.unique(t.column("object_id")).to_pylist() if i is not None})
    connection.executemany(
        "INSERT INTO object (survey, object_id) VALUES (?, ?) ON CONFLICT DO NOTHING", ((survey, i) for i in ids)
    )
    numbers = object_numbers(connection, survey, ids)
    if unit.alerts is not None and unit.alerts.num_rows:
        _write_alerts(connection, unit, unit.alerts, numbers, columns)
        if unit.kind == "live":
            _write_pending(connection, unit, survey, unit.alerts)
    _write_points(connection, unit.points, numbers)
    _write_withdrawn(connection, unit.withdrawn, numbers)
    fold(connection, numbers.values())
    _write_tags(connection, survey, unit.tags)


def _write_alerts(
    connection: sqlite3.Connection,
    unit: Unit,
    alerts: pa.Table,
    numbers: Mapping[str, int],
    columns: pa.Schema,
) -> None:
    (newest,) = connection.execute("SELECT ifnull(max(_row), 0) FROM alert").fetchone()
    names = [n for n in columns.names if n in alerts.column_names]
    table = pa.table({n: _as(alerts.column(n), columns.field(n).type) for n in names})
    objects = map(numbers.get, alerts.column("object_id").to_pylist())
    connection.executemany(
        f"INSERT INTO alert (_object, {', '.join(map(quoted, names))}) VALUES ({marks(len(names) + 1)}) "  # noqa: S608 - declared names, quoted
        "ON CONFLICT DO NOTHING",
        ((number, *row) for number, row in zip(objects, rows_of(table, names), strict=True)),
    )
    connection.execute(
        "INSERT INTO night_count (unit, survey, night, band, n) "
        "SELECT ?, survey, night, band, count(*) FROM alert WHERE _row > ? GROUP BY survey, night, band",
        (unit.number, newest),
    )


def _as(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """A cast that changes nothing costs 0.2 ms a column, which is most of a small commit."""
    return column if column.type == kind else column.cast(kind)


def _write_pending(connection: sqlite3.Connection, unit: Unit, survey: str, alerts: pa.Table) -> None:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, alerts.schema, options=options) as writer:
        writer.write_table(alerts)
    connection.execute(
        "INSERT INTO pending (unit, survey, night, alerts) VALUES (?, ?, ?, ?)",
        (unit.number, survey, unit.night, sink.getvalue().to_pybytes()),
    )


def _write_points(connection: sqlite3.Connection, points: pa.Table, numbers: Mapping[str, int]) -> None:
    names = POINT.names[1:]
    kept = ", ".join(f"{quoted(n)} = excluded.{quoted(n)}" for n in names if n not in ("kind", "key"))
    rows = zip(map(numbers.get, points.column("object_id").to_pylist()), rows_of(points, names), strict=True)
    connection.executemany(
        f"INSERT INTO point (object, {', '.join(map(quoted, names))}) VALUES ({marks(len(names) + 1)}) "  # noqa: S608 - our own names
        f"ON CONFLICT DO UPDATE SET {kept} WHERE (excluded.known_night, excluded.alert_mjd, excluded.alert_id) "
        "< (point.known_night, point.alert_mjd, point.alert_id)",
        ((number, *row) for number, row in rows),
    )


def _write_withdrawn(connection: sqlite3.Connection, withdrawn: pa.Table, numbers: Mapping[str, int]) -> None:
    names = WITHDRAWN.names[1:]
    rows = zip(map(numbers.get, withdrawn.column("object_id").to_pylist()), rows_of(withdrawn, names), strict=True)
    connection.executemany(
        'INSERT INTO withdrawn (object, kind, "key", known_night) VALUES (?, ?, ?, ?) '
        "ON CONFLICT DO UPDATE SET known_night = min(known_night, excluded.known_night)",
        ((number, *row) for number, row in rows),
    )


def _write_tags(connection: sqlite3.Connection, survey: str, tags: pa.Table) -> None:
    """Number new tags in their order, or under the numbers they bring (`seq`, of a rebuild)."""
    names = [n for n in ("seq", "alert_id", "filter", "version") if n in tags.column_names]
    connection.executemany(
        f"INSERT INTO tag_log (survey, {', '.join(names)}) VALUES ({marks(len(names) + 1)}) "  # noqa: S608 - our own names
        "ON CONFLICT (survey, alert_id, filter, version) DO NOTHING",
        ((survey, *row) for row in rows_of(tags, names)),
    )


def _write_dead(connection: sqlite3.Connection, dead: pa.Table) -> None:
    now = time.time_ns() // 1000
    for row in rows_of(dead, DEAD.names):
        connection.execute(
            f"INSERT INTO dead (seen, size, {', '.join(map(quoted, DEAD.names))}) "  # noqa: S608 - our own names
            f"VALUES ({marks(len(DEAD) + 2)}) ON CONFLICT DO NOTHING",
            (now, len(row[-1]), *row),
        )
        passing("15")


def _write_counts(connection: sqlite3.Connection, unit: Unit) -> None:
    connection.executemany(
        f"INSERT INTO stage_count (unit, {', '.join(COUNT.names)}) VALUES ({marks(len(COUNT) + 1)})",  # noqa: S608 - our own names
        ((unit.number, *row) for row in rows_of(unit.counts, COUNT.names)),
    )


def _write_state(connection: sqlite3.Connection, unit: Unit) -> None:
    """Segments, source positions, the open night and the run."""
    connection.executemany(
        f"INSERT OR REPLACE INTO segment ({', '.join(SEGMENT.names)}) VALUES ({marks(len(SEGMENT))})",  # noqa: S608 - our own names
        rows_of(unit.segments, SEGMENT.names),
    )
    connection.executemany(
        "INSERT OR REPLACE INTO source_position (topic, partition, next_offset, next_index) VALUES (?, ?, ?, ?)",
        ((p.topic, p.partition, p.offset, p.index) for p in unit.positions),
    )
    if unit.survey is not None and unit.night is not None:
        connection.execute(
            "INSERT INTO open_night (survey, night) VALUES (?, ?) "
            "ON CONFLICT DO UPDATE SET night = max(night, excluded.night)",
            (unit.survey, unit.night),
        )
    connection.execute(
        "INSERT OR IGNORE INTO run (run_id, content) VALUES (?, ?)", (unit.run.run_id, unit.run.as_json())
    )
