"""Rows of the objects that a commit touched, written in the order of their keys."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from linnet.adapters.sqlite_store_fold import Seen, folded_for_public
from linnet.adapters.sqlite_store_growth import Growth
from linnet.adapters.sqlite_store_layout import FOLD_COLUMNS, MIXED, OBJECT_COLUMNS, SurveyTables
from linnet.adapters.sqlite_store_objects import PLACE, Held, Row, marks
from linnet.adapters.sqlite_store_places import write_strays

_CELL = FOLD_COLUMNS.index("healpix")
_ALERTS = FOLD_COLUMNS.index("n_alerts")


@dataclass(frozen=True)
class Changes:
    """Objects as they were (`stored`), what is known of them now, their folded values, and their keys."""

    stored: Held
    seen: Seen
    folded: Sequence[Row]
    keys: Sequence[int]


def write_rows(
    connection: sqlite3.Connection,
    tables: SurveyTables,
    changes: Changes,
    added: tuple[list[bytes], list[bytes]],
    withdrawn: Collection[int],
) -> None:
    """Write objects with what they got; nothing where one stays as it is.

    Args:
        connection: inside the commit's transaction.
        tables: those of the survey.
        changes: the objects.
        added: new points and new runs of each, as bytes.
        withdrawn: objects of which this commit took a point back.
    """
    growth = Growth(connection, tables, changes.stored.chunks)
    shown, updates, inserts = changes.seen.shown(), [], []
    for i, (row, points, runs) in enumerate(zip(changes.stored.rows, *added, strict=True)):
        if row is not None and not points and not runs and i not in withdrawn:
            continue
        back = int(i in withdrawn or (row is not None and row[PLACE["taken_back"]] == 1))
        values = (*changes.folded[i], shown[i], back, *growth.add(row, points, runs))
        if row is None:
            inserts.append((changes.keys[i], changes.stored.object_ids[i], *values))
        else:
            updates.append((*values, changes.keys[i]))
    growth.write()
    settable = ", ".join(f"{name} = ?" for name in OBJECT_COLUMNS[2:])
    updates.sort(key=lambda values: values[-1])
    inserts.sort()
    connection.executemany(tables.sql("UPDATE {object} SET {settable} WHERE hk = ?", settable=settable), updates)
    _insert(connection, tables.sql("INSERT INTO {object}"), OBJECT_COLUMNS, inserts)
    write_strays(connection, tables, ((row[_CELL], hk) for row, hk in zip(changes.folded, changes.keys, strict=True)))
    _write_public(connection, tables, changes, shown)
    _count_objects(connection, tables, changes)


def _write_public(connection: sqlite3.Connection, tables: SurveyTables, changes: Changes, shown: Sequence[int]) -> None:
    """The rows that the public sees of objects of which it does not see all."""
    before = [0 if row is None else row[PLACE["shown"]] for row in changes.stored.rows]
    mixed = [i for i, code in enumerate(shown) if code == MIXED]
    opened = [(changes.keys[i],) for i, code in enumerate(shown) if before[i] == MIXED != code]
    connection.executemany(tables.sql("DELETE FROM {public} WHERE hk = ?"), opened)
    if mixed:
        rows = folded_for_public(connection, tables, changes.seen, mixed)
        keyed = [(changes.keys[i], *row) for i, row in zip(mixed, rows, strict=True)]
        _insert(connection, tables.sql("INSERT OR REPLACE INTO {public}"), ("hk", *FOLD_COLUMNS), sorted(keyed))
        write_strays(connection, tables, ((row[1 + _CELL], row[0]) for row in keyed))


def _count_objects(connection: sqlite3.Connection, tables: SurveyTables, changes: Changes) -> None:
    pairs = zip(changes.stored.rows, changes.folded, strict=True)
    new = sum(now[_ALERTS] > 0 and (row is None or row[PLACE["n_alerts"]] == 0) for row, now in pairs)
    if new:
        connection.execute("UPDATE survey SET objects = objects + ? WHERE name = ?", (new, tables.survey))


def _insert(connection: sqlite3.Connection, into: str, names: Sequence[str], rows: Sequence[Row]) -> None:
    connection.executemany(f"{into} ({', '.join(names)}) VALUES ({marks(len(names))})", rows)
