"""How an object's points grow: in the tail of its row first, then in chunks that are joined now and then.

An object with `MOST_CHUNKS` chunks and another one to come has its last ones joined: each of its points is rewritten a
few times in its life, and its light curve is always a few reads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

import numpy as np

from linnet.adapters.sqlite_store_layout import SurveyTables
from linnet.adapters.sqlite_store_objects import CHUNK_ID, MOST_CHUNKS, PLACE, Blobs, Row, chunk_ids
from linnet.adapters.sqlite_store_packing import RUN, SLOT

TAIL = 32
"""Most points, and most runs, in the row itself: most commits read and rewrite that one page of an object and no other,
and a survey's typical object has no chunk at all. A page holds four or five such rows."""


class Growth:
    """Chunks of one commit: which come and which go.

    Args:
        chunks: those that the objects at hand have now.
    """

    def __init__(self, connection: sqlite3.Connection, tables: SurveyTables, chunks: Mapping[int, Blobs]) -> None:
        self._connection = connection
        self._tables = tables
        self._known = chunks
        self._next = 1 + (connection.execute(tables.sql("SELECT max(id) FROM {chunk}")).fetchone()[0] or 0)
        self._new: list[tuple[int, bytes, bytes]] = []
        self._gone: list[int] = []

    def add(self, row: Row | None, points: bytes, runs: bytes) -> tuple[bytes, bytes, bytes]:
        """Values of chunks, points and runs of an object once these points and runs are added to it."""
        chunks = b""
        if row is not None:
            chunks = row[PLACE["chunks"]]
            points, runs = row[PLACE["points"]] + points, row[PLACE["runs"]] + runs
        if len(points) <= TAIL * SLOT.itemsize and len(runs) <= TAIL * RUN.itemsize:
            return chunks, points, runs
        if row is not None and len(chunks) >= MOST_CHUNKS * CHUNK_ID.itemsize:
            chunks, (points, runs) = self._join(chunk_ids(row), points, runs)
        number, self._next = self._next, self._next + 1
        self._new.append((number, points, runs))
        return chunks + np.array([number], CHUNK_ID).tobytes(), b"", b""

    def write(self) -> None:
        """Write the chunks that came, forget those that were joined."""
        self._connection.executemany(
            self._tables.sql("DELETE FROM {chunk} WHERE id = ?"), [(number,) for number in sorted(self._gone)]
        )
        self._connection.executemany(
            self._tables.sql("INSERT INTO {chunk} (id, points, runs) VALUES (?, ?, ?)"), self._new
        )

    def _join(self, numbers: tuple[int, ...], points: bytes, runs: bytes) -> tuple[bytes, Blobs]:
        """The last chunks as one with these points: the longer the first has become, the longer it stays."""
        sizes = [len(self._known[number][0]) for number in numbers]
        total, first = len(points), len(numbers)
        while first and (sizes[first - 1] <= 2 * total or first == len(numbers)):
            first -= 1
            total += sizes[first]
        gone = numbers[first:]
        self._gone.extend(gone)
        blobs = [*(self._known[number] for number in gone), (points, runs)]
        kept = np.array(numbers[:first], CHUNK_ID).tobytes()
        return kept, (b"".join([p for p, _ in blobs]), b"".join([r for _, r in blobs]))
