"""The ledger of a watched folder: which file has which offsets, durably, before any of them is handed over."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from linnet.core.durable import Sync, make_folder, replace_file, storage_errors, sync_file, sync_folder


@dataclass(frozen=True, slots=True)
class Looked:
    """A file as it looks from outside: another size or time of change is another file.

    Attributes:
        key: its path in the folder, as valid Unicode or with surrogates.
        size: bytes. mtime: nanoseconds.
    """

    key: str
    size: int
    mtime: int


@dataclass(frozen=True, slots=True)
class Entered:
    """A file in the ledger.

    Attributes:
        offset: of its first message. count: of its messages; more than one in a tar.
    """

    file: Looked
    offset: int
    count: int

    @property
    def end(self) -> int:
        """The offset behind its last message."""
        return self.offset + self.count


class FolderLedger:
    """Lines of JSON, appended and synced; half a line that a crash left at the end is cut off.

    Args:
        path: the file, made with the first entry.
        sync: see `linnet.core.durable.Sync`.

    Attributes:
        entries: in the order of their offsets.
    """

    def __init__(self, path: Path, sync: Sync = os.fsync) -> None:
        self._path = path
        self._sync = sync
        with storage_errors(f"read the ledger {path}"):
            self.entries = self._read()

    @property
    def end(self) -> int:
        """The offset behind everything in it."""
        return self.entries[-1].end if self.entries else 0

    def enter(self, entries: Iterable[Entered]) -> None:
        """Add entries behind the others, durable when this returns.

        Raises:
            StorageError: they are not; the next start cuts them off or keeps them, both are sound.
        """
        new = list(entries)
        with storage_errors(f"write the ledger {self._path}"):
            is_new = not self._path.exists()
            make_folder(self._path.parent, self._sync)
            with self._path.open("ab") as file:
                file.write(b"".join(map(_line, new)))
            sync_file(self._path, self._sync)
            if is_new:
                sync_folder(self._path.parent, self._sync)
        self.entries += new

    def forget(self, gone: Iterable[Entered]) -> None:
        """Leave out entries that nobody needs any more: handed over, committed, and gone from the folder.

        Raises:
            StorageError: the ledger stays as it was.
        """
        dropped = set(gone)
        kept = [each for each in self.entries if each not in dropped]

        def write(part: Path) -> None:
            part.write_bytes(b"".join(map(_line, kept)))

        with storage_errors(f"write the ledger {self._path}"):
            replace_file(self._path, write, self._sync)
        self.entries = kept

    def _read(self) -> list[Entered]:
        if not self._path.exists():
            return []
        whole, _, torn = self._path.read_bytes().rpartition(b"\n")
        if torn:
            os.truncate(self._path, len(whole) + bool(whole))
        found = []
        for line in whole.splitlines():
            row = json.loads(line)
            found.append(Entered(Looked(**row["file"]), row["offset"], row["count"]))
        return found


def _line(entry: Entered) -> bytes:
    # JSON keeps the surrogates of names that are no Unicode as escapes.
    return json.dumps(asdict(entry)).encode() + b"\n"
