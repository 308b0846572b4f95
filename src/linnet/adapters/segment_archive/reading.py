"""Reading segments: datums by reference, headers, and a walk over the blocks of one."""

from __future__ import annotations

import json
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from threading import RLock
from typing import BinaryIO, cast

import pyarrow as pa

from linnet.adapters.segment_archive.names import SegmentName
from linnet.core import avro_segment
from linnet.core.avro_blocks import Place
from linnet.core.avro_container import Header
from linnet.core.avro_segment import BlockPlace
from linnet.core.decoding import Schema
from linnet.core.durable import storage_errors
from linnet.errors import NotFoundError, StorageError

OPEN_FILES = 64
"""Segments kept open for reading."""


class SegmentReader:
    """The segments of one folder, for reading, by any number of threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: OrderedDict[str, tuple[BinaryIO, Header]] = OrderedDict()
        self._lock = RLock()
        # Readers are handed around; whoever drops the last one closes the files.
        weakref.finalize(self, _close_all, self._open)

    def datums(self, references: pa.Table) -> pa.Array:
        """Datums of references (`segment`, `block`, `place`, `length`), aligned; each block is expanded once.

        Raises:
            NotFoundError: a reference leads nowhere.
            StorageError: a block is damaged.
        """
        found: list[bytes] = [b""] * references.num_rows
        # 0.4 us per datum; expanding its block costs a hundred times that.
        for (segment, block), rows in _by_block(references).items():
            data = self._block(segment, block)
            for row, place, length in rows:
                if place < 0 or length < 0 or place + length > len(data):
                    raise NotFoundError(
                        f"{segment}: the block at byte {block} has no datum of {length} bytes at {place}"
                    )
                found[row] = data[place : place + length]
        return pa.array(found, pa.binary())

    def header(self, segment: str) -> Header:
        """The head of a segment.

        Raises:
            NotFoundError: there is no such segment.
            StorageError: its head is damaged.
        """
        with self._lock:
            return self._file(segment)[1]

    def schema(self, segment: str) -> Schema:
        """The writer schema of a segment, parsed.

        Raises:
            NotFoundError: there is no such segment.
            StorageError: its head is damaged.
        """
        try:
            return cast("Schema", json.loads(self.header(segment).schema))
        except ValueError as error:
            raise StorageError(f"{segment}: the head has no readable schema") from error

    def blocks(self, segment: str) -> Iterator[BlockPlace]:
        """Every block in order, up to the end or to the first that is cut off or damaged.

        Raises:
            StorageError: at the damage, after the whole blocks before it.
        """
        with self._lock:
            file, head = self._file(segment)
            walk = avro_segment.blocks(file, head)
        while True:
            with self._lock, _naming(segment):
                block = next(walk, None)
            if block is None:
                return
            yield block

    def all_datums(self, segment: str) -> Iterator[tuple[int, Place, bytes]]:
        """Every datum in order: its block, its place there, its bytes.

        Raises:
            NotFoundError: there is no such segment.
            StorageError: a block is damaged.
        """
        file, head = self._opened(segment)
        with file, _naming(segment):
            yield from avro_segment.datums(file, head)

    def whole(self, segment: str) -> tuple[int, int, str]:
        """Length and rows of the whole blocks, and what is wrong behind them ("" where nothing is)."""
        length, rows = 0, 0
        try:
            length = self.header(segment).end
            for block in self.blocks(segment):
                length, rows = block.end, rows + block.count
        except StorageError as error:
            return length, rows, str(error)
        return length, rows, ""

    def forget(self) -> None:
        """Close all files; they are opened again when they are asked for."""
        with self._lock:
            _close_all(self._open)

    def _block(self, segment: str, offset: int) -> bytes:
        with self._lock, _naming(segment), storage_errors(f"read {segment}"):
            return avro_segment.read_block(*self._file(segment), offset)

    def _file(self, segment: str) -> tuple[BinaryIO, Header]:
        found = self._open.get(segment)
        if found is None:
            found = self._open[segment] = self._opened(segment)
            if len(self._open) > OPEN_FILES:
                self._open.popitem(last=False)[1][0].close()
        self._open.move_to_end(segment)
        return found

    def _opened(self, segment: str) -> tuple[BinaryIO, Header]:
        path = self._folder / SegmentName.of(segment).path
        try:
            # Unbuffered: what another process cut off and wrote anew must not come out of a buffer.
            file = cast("BinaryIO", path.open("rb", buffering=0))
        except FileNotFoundError as error:
            raise NotFoundError(f"there is no raw segment {segment}") from error
        except OSError as error:
            raise StorageError(f"cannot read {segment}: {error.strerror}") from error
        try:
            with _naming(segment):
                return file, avro_segment.read_header(file)
        except BaseException:
            file.close()
            raise


def _close_all(files: OrderedDict[str, tuple[BinaryIO, Header]]) -> None:
    while files:
        files.popitem()[1][0].close()


class _naming:  # noqa: N801 - reads as a verb where it is used
    """Put the segment's name in front of what the container functions say."""

    def __init__(self, segment: str) -> None:
        self._segment = segment

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, NotFoundError | StorageError) and self._segment not in str(error):
            raise type(error)(f"{self._segment}: {error}") from error


def _by_block(references: pa.Table) -> dict[tuple[str, int], list[tuple[int, int, int]]]:
    """(segment, block) -> (row, place, length) of each reference."""
    columns = [references.column(name).to_pylist() for name in ("segment", "block", "place", "length")]
    found: dict[tuple[str, int], list[tuple[int, int, int]]] = {}
    for row, (segment, block, place, length) in enumerate(zip(*columns, strict=True)):
        found.setdefault((segment, block), []).append((row, place, length))
    return found
