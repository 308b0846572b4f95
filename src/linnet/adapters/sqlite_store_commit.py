"""What one commit writes, table by table. All of it runs inside the transaction that `SqliteStore.commit` opens."""

from __future__ import annotations

import sqlite3
import time

import pyarrow as pa

from linnet.adapters.sqlite_store_layout import quoted, rows_of
from linnet.adapters.sqlite_store_objects import marks
from linnet.adapters.sqlite_store_recent import Recent
from linnet.adapters.sqlite_store_science import write_science
from linnet.adapters.sqlite_store_streams import compressed, opened, summed
from linnet.core.failpoints import passing
from linnet.core.unit import DEAD, SEGMENT, Unit

COUNTS_TOGETHER = 100
"""Units whose stage counts are kept as one table."""


def is_stored(connection: sqlite3.Connection, number: int) -> bool:
    """Whether the unit of this number is in the store."""
    return connection.execute("SELECT 1 FROM unit WHERE number = ?", (number,)).fetchone() is not None


def write_unit(
    connection: sqlite3.Connection, unit: Unit, columns: pa.Schema, recent: Recent | None = None
) -> list[str]:
    """Write everything of a unit, its marker last; gives the ids of the objects that it touched.

    Args:
        connection: inside the commit's transaction.
        unit: the unit.
        columns: what an alert row keeps.
        recent: objects that were read already.
    """
    touched: list[str] = []
    if unit.survey is not None:
        touched = _write_science(connection, unit, columns, recent or Recent())
    _write_dead(connection, unit.dead)
    connection.executemany("DELETE FROM dead WHERE dead_id BETWEEN ? AND ?", unit.released)
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
    return touched


def _write_science(connection: sqlite3.Connection, unit: Unit, columns: pa.Schema, recent: Recent) -> list[str]:
    survey = str(unit.survey)
    touched = write_science(connection, unit, survey, columns, recent)
    if unit.kind == "live" and unit.alerts is not None and unit.alerts.num_rows:
        connection.execute(
            "INSERT INTO pending (unit, survey, night, alerts) VALUES (?, ?, ?, ?)",
            (unit.number, survey, unit.night, compressed(unit.alerts)),
        )
    _write_tags(connection, survey, unit.tags)
    return touched


def _write_tags(connection: sqlite3.Connection, survey: str, tags: pa.Table) -> None:
    """Number new tags in their order, or under the numbers they bring (`seq`, of a rebuild)."""
    names = [n for n in ("seq", "alert_id", "filter", "version") if n in tags.column_names]
    connection.executemany(
        f"INSERT INTO tag_log (survey, {', '.join(names)}) VALUES ({marks(len(names) + 1)}) "  # noqa: S608 - our own names
        "ON CONFLICT (survey, alert_id, filter, version) DO NOTHING",
        ((survey, *row) for row in rows_of(tags, names)),
    )


def _write_dead(connection: sqlite3.Connection, dead: pa.Table) -> None:
    """Number new dead letters in their order, or under the numbers they bring (`dead_id`, of a rebuild)."""
    now = time.time_ns() // 1000
    names = [n for n in ("dead_id", *DEAD.names) if n in dead.column_names]
    for row in rows_of(dead, names):
        connection.execute(
            f"INSERT INTO dead (seen, size, {', '.join(map(quoted, names))}) "  # noqa: S608 - our own names
            f"VALUES ({marks(len(names) + 2)}) ON CONFLICT DO NOTHING",
            (now, len(row[-1]), *row),
        )
        passing("15")


def _write_counts(connection: sqlite3.Connection, unit: Unit) -> None:
    """One compressed table per unit; every so many units they are summed into one, so that few are read."""
    if not unit.counts.num_rows:
        return
    query = "INSERT INTO stage_count (unit, counts) VALUES (?, ?)"
    connection.execute(query, (unit.number, compressed(unit.counts)))
    since = unit.number - COUNTS_TOGETHER
    if unit.number % COUNTS_TOGETHER == 0:
        rows = connection.execute("SELECT counts FROM stage_count WHERE unit > ?", (since,)).fetchall()
        connection.execute("DELETE FROM stage_count WHERE unit > ?", (since,))
        connection.execute(query, (unit.number, compressed(summed([opened(counts) for (counts,) in rows]))))


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
