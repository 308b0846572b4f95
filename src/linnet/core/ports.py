"""Ports: what the corridor asks of the outside. Descriptions are frozen and picklable; `open` gives the live object.

Doubles of every port that live in memory ship in `linnet.adapters.memory_*`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import pyarrow as pa

from linnet.core.avro_blocks import Place
from linnet.core.control_port import ActiveFilters, Control, Progress, Route
from linnet.core.decoding import Datums, Schema
from linnet.core.envelope import Gap, Position
from linnet.core.filter_port import FilterText
from linnet.core.store_port import OBJECT, Store

__all__ = [
    "OBJECT",
    "ActiveFilters",
    "Control",
    "FilterText",
    "LiveSource",
    "OpenSink",
    "OpenSource",
    "Progress",
    "RawArchive",
    "Route",
    "ScienceArchive",
    "Sink",
    "Source",
    "Store",
]


class OpenSource(Protocol):
    """A connected source."""

    def next_batch(self, limit: int) -> pa.RecordBatch | None:
        """Up to `limit` messages (`ENVELOPE`); None at the end of a file, an empty batch when nothing waits."""

    def position(self) -> tuple[Position, ...]:
        """Where to go on after the last batch handed over."""

    def close(self) -> None:
        """Let go of everything. May be called twice."""


@runtime_checkable
class LiveSource(Protocol):
    """What an open source of a live topic can do besides; a file has no use for it."""

    def committed(self, positions: Sequence[Position]) -> None:
        """Told after our own commit: others may see how far we are. A hint, which may get lost."""

    def pause(self) -> None:
        """Take nothing more in; `next_batch` is still to be called, and gives empty batches."""

    def resume(self) -> None:
        """Go on where it was paused."""

    def gaps(self) -> tuple[Gap, ...]:
        """Messages that were passed over since it was opened, because they are gone."""

    def lag(self) -> dict[tuple[str, int], int]:
        """Messages that wait behind our position, by topic and partition, as far as known."""

    def trouble(self) -> str | None:
        """What keeps messages from coming, in one line; None where nothing does."""


class Source(Protocol):
    """Description of a source."""

    def open(self, positions: Sequence[Position] = ()) -> OpenSource:
        """Connect, and go on from these positions where they concern this source."""


class OpenSink(Protocol):
    """A connected sink. Writing the same `dedup_id` again is harmless to its reader."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Take rows: columns of the alert, and `dedup_id`, `filter`, `version`, `seq` first."""

    def flush(self) -> None:
        """Return when everything written is durable."""

    def close(self) -> None:
        """Flush and let go. May be called twice."""


class Sink(Protocol):
    """Description of a sink."""

    def open(self) -> OpenSink:
        """Connect."""


class RawArchive(Protocol):
    """Untouched datums in plain Avro container files (segments), one writer schema each."""

    def append(self, survey: str, night: int, codec: str, datums: Datums, fingerprints: pa.Array) -> pa.Table:
        """Append datums, each with the fingerprint (string) of its writer schema, and sync them to disk.

        Returns:
            Columns `segment`, `block`, `place`, `length`, aligned with the input.

        Raises:
            StorageError: nothing may be acknowledged; the tail is cut at the next `recover`.
        """

    def touched(self) -> pa.Table:
        """`SEGMENT` rows of all segments changed since the last call, with their lengths now."""

    def close_night(self, survey: str, night: int) -> None:
        """Close the segments of a night and write their manifests."""

    def recover(self, committed: pa.Table) -> int:
        """Cut off what lies beyond the committed lengths (`SEGMENT` rows); gives the number of bytes cut."""

    def present(self) -> pa.Table:
        """`SEGMENT` rows of all whole blocks that the files hold now, committed or not."""

    def read(self, references: pa.Table) -> pa.Array:
        """Datums (binary) of references (`segment`, `block`, `place`, `length`), aligned.

        Raises:
            NotFoundError: a reference leads nowhere.
        """

    def verify(self, committed: pa.Table) -> list[str]:
        """Compare files with committed `SEGMENT` rows (lengths, rows in block headers); one sentence per difference."""

    def schema(self, segment: str) -> Schema:
        """Writer schema of a segment."""

    def datums(self, segment: str) -> Iterator[tuple[int, Place, bytes]]:
        """Every datum of a segment in order: its block, its place there, its bytes."""

    def close(self) -> None:
        """Close open files."""


class ScienceArchive(Protocol):
    """Parquet files of all scalar columns, and of tags, dead letters, positions and runs."""

    def write(self, kind: str, name: str, table: pa.Table) -> str:
        """Write one file durably (temporary name, sync, rename, sync of the folder); gives its path in the archive.

        `kind` is `alerts/SURVEY/NIGHT`, `tags/SURVEY/NIGHT`, `dead`, `positions`, `counts` or `runs`.
        Writing a name again replaces it.
        """

    def files(self, kind: str) -> list[str]:
        """Paths of all files below a kind, sorted."""

    def read(self, path: str, columns: Sequence[str] | None = None) -> pa.Table:
        """One file; of its columns only those of these names that it has, where any are given."""

    def remove(self, path: str) -> None:
        """Remove one file; not an error where it is gone."""
