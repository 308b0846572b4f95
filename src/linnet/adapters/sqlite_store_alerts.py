"""Alert rows, packed: one blob a row.

A hundred columns bound one by one cost SQLite and Python more than everything else of a commit. The columns of a row
are named by its layout, so a column that comes later is null in older rows. What is written has a `SparseLayout`; rows
that format 2 wrote are read as they are.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linnet.adapters.sqlite_store_layout import ARROW_TYPES, present_columns
from linnet.adapters.sqlite_store_sparse import SparseLayout
from linnet.core.column import TEXT_CODE

_SPARSE = "sparse"
"""Key of the names of a sparse layout; those of a dense one are a plain list."""


class DenseLayout:
    """Where each column lies in a row that format 2 packed: fixed columns first, then the bytes of its texts.

    Args:
        types: name -> Arrow type of the columns, in their order.
    """

    def __init__(self, types: dict[str, pa.DataType]) -> None:
        self.types = types
        self.texts = [n for n, t in types.items() if t in (pa.string(), TEXT_CODE)]
        kinds = {n: pa.int32() if n in self.texts else _stored(t) for n, t in types.items()}
        bits = ("null bits", np.uint8, ((len(types) + 7) // 8,))
        self.fixed = np.dtype([*((n, t.to_pandas_dtype()) for n, t in kinds.items()), bits])

    def unpack(self, blobs: Sequence[bytes]) -> dict[str, pa.Array]:
        """Columns of blobs, by name."""
        width = self.fixed.itemsize
        fixed = np.frombuffer(b"".join([blob[:width] for blob in blobs]), self.fixed)
        nulls = np.unpackbits(fixed["null bits"], axis=1).astype(bool)[:, : len(self.types)]
        texts = self._texts(fixed, b"".join([blob[width:] for blob in blobs]))
        columns = {}
        for place, (name, kind) in enumerate(self.types.items()):
            if name in self.texts:
                plain = pc.if_else(pa.array(nulls[:, place]), None, texts[name])
                columns[name] = plain if kind == pa.string() else plain.dictionary_encode()
            else:
                array = pa.array(np.ascontiguousarray(fixed[name]), mask=nulls[:, place])
                columns[name] = array if array.type == kind else array.cast(kind)
        return columns

    def _texts(self, fixed: npt.NDArray[np.void], data: bytes) -> dict[str, pa.Array]:
        """Text columns out of the bytes of all texts, which lie row by row."""
        n, wide = len(fixed), len(self.texts)
        lengths = np.column_stack([fixed[name] for name in self.texts]).astype(np.int64) if wide else np.zeros((n, 0))
        offsets = np.concatenate([[0], np.cumsum(lengths.ravel())]).astype(np.int64)
        pieces = pa.LargeStringArray.from_buffers(n * wide, pa.py_buffer(offsets), pa.py_buffer(data))
        places = np.arange(n) * wide
        return {name: pieces.take(pa.array(places + i)).cast(pa.string()) for i, name in enumerate(self.texts)}


def layout_for(connection: sqlite3.Connection, names: Sequence[str]) -> tuple[int, SparseLayout]:
    """Number and layout of rows of these columns; a new number where there is none."""
    text = json.dumps({_SPARSE: list(names)})
    row = connection.execute("SELECT layout FROM alert_layout WHERE names = ?", (text,)).fetchone()
    if row is None:
        row = connection.execute("INSERT INTO alert_layout (names) VALUES (?) RETURNING layout", (text,)).fetchone()
    have = present_columns(connection)
    return int(row[0]), _sparse(tuple((name, have[name]) for name in names))


def table_of_alerts(
    connection: sqlite3.Connection, survey: str, rows: Sequence[tuple[int, int, bytes]], columns: pa.Schema
) -> pa.Table:
    """Packed rows (alert_id, layout, blob) of one survey as a table of these columns, in their order.

    What a row has not is null.
    """
    if not rows:
        return columns.empty_table()
    have = present_columns(connection)
    numbers = np.array([layout for _, layout, _ in rows])
    parts, order = [], []
    for number in np.unique(numbers).tolist():
        at = np.flatnonzero(numbers == number)
        unpacked = _layout(connection, number, have).unpack([rows[i][2] for i in at.tolist()])
        unpacked["survey"] = pa.array([survey] * len(at), pa.string()).dictionary_encode()
        unpacked["alert_id"] = pa.array([rows[i][0] for i in at.tolist()], pa.int64())
        arrays = [unpacked[f.name] if f.name in unpacked else pa.nulls(len(at), f.type) for f in columns]
        parts.append(pa.Table.from_arrays(arrays, schema=columns))
        order.append(at)
    if len(parts) == 1:
        return parts[0]
    table = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    return table.take(pa.array(np.argsort(np.concatenate(order))))


def _layout(connection: sqlite3.Connection, number: int, have: dict[str, str]) -> SparseLayout | DenseLayout:
    """The layout of this number."""
    (text,) = connection.execute("SELECT names FROM alert_layout WHERE layout = ?", (number,)).fetchone()
    names = json.loads(text)
    if isinstance(names, dict):
        return _sparse(tuple((name, have[name]) for name in names[_SPARSE]))
    return _dense(tuple((name, have[name]) for name in names))


@lru_cache(maxsize=16)
def _sparse(columns: tuple[tuple[str, str], ...]) -> SparseLayout:
    return SparseLayout({name: ARROW_TYPES[sql] for name, sql in columns})


@lru_cache(maxsize=16)
def _dense(columns: tuple[tuple[str, str], ...]) -> DenseLayout:
    return DenseLayout({name: ARROW_TYPES[sql] for name, sql in columns})


def _stored(kind: pa.DataType) -> pa.DataType:
    return pa.int8() if pa.types.is_boolean(kind) else kind
