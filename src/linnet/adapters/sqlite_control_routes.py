"""Routes, their cursors and the memory of their policies in control.db."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict

from linnet.core.delivery_policy import Memory, Policy, Watched
from linnet.core.ports import Progress, Route
from linnet.errors import NotFoundError


def routes(connection: sqlite3.Connection, *, removed: bool) -> list[Route]:
    """Routes by name; `removed`: those too that were removed."""
    query = "SELECT name, sink, filters, policy FROM route WHERE deleted IS NULL OR ? ORDER BY name"
    return [
        Route(name, sink, tuple(json.loads(filters)), Policy(**json.loads(policy)))
        for name, sink, filters, policy in connection.execute(query, (removed,))
    ]


def add(connection: sqlite3.Connection, route: Route, begin: Progress | None, now: str) -> bool:
    """Add or replace a route, a new one with its cursor; gives whether anything changed."""
    there = connection.execute("SELECT 1 FROM route WHERE name = ? AND deleted IS NULL", (route.name,)).fetchone()
    if begin is not None and there is None:
        connection.execute(
            "INSERT OR IGNORE INTO cursor (route, seq, sent, withheld, held, since) VALUES (?, ?, ?, ?, ?, ?)",
            (route.name, *begin),
        )
    changed = connection.execute(
        "INSERT INTO route (name, sink, filters, policy, created) VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE "
        "SET sink = excluded.sink, filters = excluded.filters, policy = excluded.policy, created = excluded.created, "
        "deleted = NULL WHERE (sink, filters, policy, deleted IS NULL) != "
        "(excluded.sink, excluded.filters, excluded.policy, 1)",
        (route.name, route.sink, json.dumps(list(route.filters)), _policy_text(route.policy), now),
    )
    return changed.rowcount > 0


def remove(connection: sqlite3.Connection, name: str, now: str) -> None:
    """Remove a route, its cursor and its memory.

    Raises:
        NotFoundError: there is no such route.
    """
    gone = connection.execute("UPDATE route SET deleted = ? WHERE name = ? AND deleted IS NULL", (now, name))
    if not gone.rowcount:
        raise NotFoundError(f"there is no route {name}")
    for table in ("cursor", "sent_object", "sent_night"):
        connection.execute(f"DELETE FROM {table} WHERE route = ?", (name,))  # noqa: S608 - our own names


def is_at(connection: sqlite3.Connection, route: str, before: int | None) -> bool:
    """Whether a route is not removed, and its cursor is there, if that is asked."""
    if connection.execute("SELECT 1 FROM route WHERE name = ? AND deleted IS NOT NULL", (route,)).fetchone():
        return False
    now = connection.execute("SELECT seq FROM cursor WHERE route = ?", (route,)).fetchone() or (0,)
    return before is None or now == (before,)


def delivered(connection: sqlite3.Connection) -> dict[str, Progress]:
    """Route -> how far it is."""
    rows = connection.execute("SELECT route, seq, sent, withheld, held, since FROM cursor ORDER BY route")
    return {route: Progress(*progress) for route, *progress in rows}


def progress(connection: sqlite3.Connection, route: str) -> Progress:
    """How far one route is."""
    row = connection.execute("SELECT seq, sent, withheld, held, since FROM cursor WHERE route = ?", (route,)).fetchone()
    return Progress() if row is None else Progress(*row)


def record(connection: sqlite3.Connection, route: str, progress: Progress, changed: Memory) -> None:
    """How far a route is, and what has changed in its memory."""
    connection.execute(
        "INSERT OR REPLACE INTO cursor (route, seq, sent, withheld, held, since) VALUES (?, ?, ?, ?, ?, ?)",
        (route, *progress),
    )
    connection.executemany(
        "INSERT OR REPLACE INTO sent_object (route, filter, survey, object_id, mjd) VALUES (?, ?, ?, ?, ?)",
        [(route, *key, mjd) for key, mjd in changed.objects.items()],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO sent_night (route, filter, survey, night, n) VALUES (?, ?, ?, ?, ?)",
        [(route, *key, *night) for key, night in changed.nights.items()],
    )


def memory(connection: sqlite3.Connection, route: str, watched: Sequence[Watched]) -> Memory:
    """What was let through: of these objects, and in the newest nights of all filters."""
    query = "SELECT mjd FROM sent_object WHERE route = ? AND filter = ? AND survey = ? AND object_id = ?"
    objects = {key: row[0] for key in watched for row in connection.execute(query, (route, *key))}
    nights = connection.execute("SELECT filter, survey, night, n FROM sent_night WHERE route = ?", (route,))
    return Memory(objects, {(name, survey): (night, n) for name, survey, night, n in nights})


def _policy_text(policy: Policy) -> str:
    """What it sets, and nothing else: a limit that comes later changes no route that was there."""
    return json.dumps({name: value for name, value in asdict(policy).items() if value not in (None, False)})
