"""Cursors of routes that are recorded at the same time, in one transaction: a thousand routes wait for few syncs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Lock

from linnet.adapters import sqlite_control_routes as routes
from linnet.core.delivery_policy import Memory
from linnet.core.ports import Progress


@dataclass
class _Entry:
    """One cursor to record, and what became of it."""

    route: str
    progress: Progress
    changed: Memory
    before: int | None
    is_recorded: bool | None = None
    error: BaseException | None = None


Change = Callable[[], AbstractContextManager[sqlite3.Connection]]
"""Gives a connection within a transaction."""


class Cursors:
    """Records cursors. While one thread writes, others gather; the next one writes for all of them."""

    def __init__(self) -> None:
        self._waiting: list[_Entry] = []
        self._gathering, self._writing = Lock(), Lock()

    def record(self, change: Change, route: str, progress: Progress, changed: Memory, before: int | None) -> bool:
        """Durably record how far a route is; gives whether, see `linnet.core.ports.Control.set_cursor`.

        Raises:
            StorageError: the transaction failed, also for all others in it.
        """
        entry = _Entry(route, progress, changed, before)
        with self._gathering:
            self._waiting.append(entry)
        with self._writing:
            if entry.is_recorded is None and entry.error is None:
                with self._gathering:
                    entries, self._waiting = self._waiting, []
                self._write(change, entries)
        if entry.error is not None:
            raise entry.error
        return bool(entry.is_recorded)

    @staticmethod
    def _write(change: Change, entries: list[_Entry]) -> None:
        found: list[bool] = []
        try:
            with change() as connection:
                for each in entries:
                    found.append(routes.is_at(connection, each.route, each.before))
                    if found[-1]:
                        routes.record(connection, each.route, each.progress, each.changed)
        except BaseException as error:  # noqa: BLE001 - raised by each of those who wait for it
            for each in entries:
                each.error = error
        else:
            for each, is_recorded in zip(entries, found, strict=True):
                each.is_recorded = is_recorded
