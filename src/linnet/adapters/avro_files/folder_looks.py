"""Looks at a folder into which files are dropped: which of them are complete."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from linnet.adapters.avro_files.folder_ledger import Looked


class Looks:
    """One look after the other at everything below a folder.

    Args:
        folder: an absolute path.

    Attributes:
        trouble: what could not be looked at the last time, in one line, or None.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._prefix = len(os.path.join(folder, ""))  # noqa: PTH118 - pathlib leaves the last slash out
        self._before: set[Looked] = set()
        self.trouble: str | None = None

    def complete(self, known: set[Looked]) -> tuple[list[Looked], int]:
        """Files that are not known and look as they did at the look before, by (time of change, path).

        Returns:
            These files, and the number of others that are not known: new, or still growing.
        """
        self.trouble = None
        new = {file for file in self._walk(self._folder, set()) if file not in known and self._is_open(file)}
        settled = sorted(new & self._before, key=lambda file: (file.mtime, file.key))
        self._before = new
        return settled, len(new) - len(settled)

    def is_there(self, file: Looked) -> bool:
        """Whether a file is there as it looked before."""
        try:
            found = (self._folder / file.key).stat()
        except OSError:
            return False
        return (found.st_size, found.st_mtime_ns) == (file.size, file.mtime)

    def _walk(self, folder: Path, seen: set[tuple[int, int]]) -> Iterator[Looked]:
        """Regular files that are not hidden; links are followed, no folder twice."""
        try:
            found = folder.stat()
            if (found.st_dev, found.st_ino) in seen:
                return
            seen.add((found.st_dev, found.st_ino))
            with os.scandir(folder) as entries:
                named = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError as error:
            self.trouble = f"cannot read {folder}: {error.strerror}"
            return
        for entry in named:
            yield from self._entry(entry, seen)

    def _entry(self, entry: os.DirEntry[str], seen: set[tuple[int, int]]) -> Iterator[Looked]:
        try:
            found = entry.stat()
        except OSError:  # gone meanwhile, or a link that leads nowhere yet
            return
        if stat.S_ISDIR(found.st_mode):
            yield from self._walk(Path(entry.path), seen)
        elif stat.S_ISREG(found.st_mode):
            yield Looked(entry.path[self._prefix :], found.st_size, found.st_mtime_ns)

    def _is_open(self, file: Looked) -> bool:
        if os.access(self._folder / file.key, os.R_OK):
            return True
        self.trouble = f"cannot read {self._folder / file.key}: permission denied"
        return False
