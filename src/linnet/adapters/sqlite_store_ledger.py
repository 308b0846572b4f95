"""Queries for what surrounds the alerts: positions, segments, pending rows, runs, tag log, counts, dead letters."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

import pyarrow as pa

from linnet.adapters.sqlite_store_layout import quoted, table_of
from linnet.adapters.sqlite_store_objects import in_parts, marks
from linnet.adapters.sqlite_store_streams import opened, summed
from linnet.core.answers import DEAD_LIST, DEAD_WHOLE, TAG_COUNT, TAG_LOG, TAGS_OF
from linnet.core.envelope import Position
from linnet.core.unit import SEGMENT, Run


def last_unit(connection: sqlite3.Connection) -> int:
    """Newest unit, 0 for none."""
    return int(connection.execute("SELECT ifnull(max(number), 0) FROM unit").fetchone()[0])


def open_nights(connection: sqlite3.Connection) -> dict[str, int]:
    """Survey -> open night."""
    return dict(connection.execute("SELECT survey, night FROM open_night ORDER BY survey").fetchall())


def positions(connection: sqlite3.Connection) -> tuple[Position, ...]:
    """Source positions by topic and partition."""
    query = "SELECT topic, partition, next_offset, next_index FROM source_position ORDER BY topic, partition"
    return tuple(Position(*row) for row in connection.execute(query))


def segments(connection: sqlite3.Connection) -> pa.Table:
    """Segments by name."""
    query = f"SELECT {', '.join(SEGMENT.names)} FROM segment ORDER BY segment"  # noqa: S608 - our own names
    return table_of(connection.execute(query).fetchall(), SEGMENT)


def pending(connection: sqlite3.Connection) -> list[tuple[int, str, int, pa.Table]]:
    """Units whose rows wait for the science archive."""
    rows = connection.execute("SELECT unit, survey, night, alerts FROM pending ORDER BY unit")
    return [(unit, survey, night, opened(blob)) for unit, survey, night, blob in rows]


def flushed(connection: sqlite3.Connection, upto: int, files: Sequence[str]) -> None:
    """Record files and forget the rows that they hold."""
    connection.executemany("INSERT OR IGNORE INTO science_file (path) VALUES (?)", ((f,) for f in files))
    connection.execute("DELETE FROM pending WHERE unit <= ?", (upto,))


def science_files(connection: sqlite3.Connection) -> list[str]:
    """Recorded files, sorted."""
    return [path for (path,) in connection.execute("SELECT path FROM science_file ORDER BY path")]


def runs(connection: sqlite3.Connection) -> dict[str, Run]:
    """run_id -> run."""
    found = {}
    for run_id, content in connection.execute("SELECT run_id, content FROM run ORDER BY run_id"):
        fields = json.loads(content)
        fields["filters"] = tuple((name, version) for name, version in fields["filters"])
        found[run_id] = Run(**fields)
    return found


def last_tag(connection: sqlite3.Connection) -> int:
    """Newest number of the tag log."""
    return int(connection.execute("SELECT ifnull(max(seq), 0) FROM tag_log").fetchone()[0])


def tags_after(connection: sqlite3.Connection, seq: int, limit: int, filter_name: str | None) -> pa.Table:
    """The tag log after a number; that of one filter through its index, however rarely it matches."""
    chosen, values = ("", ()) if filter_name is None else ("filter = ? AND", (filter_name,))
    query = f"SELECT {', '.join(TAG_LOG.names)} FROM tag_log WHERE {chosen} seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 - our own names
    return table_of(connection.execute(query, (*values, seq, limit)).fetchall(), TAG_LOG)


def tags_of(connection: sqlite3.Connection, survey: str, ids: Sequence[int]) -> pa.Table:
    """Tags of alerts, by number."""
    query = f"SELECT alert_id, filter, version, seq FROM tag_log WHERE survey = ? AND alert_id IN ({marks()})"  # noqa: S608 - question marks alone
    rows = [row for part in in_parts(ids) for row in connection.execute(query, (survey, *part)).fetchall()]
    return table_of(sorted(set(rows), key=lambda row: int(row[-1])), TAGS_OF)


def tag_counts(connection: sqlite3.Connection) -> pa.Table:
    """Tags by filter and version."""
    query = "SELECT filter, version, count(*) FROM tag_log GROUP BY filter, version ORDER BY filter, version"
    return table_of(connection.execute(query).fetchall(), TAG_COUNT)


def counts(connection: sqlite3.Connection) -> pa.Table:
    """Stage counts over all units."""
    rows = connection.execute("SELECT counts FROM stage_count ORDER BY unit")
    return summed([opened(blob) for (blob,) in rows])


def dead_seen(connection: sqlite3.Connection, dead: pa.Table) -> pa.Array:
    """Whether dead letters of these identities are stored."""
    query = (
        "SELECT 1 FROM dead WHERE topic = ? AND partition = ? AND position = ? AND sha256 = ? "
        "AND (\"key\" IS NULL) = (? IS NULL) AND ifnull(\"key\", x'') = ifnull(?, x'')"
    )
    identity = dead.select(["topic", "partition", "position", "sha256", "key"]).to_pylist()
    rows = [tuple(row.values()) for row in identity]
    found = [connection.execute(query, (*row, row[-1])).fetchone() is not None for row in rows]
    return pa.array(found, pa.bool_())


def dead(connection: sqlite3.Connection, reason: str | None, limit: int, after: int) -> pa.Table:
    """Dead letters without their bytes, by number."""
    query = (
        f"SELECT {', '.join(map(quoted, DEAD_LIST.names))} FROM dead "  # noqa: S608 - our own names
        "WHERE dead_id > ? AND (? IS NULL OR reason = ?) ORDER BY dead_id LIMIT ?"
    )
    return table_of(connection.execute(query, (after, reason, reason, limit)).fetchall(), DEAD_LIST)


def dead_of(connection: sqlite3.Connection, alert_id: int) -> pa.Table:
    """Dead letters of one alert id."""
    query = f"SELECT {', '.join(map(quoted, DEAD_LIST.names))} FROM dead WHERE alert_id = ? ORDER BY dead_id"  # noqa: S608 - our own names
    return table_of(connection.execute(query, (alert_id,)).fetchall(), DEAD_LIST)


def dead_letter(connection: sqlite3.Connection, dead_id: int) -> pa.Table:
    """One dead letter with its bytes, or no row."""
    query = f"SELECT {', '.join(map(quoted, DEAD_WHOLE.names))} FROM dead WHERE dead_id = ?"  # noqa: S608 - our own names
    return table_of(connection.execute(query, (dead_id,)).fetchall(), DEAD_WHOLE)
