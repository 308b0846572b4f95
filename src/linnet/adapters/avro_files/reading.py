"""Reading listed files and tar members into batches of envelopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from linnet.adapters.avro_files.listing import Entry, list_files
from linnet.adapters.avro_files.tar_file import LARGEST, DamagedTarError, TarFile
from linnet.core.envelope import MAX_BATCH_BYTES, Message, Position, envelopes
from linnet.errors import InputError


@dataclass(frozen=True)
class AvroFiles:
    """Files and folders, in the order of their paths.

    Attributes:
        paths: what to take; folders with all that is in them.
    """

    paths: tuple[Path, ...]

    def listing(self) -> FileList:
        """List what there is now, reading tars to their end but no other file.

        Raises:
            InputError: a path is missing, holds no file, or may not be read.
        """
        return FileList(list_files(self.paths))

    def open(self, positions: Sequence[Position] = ()) -> OpenFiles:
        """List what there is now and read it, from these positions on.

        Raises:
            InputError: a path is missing, holds no file, or may not be read.
        """
        return self.listing().open(positions)


@dataclass(frozen=True)
class FileList:
    """Listed messages in the order in which they are to be read.

    Attributes:
        entries: within a topic their offsets ascend.
    """

    entries: tuple[Entry, ...]

    def open(self, positions: Sequence[Position] = ()) -> OpenFiles:
        """Read them, from these positions on."""
        return OpenFiles(self.entries, positions)


class OpenFiles:
    """Files being read. At most one batch of their bytes is in memory."""

    def __init__(self, entries: Sequence[Entry], positions: Sequence[Position] = ()) -> None:
        self._next = {(place.topic, place.partition): place for place in positions}
        starts = {place.topic: place.offset for place in positions if place.partition == 0}
        self._entries = [entry for entry in entries if entry.offset >= starts.get(entry.topic, 0)]
        self._at = 0
        self._held: bytes | None = None
        self._tar: tuple[str, TarFile] | None = None

    def next_batch(self, limit: int) -> pa.RecordBatch | None:
        """Up to `limit` messages and `MAX_BATCH_BYTES`, at least one; None at the end.

        Raises:
            InputError: a file has vanished or cannot be read any more, or a tar has changed since it was listed. The
                position stays at the last batch.
        """
        messages: list[Message] = []
        size, at = 0, self._at
        while at < len(self._entries) and len(messages) < limit:
            entry = self._entries[at]
            value = self._read(entry) if self._held is None else self._held
            self._held = None
            size += len(value)
            if messages and size > MAX_BATCH_BYTES:
                self._held = value
                break
            messages.append(Message(value, entry.topic, offset=entry.offset, key=entry.key))
            at += 1
        for entry in self._entries[self._at : at]:
            self._next[entry.topic, 0] = Position(entry.topic, 0, entry.offset + 1)
        self._at = at
        return envelopes(messages) if messages else None

    def position(self) -> tuple[Position, ...]:
        """Where to go on after the last batch, for every topic begun or given at the start, sorted."""
        return tuple(sorted(self._next.values()))

    def close(self) -> None:
        """Close what is open. May be called twice."""
        if self._tar is not None:
            self._tar[1].close()
        self._tar, self._held, self._entries = None, None, []

    def _read(self, entry: Entry) -> bytes:
        try:
            if entry.member >= 0:
                return self._member(entry)
            with Path(entry.path).open("rb") as file:
                return file.read(LARGEST)
        except OSError as error:
            raise InputError(f"cannot read {entry.path}: {error.strerror or error}") from error
        except DamagedTarError as error:
            raise InputError(f"{entry.path} has changed since it was listed: {error}") from error

    def _member(self, entry: Entry) -> bytes:
        if self._tar is None or self._tar[0] != entry.path or self._tar[1].next_number > entry.member:
            if self._tar is not None:
                self._tar[1].close()
            self._tar = None
            self._tar = (entry.path, TarFile(Path(entry.path)))
        name, value = self._tar[1].read(entry.member)
        if name != entry.key:
            raise DamagedTarError("another member stands in this place")
        return value
