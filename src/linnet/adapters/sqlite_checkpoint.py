"""Checkpoints of the write-ahead log, in a thread of their own: a commit never waits while old pages go to the file."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from threading import Condition, Lock, Thread

CHECKPOINT_EVERY = 4_096
"""Pages written, roughly, after which the thread is woken: 16 MB."""

STRAGGLERS = 2_000
"""So few pages left are copied while commits wait, so that the log can begin anew: some 50 ms."""

_PASSES = 3


class Checkpointer:
    """The only one that checkpoints a file: two at once would get "database is locked", whatever their patience.

    A checkpoint that fails is tried again after the next commits; the log only grows meanwhile.

    Args:
        path: the file.
        writing: held by whoever commits.
    """

    def __init__(self, path: Path, writing: Lock) -> None:
        self._path = path
        self._writing = writing
        self._changed = Condition()
        self._written = 0
        self._closed = False
        self._thread: Thread | None = None

    def wrote(self, pages: int) -> None:
        """Say after a commit about how many pages it wrote."""
        with self._changed:
            self._written += pages
            if self._written < CHECKPOINT_EVERY or self._closed:
                return
            if self._thread is None:
                self._thread = Thread(target=self._run, name="checkpoints", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Stop, after the checkpoint in hand. May be called twice, but not while `writing` is held."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while self._wait():
            # An error here loses nothing: the log keeps what is not copied, and a commit tells of a failing disk.
            with suppress(sqlite3.Error), closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
                self._checkpoint(connection)

    def _wait(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._written >= CHECKPOINT_EVERY)
            self._written = 0
            return not self._closed

    def _checkpoint(self, connection: sqlite3.Connection) -> None:
        """Copy beside the commits until little is left, then the rest between two of them."""
        copied = 0
        for _ in range(_PASSES):
            _, log, done = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if log - copied < STRAGGLERS:
                break
            copied = done
        with self._writing:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
