"""The tables of control.db: what people decided. Every thing of theirs has an owner, a visibility and its times."""

from __future__ import annotations

import sqlite3

from linnet.adapters import sqlite_control_filters as filters
from linnet.adapters.sqlite_file import Kind

_OWNED = """owner TEXT NOT NULL DEFAULT 'local', visibility TEXT NOT NULL DEFAULT 'private'
    CHECK (visibility IN ('private', 'public')), created TEXT NOT NULL, deleted TEXT"""

_POLICY = "policy TEXT NOT NULL DEFAULT '{}'"
_HELD = "held INTEGER NOT NULL DEFAULT 0"
_SINCE = "since INTEGER NOT NULL DEFAULT 0"

_MEMORY = """CREATE TABLE sent_object (route TEXT, filter TEXT, survey TEXT, object_id TEXT, mjd REAL NOT NULL,
    PRIMARY KEY (route, filter, survey, object_id)) WITHOUT ROWID;
CREATE TABLE sent_night (route TEXT, filter TEXT, survey TEXT, night INTEGER NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (route, filter, survey)) WITHOUT ROWID"""
"""What policies have let through: the last message of each object, and how many in the newest night of each filter."""

_RETRY = """CREATE TABLE retry (number INTEGER PRIMARY KEY, reason TEXT NOT NULL, asked TEXT NOT NULL, answer TEXT,
    answered TEXT);
CREATE INDEX retry_open ON retry (number) WHERE answer IS NULL"""
"""Dead letters that a running broker is asked to offer again, and what became of them."""

_CONTENT = """name TEXT, version INTEGER, sha256 TEXT NOT NULL, size INTEGER NOT NULL, share REAL,
    description TEXT NOT NULL, source TEXT NOT NULL"""
_LISTS = f"""CREATE TABLE watchlist ({_CONTENT}, {_OWNED}, PRIMARY KEY (name, version)) WITHOUT ROWID;
CREATE TABLE area ({_CONTENT}, {_OWNED}, PRIMARY KEY (name, version)) WITHOUT ROWID"""
"""Versions of watchlists and areas; what is in them lies in files of the home, a million rows of each."""

_TABLES = f"""
CREATE TABLE state (generation INTEGER NOT NULL);
INSERT INTO state VALUES (1);
CREATE TABLE user (name TEXT PRIMARY KEY, created TEXT NOT NULL, deleted TEXT) WITHOUT ROWID;
INSERT INTO user VALUES ('local', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), NULL);
CREATE TABLE filter (name TEXT, version INTEGER, text TEXT NOT NULL, topic_line TEXT NOT NULL,
    description TEXT NOT NULL, reference TEXT NOT NULL, {_OWNED}, {", ".join(filters.DETAILS)},
    PRIMARY KEY (name, version)) WITHOUT ROWID;
CREATE TABLE activation (number INTEGER PRIMARY KEY, filter TEXT NOT NULL, version INTEGER NOT NULL, since INTEGER,
    {_OWNED}, {", ".join(filters.ENDS)}, FOREIGN KEY (filter, version) REFERENCES filter (name, version));
CREATE UNIQUE INDEX activation_now ON activation (filter) WHERE deleted IS NULL;
CREATE TABLE route (name TEXT PRIMARY KEY, sink TEXT NOT NULL, filters TEXT NOT NULL, {_OWNED}, {_POLICY})
    WITHOUT ROWID;
CREATE TABLE cursor (route TEXT PRIMARY KEY, seq INTEGER NOT NULL, sent INTEGER NOT NULL, withheld INTEGER NOT NULL,
    {_HELD}, {_SINCE}) WITHOUT ROWID;
{_MEMORY};
{_RETRY};
{filters.NOTICES};
{_LISTS};
CREATE TABLE annotation (number INTEGER PRIMARY KEY, survey TEXT NOT NULL, object_id TEXT NOT NULL, topic TEXT NOT NULL,
    content TEXT NOT NULL, {_OWNED});
CREATE INDEX annotation_by_object ON annotation (survey, object_id)
"""  # noqa: S608 - our own words
"""activation.since, until: the tag-log numbers from and up to which it holds; one open activation for each filter.
cursor is apart from route, so that a route that is replaced goes on where it was."""


def _create(connection: sqlite3.Connection) -> None:
    for statement in _TABLES.split(";"):
        connection.execute(statement)


def _from_format_1(connection: sqlite3.Connection) -> None:
    """Format 1 knew no policies: its routes go on as they were."""
    for table, column in (("route", _POLICY), ("cursor", _HELD), ("cursor", _SINCE)):
        connection.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    for statement in _MEMORY.split(";"):
        connection.execute(statement)


def _from_format_2(connection: sqlite3.Connection) -> None:
    """Format 2 knew no requests to a running broker."""
    for statement in _RETRY.split(";"):
        connection.execute(statement)


def _lists_in_files(connection: sqlite3.Connection) -> None:
    """Formats 3 and 4 foresaw watchlists and areas within the file, and nothing that wrote them."""
    for table in ("watched", "watchlist", "area"):
        connection.execute(f"DROP TABLE {table}")
    for statement in _LISTS.split(";"):
        connection.execute(statement)


_MIGRATIONS = {1: _from_format_1, 2: _from_format_2, 3: filters.from_format_without_lives, 4: _lists_in_files}

CONTROL = Kind("control database", 0x4C4E4354, _create, format=5, migrations=_MIGRATIONS, journal="DELETE")
"""Files of the control database; "LNCT" in ASCII marks them. A rollback journal: several processes write, rarely, and
between writes everything is in one file, which can be copied."""
