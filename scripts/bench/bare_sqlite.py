"""The yardstick of the store: the very statements of its commits, with ready-made rows, by SQLite alone.

A unit is written through the store's own code on a connection that notes every statement with its rows, and rolled
back. Then a plain connection does what was noted and commits: the same pages of the same file, with nothing decoded,
merged, folded or packed. What join and commit both read is read once. So the share that the store reaches says how much
it spends beside SQLite; it cannot be raised by a clumsy yardstick, as it can where the yardstick has tables of its own.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pyarrow as pa

from linnet.adapters.sqlite_store_commit import write_unit
from linnet.core.unit import Unit

Statement = tuple[str, str, Any]
"""Name of the method, SQL, and one row or all rows."""

_PRAGMAS = ("synchronous = FULL", "cache_size = -262144", "temp_store = MEMORY", "wal_autocheckpoint = 4000")


class _Noting(sqlite3.Connection):
    """Notes every statement with its rows."""

    noted: list[Statement]

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """As ever."""
        self.noted.append(("execute", sql, parameters))
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        """As ever."""
        rows = list(parameters)
        if rows:
            self.noted.append(("executemany", sql, rows))
        return super().executemany(sql, rows)


class BareSqlite:
    """Two connections to a store's file: one that notes, one that does.

    Args:
        path: the file; nobody else writes it meanwhile.
        columns: what an alert row keeps.
    """

    def __init__(self, path: Path, columns: pa.Schema) -> None:
        self._columns = columns
        self._noting = sqlite3.connect(path, isolation_level=None, factory=_Noting)
        self._plain = sqlite3.connect(path, isolation_level=None)
        self._noting.noted = []
        for line in _PRAGMAS:
            self._noting.execute(f"PRAGMA {line}")
            self._plain.execute(f"PRAGMA {line}")

    def statements(self, unit: Unit) -> list[Statement]:
        """What a commit of the unit says to SQLite, the commit itself left out; not part of what is measured."""
        self._noting.execute("BEGIN IMMEDIATE")
        self._noting.noted = []
        try:
            write_unit(self._noting, unit, self._columns)
        finally:
            noted, self._noting.noted = self._noting.noted, []
            self._noting.execute("ROLLBACK")
        return noted

    def commit(self, statements: list[Statement]) -> None:
        """Do it in one durable transaction."""
        self._plain.execute("BEGIN IMMEDIATE")
        for method, sql, parameters in statements:
            getattr(self._plain, method)(sql, parameters).fetchall()
        self._plain.execute("COMMIT")

    def checkpoint(self) -> None:
        """Bring the log into the file, so that nobody else pays for what was written here."""
        self._plain.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def close(self) -> None:
        """Close both."""
        self._noting.close()
        self._plain.close()
