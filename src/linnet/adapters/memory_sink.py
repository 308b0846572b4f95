"""A sink that keeps its rows in memory: the double of every other sink."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from linnet.core.json_rows import JsonRow, rows


@dataclass(frozen=True)
class MemorySink:
    """Rows in the JSON form, for a test to look at.

    Attributes:
        durable: rows that were flushed, in order; all that a reader would be sure to see after a crash.
    """

    durable: list[JsonRow] = field(default_factory=list)

    def open(self) -> OpenMemorySink:
        """A writer; rows that it does not flush are lost with it."""
        return OpenMemorySink(self.durable)


class OpenMemorySink:
    """A writer to memory."""

    def __init__(self, durable: list[JsonRow]) -> None:
        self._durable = durable
        self._written: list[JsonRow] = []

    def write(self, batch: pa.RecordBatch) -> None:
        """Take rows."""
        self._written += rows(batch)

    def flush(self) -> None:
        """Make everything written durable."""
        self._durable += self._written
        self._written = []

    def close(self) -> None:
        """Flush. May be called twice."""
        self.flush()
