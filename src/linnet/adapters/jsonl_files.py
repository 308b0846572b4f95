"""Matches as files of JSON lines, one file per filter: what a script reads without installing anything."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pyarrow as pa

from linnet.core.durable import Sync, make_folder, storage_errors, sync_file, sync_folder
from linnet.core.json_lines import message_lines

_TAIL = 64 * 1024

SYNCS = 8
"""Files that are synced at once: a disk takes many syncs together in the time of a few."""


@dataclass(frozen=True)
class JsonLinesFiles:
    """Files `FOLDER/FILTER.jsonl`: one JSON object per line, in the form of `linnet.core.json_rows`.

    After a crash lines may be there twice; `dedup_id` tells. A character of a filter's name that is not a letter,
    a digit or one of `_.-~` stands in the file name as %XX.

    Attributes:
        folder: made when the sink is opened.
        sync: see `linnet.core.durable.Sync`; called from several threads at once.
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
        self._sound: set[str] = set()
        self._unsynced: set[str] = set()
        self._new_names = False

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows to the file of their `filter`.

        Raises:
            StorageError: the disk is full or fails. What was begun is cut off before the next line is written.
        """
        if not batch.num_rows:
            return
        for name, text in _by_filter(batch):
            with storage_errors(f"write matches of filter {name}"):
                self._append(f"{self._folder}/{quote(name, safe='')}.jsonl", text)

    def flush(self) -> None:
        """Return when everything written is durable.

        Raises:
            StorageError: it is not.
        """
        with storage_errors(f"sync the files in {self._folder}"):
            self._sync_files(sorted(self._unsynced))
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

    def _sync_files(self, paths: Sequence[str]) -> None:
        if len(paths) <= 1:
            self._sync_each(paths)
            return
        with ThreadPoolExecutor(min(SYNCS, len(paths))) as pool:
            # The list lets no failure pass unseen.
            list(pool.map(self._sync_each, [paths[start::SYNCS] for start in range(SYNCS)]))

    def _sync_each(self, paths: Sequence[str]) -> None:
        for path in paths:
            sync_file(Path(path), self._sync)

    def _append(self, path: str, data: bytes) -> None:
        self._unsynced.add(path)
        file = self._opened(path)
        try:
            if path not in self._sound:
                os.ftruncate(file, _end_of_last_line(file))
            self._sound.discard(path)
            if os.write(file, data) != len(data):
                raise OSError(0, "the disk took only a part of it")
        finally:
            os.close(file)
        self._sound.add(path)

    def _opened(self, path: str) -> int:
        with suppress(FileNotFoundError):
            return os.open(path, os.O_RDWR | os.O_APPEND)
        self._new_names = True
        return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)


def _by_filter(batch: pa.RecordBatch) -> Iterator[tuple[str, bytes]]:
    """Names of filters, and the lines of their rows, of which there is one at least, in the order of the rows."""
    lines = message_lines(batch)
    names = batch.column("filter").dictionary_encode()
    of = names.indices.to_numpy()
    order = np.argsort(of, kind="stable")
    ends = np.cumsum(np.bincount(of, minlength=len(names.dictionary)))
    for name, rows in zip(names.dictionary.to_pylist(), np.split(order, ends[:-1]), strict=True):
        yield name, b"".join([piece for row in rows.tolist() for piece in (*lines[row], b"\n")])


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
