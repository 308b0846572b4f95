"""Archives in memory: the doubles of the raw and the science archive, with the same promises and no disk."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pyarrow as pa

from linnet.core.avro_blocks import Place
from linnet.core.decoding import Datums, Schema
from linnet.core.science_path import existing_path, science_path
from linnet.core.unit import SEGMENT
from linnet.core.vocabulary import RECORD
from linnet.errors import NotFoundError, StorageError


@dataclass
class _Segment:
    """A segment: its datums and the byte offset of each, every one a block of its own."""

    survey: str
    night: int
    fingerprint: str
    datums: list[bytes] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    length: int = 0
    closed: bool = False

    def take(self, datum: bytes) -> int:
        start = self.length
        self.datums.append(datum)
        self.starts.append(start)
        self.length += len(datum)
        return start

    def cut(self, length: int) -> int:
        """Go back to a committed length; gives the number of bytes cut."""
        keep = bisect_right(self.starts, length - 1)
        beyond = self.length - length
        del self.datums[keep:], self.starts[keep:]
        self.length = length
        return beyond


class MemoryRawArchive:
    """A raw archive in memory; see `linnet.core.ports.RawArchive`.

    Args:
        schema_json: gives the writer schema of a fingerprint.
    """

    def __init__(self, schema_json: Callable[[str], str] = lambda _: '"bytes"') -> None:
        self._schema_json = schema_json
        self._segments: dict[str, _Segment] = {}
        self._changed: set[str] = set()

    def append(self, survey: str, night: int, codec: str, datums: Datums, fingerprints: pa.Array) -> pa.Table:  # noqa: ARG002 - nothing to compress
        """Keep datums, each with the fingerprint of its writer schema.

        Returns:
            Columns `segment`, `block`, `place`, `length`, aligned with the input.
        """
        rows = []
        for datum, fingerprint in zip(datums.views(), fingerprints.to_pylist(), strict=True):
            path = self._open(survey, night, fingerprint)
            start = self._segments[path].take(bytes(datum))
            self._changed.add(path)
            rows.append({"segment": path, "block": start, "place": 0, "length": len(datum)})
        schema = pa.schema([(name, RECORD[name].type) for name in ("segment", "block", "place", "length")])
        return pa.Table.from_pylist(rows, schema)

    def touched(self) -> pa.Table:
        """`SEGMENT` rows of all segments changed since the last call."""
        changed, self._changed = sorted(self._changed), set()
        return self._table(changed)

    def close_night(self, survey: str, night: int) -> None:
        """Close the segments of a night, and of nights before it."""
        for path, segment in self._segments.items():
            if segment.survey == survey and segment.night <= night and not segment.closed:
                segment.closed = True
                self._changed.add(path)

    def recover(self, committed: pa.Table) -> int:
        """Cut off what lies beyond the committed lengths (`SEGMENT` rows); gives the number of bytes cut.

        Raises:
            StorageError: a committed segment is missing or too short.
        """
        if wrong := self.verify(committed):
            raise StorageError(f"{wrong[0]}: committed alerts are lost")
        rows = {row["segment"]: row for row in committed.to_pylist()}
        cut = sum(self._segments.pop(path).length for path in list(self._segments) if path not in rows)
        for path, segment in self._segments.items():
            cut += segment.cut(rows[path]["length"])
            segment.closed = rows[path]["closed"]
        self._changed.clear()
        return cut

    def present(self) -> pa.Table:
        """`SEGMENT` rows of everything that is there, committed or not."""
        return self._table(sorted(self._segments))

    def verify(self, committed: pa.Table, *, deep: bool = False) -> list[str]:  # noqa: ARG002 - memory has no checksums
        """What is wrong with committed segments, one sentence each."""
        return [text for row in committed.to_pylist() if (text := self._wrong(row))]

    def read(self, references: pa.Table) -> pa.Array:
        """Datums of references, aligned.

        Raises:
            NotFoundError: a reference leads nowhere.
        """
        columns = [references.column(name).to_pylist() for name in ("segment", "block", "place", "length")]
        return pa.array([self._datum(*reference) for reference in zip(*columns, strict=True)], pa.binary())

    def schema(self, segment: str) -> Schema:
        """Writer schema of a segment.

        Raises:
            NotFoundError: there is no such segment.
        """
        return cast("Schema", json.loads(self._schema_json(self._segment(segment).fingerprint)))

    def datums(self, segment: str) -> Iterator[tuple[int, Place, bytes]]:
        """Every datum of a segment in order: its block, its place there, its bytes."""
        found = self._segment(segment)
        return ((at, Place(0, len(datum)), datum) for at, datum in zip(found.starts, found.datums, strict=True))

    def close(self) -> None:
        """Nothing to close."""

    def _open(self, survey: str, night: int, fingerprint: str) -> str:
        number = 1
        while True:
            path = f"{survey}/{night}/{fingerprint}-{number:04d}.avro"
            if not self._segments.setdefault(path, _Segment(survey, night, fingerprint)).closed:
                return path
            number += 1

    def _segment(self, path: str) -> _Segment:
        if path not in self._segments:
            raise NotFoundError(f"there is no raw segment {path}")
        return self._segments[path]

    def _datum(self, path: str, block: int, place: int, length: int) -> bytes:
        segment = self._segment(path)
        number = bisect_right(segment.starts, block) - 1
        if number < 0 or segment.starts[number] != block:
            raise NotFoundError(f"{path}: no block begins at byte {block}")
        datum = segment.datums[number]
        if place < 0 or length < 0 or place + length > len(datum):
            raise NotFoundError(f"{path}: the block at byte {block} has no datum of {length} bytes at {place}")
        return datum[place : place + length]

    def _wrong(self, row: dict[str, Any]) -> str:
        segment = self._segments.get(row["segment"])
        length = 0 if segment is None else segment.length
        if segment is None or length < row["length"]:
            return f"raw segment {row['segment']} holds {length} of {row['length']} committed bytes"
        rows = bisect_right(segment.starts, row["length"] - 1)
        return "" if rows == row["rows"] else f"{row['segment']} holds {rows} rows, not {row['rows']}"

    def _table(self, paths: list[str]) -> pa.Table:
        rows = [
            {
                "segment": path,
                "survey": segment.survey,
                "night": segment.night,
                "fingerprint": segment.fingerprint,
                "length": segment.length,
                "rows": len(segment.datums),
                "closed": segment.closed,
            }
            for path, segment in ((path, self._segments[path]) for path in paths)
        ]
        return pa.Table.from_pylist(rows, SEGMENT)


class MemoryScienceArchive:
    """A science archive in memory; see `linnet.core.ports.ScienceArchive`."""

    def __init__(self) -> None:
        self._files: dict[str, pa.Table] = {}

    def write(self, kind: str, name: str, table: pa.Table) -> str:
        """Keep one table; gives its path in the archive.

        Raises:
            StorageError: kind and name make no safe path.
        """
        path = science_path(kind, name)
        self._files[path] = table
        return path

    def files(self, kind: str) -> list[str]:
        """Paths of all files below a kind, sorted."""
        return sorted(path for path in self._files if path.startswith(f"{kind}/"))

    def read(self, path: str, columns: Sequence[str] | None = None) -> pa.Table:
        """One file; of its columns only those of these names that it has, where any are given.

        Raises:
            NotFoundError: there is none of this path.
        """
        if existing_path(path) not in self._files:
            raise NotFoundError(f"the science archive has no file {path}")
        table = self._files[path]
        return table if columns is None else table.select([n for n in table.column_names if n in set(columns)])

    def remove(self, path: str) -> None:
        """Remove one file; not an error where it is gone."""
        self._files.pop(existing_path(path), None)
