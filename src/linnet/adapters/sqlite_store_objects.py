"""Stored objects with all their points, read many at once: for a commit, for the history join and for one reader."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from struct import Struct
from typing import Any

import numpy as np

from linnet.adapters.sqlite_store_layout import OBJECT_COLUMNS, SurveyTables
from linnet.adapters.sqlite_store_merging import Withdrawn
from linnet.adapters.sqlite_store_packing import Points, unpack

ID_CHUNK = 512
"""Values in one IN list; lists are filled up with nulls to this length so that one prepared statement serves all."""

PLACE = {name: i for i, name in enumerate(OBJECT_COLUMNS)}
"""Column of an object row -> its place in the tuple."""

CHUNK_ID = np.dtype("<i8")

MOST_CHUNKS = 4
"""Most chunks of an object."""

_CHUNKS, _TAIL = PLACE["chunks"], slice(PLACE["points"], PLACE["runs"] + 1)
_IDS = [Struct(f"<{n}q").unpack for n in range(MOST_CHUNKS + 1)]

Row = tuple[Any, ...]
Blobs = tuple[bytes, bytes]


@dataclass(frozen=True)
class Held:
    """Some objects as they are stored.

    Attributes:
        object_ids: the objects, which all indices count.
        rows: the row of each (`OBJECT_COLUMNS`), None where it is not stored.
        chunks: id -> (points, runs) of all their chunks.
        withdrawn: their points that were taken back.
    """

    object_ids: Sequence[str]
    rows: Sequence[Row | None]
    chunks: dict[int, Blobs]
    withdrawn: Withdrawn

    @cached_property
    def points(self) -> Points:
        """All their points, superseded values among them."""
        owners, points, runs = [], [], []
        for index, row in enumerate(self.rows):
            if row is not None:
                blobs = [self.chunks[number] for number in chunk_ids(row)]
                blobs.append(row[_TAIL])
                owners += [index] * len(blobs)
                points += [blob[0] for blob in blobs]
                runs += [blob[1] for blob in blobs]
        return unpack(owners, points, runs)


def chunk_ids(row: Row) -> tuple[int, ...]:
    """Ids of the chunks of an object row."""
    packed = row[_CHUNKS]
    return _IDS[len(packed) // CHUNK_ID.itemsize](packed)


def in_parts(values: Sequence[Any], size: int = ID_CHUNK) -> Iterator[list[Any]]:
    """Lists of exactly `size` values, the last filled up with None, which no IN list matches."""
    for start in range(0, len(values), size):
        part = list(values[start : start + size])
        yield part + [None] * (size - len(part))


def marks(size: int = ID_CHUNK) -> str:
    """Question marks of an IN list."""
    return ", ".join("?" * size)


def held(connection: sqlite3.Connection, tables: SurveyTables, object_ids: Sequence[str]) -> Held:
    """Read these objects (distinct ids) with their chunks."""
    names = ", ".join(OBJECT_COLUMNS)
    query = tables.sql("SELECT {names} FROM {object} WHERE object_id IN ({marks})", names=names, marks=marks())
    found = {row[1]: row for part in in_parts(object_ids) for row in connection.execute(query, part)}
    return with_chunks(connection, tables, object_ids, [found.get(i) for i in object_ids])


def with_chunks(
    connection: sqlite3.Connection, tables: SurveyTables, object_ids: Sequence[str], rows: Sequence[Row | None]
) -> Held:
    """Objects whose rows are read already, with their chunks."""
    numbers = np.sort(np.frombuffer(b"".join([row[PLACE["chunks"]] for row in rows if row is not None]), CHUNK_ID))
    query = tables.sql("SELECT id, points, runs FROM {chunk} WHERE id IN ({marks})", marks=marks())
    chunks = {
        number: (points, runs)
        for part in in_parts(numbers.tolist())
        for number, points, runs in connection.execute(query, part)
    }
    return Held(object_ids, rows, chunks, _withdrawn(connection, tables, rows))


def withdrawn_of(connection: sqlite3.Connection, tables: SurveyTables, keys: dict[int, int]) -> Withdrawn:
    """What was taken back of objects: hk -> index."""
    query = tables.sql('SELECT hk, kind, "key", known_night FROM {withdrawn} WHERE hk IN ({marks})', marks=marks())
    found = [row for part in in_parts(list(keys)) for row in connection.execute(query, part)]
    return _as_arrays((keys[hk], *rest) for hk, *rest in found)


def _withdrawn(connection: sqlite3.Connection, tables: SurveyTables, rows: Sequence[Row | None]) -> Withdrawn:
    keys = {row[0]: index for index, row in enumerate(rows) if row is not None and row[PLACE["taken_back"]]}
    return withdrawn_of(connection, tables, keys) if keys else _as_arrays(())


def _as_arrays(rows: Iterable[tuple[int, ...]]) -> Withdrawn:
    table = np.array(list(rows), dtype=np.int64).reshape(-1, 4)
    return table[:, 0], table[:, 1], table[:, 2], table[:, 3]
