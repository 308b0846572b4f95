"""A folder that files are dropped into, as a live source: what a laptop has instead of Kafka.

What is taken: every regular file that is not hidden, in the folder and its subfolders, as one message; a tar as one
message for each of its members, in the rules of this package. Whatever it holds: what is no packet is a dead letter.

**When a file is complete.** The folder is looked at again and again (polling works on every file system). A file is
taken when two looks in a row saw it with the same size and time of change. A writer that may pause for longer gives its
file a name that begins with a dot and renames it at the end: hidden files are never looked at. One that is taken too
early costs nothing but a dead letter: once it has grown, it is another file and is taken as a whole.

**What a position means.** Topic: the absolute path of the folder with a slash at its end (without one it is what
`linnet ingest` reads). Partition: 0. A small file, the ledger, gives every complete file the next offsets, a tar one
for each member, in the order of their times of change and paths, and is synced before any of them is handed over.
So an offset always means the same message: after a kill the reader goes on with the ledger's entries behind the
committed position, in the same order, and loses and doubles nothing.

- A file is the same as long as path, size and time of change are; otherwise it is a new one with new offsets. Taking a
  packet twice is harmless: repeats are counted as duplicates.
- A file that was entered but is gone before it was read stops the reader, unless it is told to record the gap. Files
  that were committed may be removed.
- Where the ledger is lost, numbers go on behind the committed position, and all that is there is offered again.
- A file that may not be read waits, and `trouble` names it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pyarrow as pa

from linnet.adapters.avro_files.folder_ledger import Entered, FolderLedger, Looked
from linnet.adapters.avro_files.folder_looks import Looks
from linnet.adapters.avro_files.listing import members_of
from linnet.adapters.avro_files.tar_file import LARGEST, SUFFIXES, DamagedTarError, TarFile
from linnet.core.envelope import MAX_BATCH_BYTES, Gap, Message, Position, envelopes
from linnet.errors import GapError, InputError

PATIENCE = 0.1
"""Longest that `next_batch` waits, in seconds."""

SHARE = 0.1
"""Most of the time that is spent on looking."""


@dataclass(frozen=True)
class FolderSource:
    """A folder to watch.

    Attributes:
        folder: it must exist.
        ledgers: folder of ledgers; each watched folder has its own file there.
        look_every: seconds between looks, more where a look takes long.
        skip_gap: go on behind a file that is gone before it was read, and record it; otherwise that is an error.
    """

    folder: Path
    ledgers: Path
    look_every: float = 0.5
    skip_gap: bool = False

    @property
    def topic(self) -> str:
        """The topic of its messages."""
        return str(self.folder.resolve()).encode("utf-8", "surrogateescape").decode("utf-8", "replace") + "/"

    @property
    def ledger(self) -> Path:
        """The file of its ledger."""
        return self.ledgers / f"{sha256(self.topic.encode()).hexdigest()[:16]}.jsonl"

    def open(self, positions: Sequence[Position] = ()) -> OpenFolder:
        """Go on from the position of this folder, if there is one.

        Raises:
            InputError: there is no such folder.
            StorageError: the ledger cannot be read.
        """
        if not self.folder.is_dir():
            raise InputError(f"cannot watch {self.folder}: there is no such folder")
        return OpenFolder(self, positions)


class OpenFolder:
    """A folder being watched. Not for use from several threads at once."""

    def __init__(self, about: FolderSource, positions: Sequence[Position]) -> None:
        self._about = about
        self._folder = about.folder.resolve()
        self._next = next((p.offset for p in positions if p.topic == about.topic), 0)
        self._ledger = FolderLedger(about.ledger)
        self._looks = Looks(self._folder)
        self._tidy()
        self._known = {each.file for each in self._ledger.entries}
        self._waiting = deque(each for each in self._ledger.entries if each.end > self._next)
        self._messages: Iterator[Message] = iter(())
        self._held: Message | None = None
        self._unsettled = 0
        self._gaps: list[Gap] = []
        self._paused = False
        self._look_at = 0.0

    def next_batch(self, limit: int) -> pa.RecordBatch | None:
        """Up to `limit` messages that wait; an empty batch when none do, or while paused. Never None.

        Raises:
            InputError: the folder itself is gone, or a file in it cannot be read. The position stays at the last batch.
            GapError: a file was removed before it was read.
            StorageError: the ledger cannot be written.
        """
        if self._paused:
            time.sleep(PATIENCE)
            return envelopes([])
        if time.monotonic() >= self._look_at:
            self._look()
        messages: list[Message] = []
        size = 0
        while len(messages) < limit and (message := self._advance()) is not None:
            size += len(message.value)
            if messages and size > MAX_BATCH_BYTES:
                self._held = message
                break
            messages.append(message)
        if messages:
            self._next = messages[-1].offset + 1
        else:
            time.sleep(max(0.0, min(PATIENCE, self._look_at - time.monotonic())))
        return envelopes(messages)

    def position(self) -> tuple[Position, ...]:
        """Where to go on after the last batch."""
        return (Position(self._about.topic, 0, self._next),)

    def committed(self, positions: Sequence[Position]) -> None:
        """Nobody else reads along."""

    def pause(self) -> None:
        """Read nothing more."""
        self._paused = True

    def resume(self) -> None:
        """Go on where it was paused."""
        self._paused = False

    def gaps(self) -> tuple[Gap, ...]:
        """Entries of the ledger that were gone before they were read."""
        return tuple(self._gaps)

    def lag(self) -> dict[tuple[str, int], int]:
        """Messages and incomplete files that wait."""
        return {(self._about.topic, 0): max(0, self._ledger.end - self._next) + self._unsettled}

    def trouble(self) -> str | None:
        """What could not be looked at."""
        return self._looks.trouble

    def close(self) -> None:
        """Let go of everything. May be called twice."""
        self._waiting.clear()
        self._messages, self._held = iter(()), None

    def _look(self) -> None:
        started = time.monotonic()
        if not self._folder.is_dir():
            raise InputError(f"the folder {self._folder} is gone")
        new, self._unsettled = self._looks.complete(self._known)
        ended = time.monotonic()
        self._look_at = ended + max(self._about.look_every, (ended - started) / SHARE)
        offset, entries = max(self._ledger.end, self._next), []
        for file in new:
            entries.append(Entered(file, offset, self._count(file)))
            offset = entries[-1].end
        if entries:
            self._ledger.enter(entries)
            self._known.update(new)
            self._waiting.extend(entries)

    def _count(self, file: Looked) -> int:
        """Messages of one file: a tar that is damaged, or that holds none, is one itself."""
        return max(1, len(self._members(file)))

    def _members(self, file: Looked) -> list[tuple[int, bytes]]:
        try:
            return members_of(self._folder / file.key) if file.key.lower().endswith(SUFFIXES) else []
        except InputError:
            return []

    def _advance(self) -> Message | None:
        """The next message that can be read; what is gone is passed over."""
        message, self._held = self._held, None
        if message is not None:
            return message
        while (message := next(self._messages, None)) is None and self._waiting:
            self._messages = self._read(self._waiting.popleft())
        return message

    def _read(self, entry: Entered) -> Iterator[Message]:
        """Messages of one entry from our position on.

        Raises:
            InputError: it is there as it was, and cannot be read.
            GapError: it is gone.
        """
        offset = start = max(entry.offset, self._next)
        try:
            if self._looks.is_there(entry.file):
                for key, value in self._values(entry, start - entry.offset):
                    yield Message(value, self._about.topic, 0, offset, key)
                    offset += 1
        except (OSError, DamagedTarError) as error:
            if self._looks.is_there(entry.file):
                path = self._folder / entry.file.key
                raise InputError(f"cannot read {path}: {error}; mend or remove it, then start again") from error
        # A file that changed is offered again as a new one; then nothing is lost but its earlier form.
        if offset < entry.end and not (self._folder / entry.file.key).exists():
            self._pass_over(entry, offset)

    def _pass_over(self, entry: Entered, offset: int) -> None:
        if not self._about.skip_gap:
            raise GapError(
                f"{self._folder / entry.file.key} was removed before it was read (offset {offset}): put it back, or "
                "start again with --skip-gap"
            )
        self._gaps.append(Gap(self._about.topic, 0, offset, entry.end))

    def _values(self, entry: Entered, skip: int) -> Iterator[tuple[bytes, bytes]]:
        """Key and content of each message of an entry but the first ones."""
        path = self._folder / entry.file.key
        key = entry.file.key.encode("utf-8", "surrogateescape")
        members = self._members(entry.file)
        if not members:
            with path.open("rb") as file:
                yield key, file.read(LARGEST)
            return
        with closing(TarFile(path)) as tar:
            for number, _ in members[skip:]:
                name, value = tar.read(number)
                yield key + b"/" + name, value

    def _tidy(self) -> None:
        """Forget what is committed and gone, where that is most of the ledger."""
        done = [each for each in self._ledger.entries if each.end <= self._next]
        gone = [each for each in done if not self._looks.is_there(each.file)]
        if len(gone) > len(self._ledger.entries) // 2:
            self._ledger.forget(gone)
