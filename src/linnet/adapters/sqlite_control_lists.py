"""Watchlists and areas in control.db: rows about versions whose content lies in files of the home."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime

from linnet.core.list_port import SORTS, ListVersion, Sort
from linnet.errors import NotFoundError, StorageError

Connected = Callable[[], AbstractContextManager[sqlite3.Connection]]

_COLUMNS = "name, version, sha256, size, share, description, source, owner, visibility, created, deleted"


class SqliteLists:
    """A `linnet.core.list_port.KeptLists` in the tables `watchlist` and `area`.

    Args:
        look, change: give a connection to read from, and one within a transaction.
    """

    def __init__(self, look: Connected, change: Connected) -> None:
        self._look = look
        self._change = change

    def add(self, new: ListVersion) -> ListVersion:
        """Add a version; gives it with the time of its making.

        Raises:
            StorageError: there is one of this number already.
        """
        made = replace(new, created=_now(), deleted=None)
        values = [getattr(made, name) for name in _COLUMNS.split(", ")]
        marks = ", ".join("?" * len(values))
        with self._change() as connection:
            query = f"INSERT OR IGNORE INTO {_table(new.sort)} ({_COLUMNS}) VALUES ({marks})"  # noqa: S608 - our own names
            written = connection.execute(query, values)
            if not written.rowcount:
                raise StorageError(f"there is a version {new.version} of {new.sort} {new.name} already")
            _bump(connection)
        return made

    def versions(self, sort: Sort | None = None, *, removed: bool = False) -> list[ListVersion]:
        """All versions by sort, name and version; `removed`: those of lists that were removed as well."""
        found = []
        with self._look() as connection:
            for each in SORTS if sort is None else (sort,):
                query = f"SELECT {_COLUMNS} FROM {_table(each)} WHERE deleted IS NULL OR ? ORDER BY name, version"  # noqa: S608 - our own names
                found += [ListVersion(each, *row) for row in connection.execute(query, (removed,))]
        return found

    def remove(self, sort: Sort, name: str) -> None:
        """Remove a list with all its versions.

        Raises:
            NotFoundError: there is none.
        """
        query = f"UPDATE {_table(sort)} SET deleted = ? WHERE name = ? AND deleted IS NULL"  # noqa: S608 - our own names
        with self._change() as connection:
            if not connection.execute(query, (_now(), name)).rowcount:
                raise NotFoundError(f"there is no {sort} {name}")
            _bump(connection)


def _table(sort: Sort) -> str:
    return {"watchlist": "watchlist", "area": "area"}[sort]


def _bump(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE state SET generation = generation + 1")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
