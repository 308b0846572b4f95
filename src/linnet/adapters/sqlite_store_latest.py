"""The newest tagged alerts: a page of the tag log, and the rows of its alerts."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from linnet.adapters.sqlite_store_layout import table_of
from linnet.adapters.sqlite_store_reads import alerts
from linnet.core.answers import TAGGED


def latest(
    connection: sqlite3.Connection,
    columns: pa.Schema,
    tags: tuple[str | None, int | None],
    limit: int,
    *,
    public: bool,
) -> pa.Table:
    """Newest tagged alerts by falling number.

    Args:
        connection: on a snapshot.
        columns: declared columns of an alert.
        tags: of this filter alone, or None for all; of smaller numbers than this, or None.
        limit: rows at most.
        public: leave out alerts that may not be published.
    """
    parts: list[pa.Table] = []
    filter_name, before = tags
    missing = limit
    while missing > 0:
        page = _tags(connection, filter_name, before, max(missing, 16))
        if not page:
            break
        part = _tagged(connection, columns, page)
        if public:
            part = part.filter(part.column("is_public").fill_null(False))
        parts.append(part.slice(0, missing))
        missing -= parts[-1].num_rows
        before = page[-1][0]
    if len(parts) == 1:
        return parts[0]  # two hundred columns are not joined for nothing
    schema = pa.schema([*TAGGED, *columns])
    return pa.concat_tables([schema.empty_table(), *parts]).unify_dictionaries().combine_chunks()


def _tags(
    connection: sqlite3.Connection, filter_name: str | None, before: int | None, limit: int
) -> list[tuple[Any, ...]]:
    """Rows (seq, filter, version, survey, alert_id) of the tag log, newest first."""
    conditions = {"filter = ?": filter_name, "seq < ?": before}
    where = " AND ".join([text for text, value in conditions.items() if value is not None]) or "1"
    values = [value for value in conditions.values() if value is not None]
    query = f"SELECT seq, filter, version, survey, alert_id FROM tag_log WHERE {where} ORDER BY seq DESC LIMIT ?"  # noqa: S608 - our own words
    return connection.execute(query, (*values, limit)).fetchall()


def _tagged(connection: sqlite3.Connection, columns: pa.Schema, tags: Sequence[tuple[Any, ...]]) -> pa.Table:
    """Tags (as `_tags` gives them) with the rows of their alerts, in their order; without a row none."""
    parts, order = [], []
    for survey in sorted({tag[3] for tag in tags}):
        mine = [tag for tag in tags if tag[3] == survey]
        rows = alerts(connection, columns, survey, [tag[4] for tag in mine])
        stored = set(rows.column("alert_id").to_pylist())
        lead = table_of([tag[:3] for tag in mine if tag[4] in stored], TAGGED)
        order += lead.column("seq").to_pylist()
        parts.append(pa.Table.from_arrays([*lead.columns, *rows.columns], schema=pa.schema([*TAGGED, *columns])))
    if len(parts) == 1:
        return parts[0]
    table = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    return table.take(pa.array(np.argsort(order)[::-1]))
