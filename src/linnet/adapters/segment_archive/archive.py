"""The raw archive of one folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.adapters.segment_archive.growing import GrowingSegments, Segment, Written, segment_table
from linnet.adapters.segment_archive.manifest import read_manifest
from linnet.adapters.segment_archive.names import SegmentName, segments_in
from linnet.adapters.segment_archive.reading import SegmentReader
from linnet.adapters.segment_archive.recovery import check_open, cut_back, problems
from linnet.core import failpoints
from linnet.core.avro_blocks import Place
from linnet.core.decoding import Datums, Schema
from linnet.core.durable import Sync, let_go, storage_errors, sync_file
from linnet.core.vocabulary import RECORD
from linnet.errors import StorageError

ROLL = 512 * 1024 * 1024
"""Bytes at which a segment is closed and the next one begun."""

REFERENCE = pa.schema([pa.field(name, RECORD[name].type) for name in ("segment", "block", "place", "length")])
"""Where a datum lies: byte offset of its block in the segment, byte offset and length in the block's expanded data."""

_Rows = npt.NDArray[np.intp]


class SegmentArchive:
    """The raw archive in one folder. One process appends; any number may read.

    Args:
        folder: made at the first append.
        schema_json: gives the writer schema of a fingerprint, as it was sent.
        sync: see `linnet.core.durable.Sync`.
        roll: bytes at which a segment is closed.
    """

    def __init__(
        self, folder: Path, schema_json: Callable[[str], str], *, sync: Sync = os.fsync, roll: int = ROLL
    ) -> None:
        self._folder = folder
        self._sync = sync
        self._reader = SegmentReader(folder)
        self._growing = GrowingSegments(folder, schema_json, self._reader, sync, roll)
        self._recovered = False
        self._unsound = False

    def append(self, survey: str, night: int, codec: str, datums: Datums, fingerprints: pa.Array) -> pa.Table:
        """Append datums to the open segments of a night and sync them.

        Args:
            survey: its name.
            night: YYYYMMDD, the night that is open.
            codec: `null` or `zstandard`.
            datums: untouched Avro datums, none empty.
            fingerprints: string, of the writer schema of each.

        Returns:
            `REFERENCE` rows aligned with the input.

        Raises:
            StorageError: nothing may be acknowledged, and nothing more is taken before `recover` has cut off what was
                written.
        """
        self._begin()
        self._unsound = True
        values = datums.views()
        order: list[_Rows] = []
        written: list[Written] = []
        with storage_errors("append to the raw archive"):
            for fingerprint, rows in _by_fingerprint(fingerprints):
                order.append(rows)
                written += self._growing.write((survey, night, fingerprint), codec, [values[row] for row in rows])
            failpoints.passing("03")
            for path in sorted({block.segment for block in written}):
                sync_file(self._folder / path, self._sync)
                # A night of packets would push the store's pages out of memory.
                let_go(self._folder / path)
        self._unsound = False
        return _references(written, order)

    def touched(self) -> pa.Table:
        """`SEGMENT` rows of all segments changed since the last call, with their lengths now."""
        return segment_table(self._growing.touched())

    def close_night(self, survey: str, night: int) -> None:
        """Close the open segments of a night and write their manifests. What comes late for it begins new segments.

        Nights before it are closed as well: a run that ended before it could commit their closing left them open.

        Raises:
            StorageError: a manifest cannot be written.
        """
        self._begin()
        with storage_errors(f"write the manifests of {survey} {night}"):
            self._growing.close_night(survey, night)

    def recover(self, committed: pa.Table) -> int:
        """Cut off what lies beyond the committed lengths (`SEGMENT` rows), and go on from there.

        Returns:
            Number of bytes cut.

        Raises:
            StorageError: a committed segment is missing, too short or damaged, with its name and what is lost.
        """
        rows = committed.to_pylist()
        self._reader.forget()
        cut = cut_back(self._folder, rows, self._sync)
        check_open(self._reader, rows)
        self._growing.load(rows)
        self._recovered, self._unsound = True, False
        return cut

    def present(self) -> pa.Table:
        """`SEGMENT` rows of all whole blocks that the files hold now, committed or not.

        Closed are those with a manifest.
        """
        found = []
        for path in segments_in(self._folder):
            length, rows, _ = self._reader.whole(path)
            closed = read_manifest(self._folder / path) is not None
            found.append(Segment(SegmentName.of(path), length, rows, closed))
        return segment_table(found)

    def verify(self, committed: pa.Table, *, deep: bool = False) -> list[str]:
        """What is wrong with committed segments (`SEGMENT` rows), one sentence each; nothing is changed.

        Rows are counted from the heads of blocks, closed segments compared with their manifests.

        Args:
            committed: as the store has them.
            deep: also compare the SHA-256 of closed segments, which reads all of them.
        """
        return [text for row in committed.to_pylist() for text in problems(self._folder, self._reader, row, deep=deep)]

    def read(self, references: pa.Table) -> pa.Array:
        """Datums (binary, at most 2 GB together) of references (`segment`, `block`, `place`, `length`), aligned.

        Raises:
            NotFoundError: a reference leads nowhere.
            StorageError: a block is damaged.
        """
        return self._reader.datums(references)

    def schema(self, segment: str) -> Schema:
        """Writer schema of a segment.

        Raises:
            NotFoundError: there is no such segment.
            StorageError: its head is damaged.
        """
        return self._reader.schema(segment)

    def datums(self, segment: str) -> Iterator[tuple[int, Place, bytes]]:
        """Every datum of a segment in order, for who has no references: its block, its place there, its bytes.

        Raises:
            NotFoundError: there is no such segment.
            StorageError: a block is cut off or damaged; the datums before it were given.
        """
        return self._reader.all_datums(segment)

    def close(self) -> None:
        """Close open files. May be called twice."""
        self._reader.forget()

    def _begin(self) -> None:
        if self._unsound:
            raise StorageError("an earlier append to the raw archive failed: start again, so that its rest is cut off")
        if not self._recovered:
            if next(segments_in(self._folder), None) is not None:
                raise StorageError(f"{self._folder} holds segments already: recover them before anything is appended")
            self._recovered = True


def _by_fingerprint(column: pa.Array) -> Iterator[tuple[str, _Rows]]:
    """Each fingerprint with the numbers of its rows, in order of first appearance."""
    codes = column.dictionary_encode()
    numbers = codes.indices.to_numpy()
    for code, fingerprint in enumerate(codes.dictionary.to_pylist()):
        yield fingerprint, np.flatnonzero(numbers == code)


def _references(written: list[Written], order: list[_Rows]) -> pa.Table:
    """References in the order of the input; `order` says which input row each datum written was."""
    columns = (
        [block.segment for block in written for _ in block.places],
        [block.offset for block in written for _ in block.places],
        [place.place for block in written for place in block.places],
        [place.length for block in written for place in block.places],
    )
    arrays = [pa.array(column, kind.type) for column, kind in zip(columns, REFERENCE, strict=True)]
    back = np.argsort(np.concatenate(order)) if order else np.empty(0, np.intp)
    return pa.Table.from_arrays(arrays, schema=REFERENCE).take(pa.array(back))
