"""Filters in control.db: their versions, which never change, activations and notices."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from linnet.core.filter_port import (
    Activation,
    Details,
    FilterText,
    Notice,
    NoticeKind,
    Visibility,
    judged_json,
    judged_rows,
)
from linnet.errors import NotFoundError

DETAILS = (
    "columns TEXT NOT NULL DEFAULT '[]'",
    "options TEXT NOT NULL DEFAULT '{}'",
    "must_pass TEXT NOT NULL DEFAULT '[]'",
    "must_not TEXT NOT NULL DEFAULT '[]'",
)
"""What a version has besides its text, as JSON."""

ENDS = ("until INTEGER", "reason TEXT NOT NULL DEFAULT ''")
"""How an activation ended."""

NOTICES = """CREATE TABLE notice (number INTEGER PRIMARY KEY, filter TEXT NOT NULL, version INTEGER NOT NULL,
    kind TEXT NOT NULL, text TEXT NOT NULL, created TEXT NOT NULL, closed TEXT,
    FOREIGN KEY (filter, version) REFERENCES filter (name, version));
CREATE UNIQUE INDEX notice_open ON notice (filter, version, kind, text) WHERE closed IS NULL"""
"""What owners of filters are told."""

_FILTERS = """
SELECT f.name, f.version, f.text, f.topic_line, f.owner, a.number IS NOT NULL, f.created,
    f.description, f.reference, f.visibility, f.columns, f.options, f.must_pass, f.must_not,
    (SELECT reason FROM activation z WHERE z.filter = f.name AND z.version = f.version ORDER BY number DESC LIMIT 1)
FROM filter f LEFT JOIN activation a ON a.filter = f.name AND a.version = f.version AND a.deleted IS NULL
WHERE f.deleted IS NULL ORDER BY f.name, f.version
"""


def from_format_without_lives(connection: sqlite3.Connection) -> None:
    """Earlier formats kept texts and activations alone, and everybody saw all filters: those there are public."""
    for table, declared in (("filter", DETAILS), ("activation", ENDS)):
        for column in declared:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    for statement in NOTICES.split(";"):
        connection.execute(statement)
    connection.execute("UPDATE filter SET visibility = 'public'")


def filters(connection: sqlite3.Connection) -> list[FilterText]:
    """All versions of all filters by name and version."""
    return [_filter_text(*row) for row in connection.execute(_FILTERS)]


def add(connection: sqlite3.Connection, new: FilterText, now: str) -> tuple[int, bool]:
    """Add a version, whatever number it names itself; gives its number, and whether it is new."""
    details = new.details
    kept = (
        _json(details.columns),
        _json(dict(details.options)),
        *map(judged_json, (details.must_pass, details.must_not)),
    )
    same = connection.execute(
        "SELECT version FROM filter WHERE name = ? AND text = ? AND (columns, options, must_pass, must_not) = "
        "(?, ?, ?, ?) AND deleted IS NULL ORDER BY version DESC LIMIT 1",
        (new.name, new.text, *kept),
    ).fetchone()
    if same is not None:
        return int(same[0]), False
    newest, visibility = connection.execute(
        "SELECT ifnull(max(version), 0), ifnull(max(visibility), ?) FROM filter WHERE name = ?",
        (details.visibility, new.name),
    ).fetchone()
    words = (details.description, details.reference, new.owner, visibility, now)
    connection.execute(
        "INSERT INTO filter (name, version, text, topic_line, description, reference, owner, visibility, created, "
        "columns, options, must_pass, must_not) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (new.name, newest + 1, new.text, new.topic_line, *words, *kept),
    )
    return int(newest) + 1, True


def activate(connection: sqlite3.Connection, name: str, version: int | None, now: str) -> bool:
    """Activate one version, or none; gives whether that is a change.

    Raises:
        NotFoundError: no such filter or version.
    """
    require(connection, name, version)
    if version is not None:
        connection.execute("UPDATE notice SET closed = ? WHERE filter = ? AND closed IS NULL", (now, name))
    if active_version(connection, name) == version:
        return False
    _end(connection, name, now, "")
    if version is not None:
        connection.execute("INSERT INTO activation (filter, version, created) VALUES (?, ?, ?)", (name, version, now))
    return True


def switch_off(connection: sqlite3.Connection, notice: Notice, until: int | None) -> bool:
    """End the activation of a version, with the reason, and tell its owner; gives whether it was active."""
    if active_version(connection, notice.filter) != notice.version:
        return False
    if until is not None:
        connection.execute(
            "UPDATE activation SET until = iif(since <= ?1, ?1, NULL), since = iif(since <= ?1, since, NULL) "
            "WHERE filter = ?2 AND deleted IS NULL",
            (until, notice.filter),
        )
    _end(connection, notice.filter, notice.created, notice.text)
    notify(connection, notice)
    return True


def set_visibility(connection: sqlite3.Connection, name: str, visibility: Visibility) -> None:
    """Set it for all versions.

    Raises:
        NotFoundError: no such filter.
    """
    require(connection, name, None)
    connection.execute("UPDATE filter SET visibility = ? WHERE name = ?", (visibility, name))


def record_since(connection: sqlite3.Connection, name: str, version: int, seq: int) -> None:
    """Record where the newest activation of a version begins, where that is not recorded.

    Raises:
        NotFoundError: no such filter or version.
    """
    require(connection, name, version)
    connection.execute(
        "UPDATE activation SET since = ? WHERE since IS NULL AND number = "
        "(SELECT max(number) FROM activation WHERE filter = ? AND version = ?)",
        (seq, name, version),
    )


def take_up(connection: sqlite3.Connection, seq: int) -> list[FilterText]:
    """The active versions, recorded as judging from a number on; what nobody took up stays without numbers."""
    connection.execute("UPDATE activation SET since = ? WHERE deleted IS NULL AND since IS NULL", (seq,))
    connection.execute(
        "UPDATE activation SET until = ? WHERE deleted IS NOT NULL AND until IS NULL AND since IS NOT NULL", (seq - 1,)
    )
    return [each for each in filters(connection) if each.active]


def activations(connection: sqlite3.Connection) -> list[tuple[str, int, int | None]]:
    """Filter, version and beginning of all, in order of their making."""
    return connection.execute("SELECT filter, version, since FROM activation ORDER BY number").fetchall()


def activation_log(connection: sqlite3.Connection, name: str) -> list[Activation]:
    """All activations of one filter."""
    columns = "filter, version, created, since, deleted, until, reason"
    query = f"SELECT {columns} FROM activation WHERE filter = ? ORDER BY number"  # noqa: S608 - our own words
    return [Activation(*row) for row in connection.execute(query, (name,))]


def notify(connection: sqlite3.Connection, notice: Notice) -> bool:
    """Write a notice down, unless the same one is open; gives whether it was."""
    done = connection.execute(
        "INSERT INTO notice (filter, version, kind, text, created) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (notice.filter, notice.version, notice.kind, notice.text, notice.created),
    )
    return done.rowcount > 0


def notices(connection: sqlite3.Connection, name: str | None) -> list[Notice]:
    """Open notices of one filter or of all."""
    query = (
        "SELECT n.filter, n.version, n.kind, n.text, f.owner, n.created FROM notice n JOIN filter f "
        "ON f.name = n.filter AND f.version = n.version WHERE n.closed IS NULL AND n.filter = ifnull(?, n.filter) "
        "ORDER BY n.number"
    )
    return [Notice(*row) for row in connection.execute(query, (name,))]


def close_notices(connection: sqlite3.Connection, name: str, kind: NoticeKind, now: str) -> None:
    """Close the open notices of one kind."""
    connection.execute(
        "UPDATE notice SET closed = ? WHERE filter = ? AND kind = ? AND closed IS NULL", (now, name, kind)
    )


def active_version(connection: sqlite3.Connection, name: str) -> int | None:
    """The version that is active, None where none is."""
    row = connection.execute("SELECT version FROM activation WHERE filter = ? AND deleted IS NULL", (name,)).fetchone()
    return None if row is None else int(row[0])


def require(connection: sqlite3.Connection, name: str, version: int | None) -> None:
    """Make sure that a filter, or a version of it, is there.

    Raises:
        NotFoundError: it is not.
    """
    found = connection.execute(
        "SELECT 1 FROM filter WHERE name = ? AND version = ifnull(?, version) AND deleted IS NULL", (name, version)
    ).fetchone()
    if found is None:
        what = f"filter {name}" if version is None else f"filter {name} version {version}"
        raise NotFoundError(f"there is no {what}")


def _end(connection: sqlite3.Connection, name: str, now: str, reason: str) -> None:
    connection.execute(
        "UPDATE activation SET deleted = ?, reason = ? WHERE filter = ? AND deleted IS NULL", (now, reason, name)
    )


def _filter_text(*row: Any) -> FilterText:
    name, version, text, topic_line, owner, active, created, description, reference, visibility, *kept, reason = row
    columns, options, must_pass, must_not = kept
    details = Details(
        description,
        reference,
        visibility,
        tuple(json.loads(columns)),
        tuple(sorted(json.loads(options).items())),
        judged_rows(must_pass),
        judged_rows(must_not),
    )
    return FilterText(name, version, text, topic_line, owner, bool(active), created, details, reason or "")


def _json(value: Sequence[str] | dict[str, float]) -> str:
    return json.dumps(value, sort_keys=True)
