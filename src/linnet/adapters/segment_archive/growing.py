"""The segments that grow: which one takes the next block, when it is full, when it is closed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import pyarrow as pa

from linnet.adapters.segment_archive.manifest import add_digest, write_manifest
from linnet.adapters.segment_archive.names import SegmentName
from linnet.adapters.segment_archive.reading import SegmentReader
from linnet.core import avro_segment, failpoints
from linnet.core.avro_blocks import Buffer, Place, StoredBlock, stored_blocks
from linnet.core.durable import Sync, make_folder, sync_file, sync_folder
from linnet.core.unit import SEGMENT
from linnet.errors import StorageError

Line = tuple[str, int, str]
"""Survey, night and fingerprint: their datums go into one segment at a time."""


_TOGETHER = 32
"""Blocks that are written in one go."""

_MOST_PARTS = 512
"""Parts in one call; POSIX allows 1,024 on all systems that Linnet runs on."""


@dataclass
class Segment:
    """A segment as it is now.

    Attributes:
        length: bytes.
        closed: takes nothing more.
        sha256: of everything written so far; None where another process began it.
    """

    name: SegmentName
    length: int
    rows: int
    closed: bool = False
    sha256: hashlib._Hash | None = None


@dataclass(frozen=True)
class Written:
    """One block that was written: where it begins, and where its datums lie in it."""

    segment: str
    offset: int
    places: list[Place]


class GrowingSegments:
    """The segments of a folder, for the one process that appends to them.

    Every method that touches the disk raises `OSError`, which the archive translates.
    """

    def __init__(
        self, folder: Path, schema_json: Callable[[str], str], reader: SegmentReader, sync: Sync, roll: int
    ) -> None:
        self._folder = folder
        self._schema_json = schema_json
        self._reader = reader
        self._sync = sync
        self._roll = roll
        self._latest: dict[Line, Segment] = {}
        self._changed: dict[str, Segment] = {}

    def load(self, committed: Iterable[dict[str, Any]]) -> None:
        """Begin with these `SEGMENT` rows, and nothing changed since."""
        self._latest, self._changed = {}, {}
        for row in committed:
            self._know(Segment(SegmentName.of(row["segment"]), row["length"], row["rows"], row["closed"]))

    def write(self, line: Line, codec: str, datums: Sequence[Buffer]) -> list[Written]:
        """Write datums of one schema in order, block by block, without a sync of their data.

        Raises:
            StorageError: a datum has no place in a block, or somebody else changed the segment.
        """
        blocks = stored_blocks(datums, codec)
        written: list[Written] = []
        try:
            waiting = next(blocks, None)
            while waiting is not None:
                segment = self._open(line, codec)
                run = [waiting]
                length = segment.length + len(waiting)
                while (waiting := next(blocks, None)) is not None and length < self._roll and len(run) < _TOGETHER:
                    run.append(waiting)
                    length += len(waiting)
                written += self._extend(segment, run)
        except ValueError as error:
            raise StorageError(f"cannot archive a datum of {line[0]}: {error}") from error
        return written

    def close_night(self, survey: str, night: int) -> None:
        """Close the open segments of a night, and of nights before it, with their manifests."""
        for line, segment in sorted(self._latest.items()):
            if line[0] == survey and line[1] <= night and not segment.closed:
                self._close(segment)

    def touched(self) -> list[Segment]:
        """Segments changed since the last call, by path."""
        changed, self._changed = self._changed, {}
        return [changed[path] for path in sorted(changed)]

    def _know(self, segment: Segment) -> None:
        name = segment.name
        line = (name.survey, name.night, name.fingerprint)
        if line not in self._latest or self._latest[line].name.number < name.number:
            self._latest[line] = segment

    def _open(self, line: Line, codec: str) -> Segment:
        """The open segment of a line; the one before is closed where it is full or has another codec."""
        latest = self._latest.get(line)
        if latest is not None and not latest.closed:
            if latest.length < self._roll and self._reader.header(latest.name.path).codec == codec:
                return latest
            self._close(latest)
        return self._new(SegmentName(*line, 1 if latest is None else latest.name.number + 1), codec)

    def _new(self, name: SegmentName, codec: str) -> Segment:
        head = avro_segment.header(self._schema_json(name.fingerprint), codec, os.urandom(16))
        path = self._folder / name.path
        make_folder(path.parent, self._sync)
        with path.open("xb") as file:
            file.write(head)
        sync_file(path, self._sync)
        failpoints.passing("05")
        sync_folder(path.parent, self._sync)
        segment = Segment(name, len(head), 0, sha256=hashlib.sha256(head))
        self._know(segment)
        self._changed[name.path] = segment
        return segment

    def _extend(self, segment: Segment, blocks: Sequence[StoredBlock]) -> list[Written]:
        """Append blocks, in few calls: each lets other threads run, and has to wait for its turn afterwards."""
        marker = self._reader.header(segment.name.path).sync
        written, parts = [], []
        start = end = segment.length
        for block in blocks:
            written.append(Written(segment.name.path, end, block.places))
            parts += [block.head, *block.stored, marker]
            end += len(block)
        with (self._folder / segment.name.path).open("r+b", buffering=0) as file:
            if file.seek(0, os.SEEK_END) != start:
                raise StorageError(f"{segment.name.path} was changed by someone else: nothing is appended to it")
            _write_all(file, parts)
            if segment.sha256 is not None:
                add_digest(segment.sha256, file, start, end)
        segment.length = end
        segment.rows += sum(len(block.places) for block in blocks)
        self._changed[segment.name.path] = segment
        return written

    def _close(self, segment: Segment) -> None:
        name, path = segment.name, self._folder / segment.name.path
        facts: dict[str, str | int] = {
            "segment": name.path,
            "survey": name.survey,
            "night": name.night,
            "fingerprint": name.fingerprint,
            "codec": self._reader.header(name.path).codec,
            "rows": segment.rows,
        }
        # What was appended is synced before a manifest may vouch for it: a full segment is closed within an append.
        sync_file(path, self._sync)
        write_manifest(path, facts, self._sync, segment.sha256.hexdigest() if segment.sha256 else None)
        segment.closed = True
        self._changed[name.path] = segment


def _write_all(file: FileIO, parts: Sequence[Buffer]) -> None:
    """Write parts one behind the other, without copying them together."""
    rest = [memoryview(part) for part in parts]
    while rest:
        written = os.writev(file.fileno(), rest[:_MOST_PARTS])
        while rest and written >= len(rest[0]):
            written -= len(rest.pop(0))
        if rest:
            rest[0] = rest[0][written:]


def segment_table(segments: Iterable[Segment]) -> pa.Table:
    """Segments in the `SEGMENT` schema."""
    rows = [
        {
            "segment": s.name.path,
            "survey": s.name.survey,
            "night": s.name.night,
            "fingerprint": s.name.fingerprint,
            "length": s.length,
            "rows": s.rows,
            "closed": s.closed,
        }
        for s in segments
    ]
    return pa.Table.from_pylist(rows, SEGMENT)
