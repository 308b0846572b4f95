"""The lock on a home: one writer at a time, told by name, let go by the operating system whatever happens."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from linnet.errors import HomeError, HomeLockedError

LOCK_FILE = "writer.lock"
"""Name of the file in the home; it stays when the writer is gone, which means nothing."""


class HomeLock:
    """The right to write to a home; a context manager.

    The lock (flock) belongs to the open file, so the operating system lets it go when the process ends, killed or not.
    The file tells who holds it.

    Args:
        home: the home folder, which exists.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._path = home / LOCK_FILE
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock, without waiting; taking it twice is harmless.

        Raises:
            HomeLockedError: another writer holds it; names its process.
            HomeError: the home is missing or may not be written.
        """
        if self._file is not None:
            return
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise HomeError(f"home {self._home} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(file)
            raise self._refusal(error) from error
        self._file = file
        self._write_holder(file)

    def release(self) -> None:
        """Let go. May be called twice."""
        file, self._file = self._file, None
        if file is not None:
            # Unlocking by name also frees it where a forked child still has the file open.
            fcntl.flock(file, fcntl.LOCK_UN)
            os.close(file)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _write_holder(self, file: int) -> None:
        holder = {"pid": os.getpid(), "started": datetime.now(UTC).isoformat(timespec="seconds")}
        with suppress(OSError):  # on a full disk the lock holds all the same, only its note is missing
            os.ftruncate(file, 0)
            os.pwrite(file, json.dumps(holder).encode(), 0)

    def _refusal(self, error: OSError) -> HomeError:
        if not isinstance(error, BlockingIOError):
            return HomeError(f"home {self._home} cannot be locked: {error.strerror}; put it on a local disk")
        try:
            holder = json.loads(self._path.read_text())
            who = f"process {holder['pid']} (started {holder['started']})"
        except (OSError, ValueError, KeyError):
            who = "another process"
        return HomeLockedError(f"{self._home} is being written by {who}; wait for it or choose another --home")
