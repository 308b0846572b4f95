"""Matches as files of JSON lines, one file per filter: what a script reads without installing anything."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.durable import Sync, make_folder, storage_errors, sync_file, sync_folder
from linnet.core.json_rows import lines

_TAIL = 64 * 1024


@dataclass(frozen=True)
class JsonLinesFiles:
    """Files `FOLDER/FILTER.jsonl`: one JSON object per line, in the form of `linnet.core.json_rows`.

    After a crash lines may be there twice; `dedup_id` tells. A character of a filter's name that is not a letter,
    a digit or one of `_.-~` stands in the file name as %XX.

    Attributes:
        folder: made when the sink is opened.
        sync: see `linnet.core.durable.Sync`.
    """

    folder: Path
    sync: Sync = os.fsync

    def open(self) -> OpenJsonLinesFiles:
        """Make the folder.

        Raises:
            StorageError: it cannot be made.
        """
        with storage_errors(f"make the folder {self.folder}"):
            make_folder(self.folder, self.sync)
        return OpenJsonLinesFiles(self)


class OpenJsonLinesFiles:
    """Files being appended to. None stays open between calls, so there may be any number of filters."""

    def __init__(self, description: JsonLinesFiles) -> None:
        self._folder, self._sync = description.folder, description.sync
        self._sound: set[Path] = set()
        self._unsynced: set[Path] = set()
        self._new_names = False

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows to the file of their `filter`.

        Raises:
            StorageError: the disk is full or fails. What was begun is cut off before the next line is written.
        """
        for name in pc.unique(batch.column("filter")).to_pylist():
            rows = batch.filter(pc.equal(batch.column("filter"), name))
            text = "".join(f"{line}\n" for line in lines(rows))
            with storage_errors(f"write matches of filter {name}"):
                self._append(self._folder / f"{quote(name, safe='')}.jsonl", text.encode())

    def flush(self) -> None:
        """Return when everything written is durable.

        Raises:
            StorageError: it is not.
        """
        with storage_errors(f"sync the files in {self._folder}"):
            for path in sorted(self._unsynced):
                sync_file(path, self._sync)
            if self._new_names:
                sync_folder(self._folder, self._sync)
        self._unsynced.clear()
        self._new_names = False

    def close(self) -> None:
        """Flush. May be called twice.

        Raises:
            StorageError: not everything is durable.
        """
        self.flush()

    def _append(self, path: Path, data: bytes) -> None:
        self._new_names |= not path.exists()
        self._unsynced.add(path)
        with path.open("a+b", buffering=0) as file:
            if path not in self._sound:
                file.truncate(_end_of_last_line(file.fileno()))
            self._sound.discard(path)
            written = file.write(data)
            if written != len(data):
                raise OSError(0, "the disk took only a part of it")
        self._sound.add(path)


def _end_of_last_line(descriptor: int) -> int:
    """Where the last whole line of a file ends: a crash may have left half a line behind it."""
    end = os.fstat(descriptor).st_size
    while end > 0:
        start = max(0, end - _TAIL)
        newline = os.pread(descriptor, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0
