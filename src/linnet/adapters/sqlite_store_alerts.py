"""Alert rows, packed: one blob a row, fixed columns first, then the bytes of its texts.

A hundred columns bound one by one cost SQLite and Python more than everything else of a commit. The columns of a row
are named by its layout, so a column that comes later is null in older rows.
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
from linnet.core.column import TEXT_CODE


class Layout:
    """Where each column lies in a packed row.

    Args:
        types: name -> Arrow type of the columns, in their order.
    """

    def __init__(self, types: dict[str, pa.DataType]) -> None:
        self.types = types
        self.texts = [n for n, t in types.items() if t in (pa.string(), TEXT_CODE)]
        kinds = {n: pa.int32() if n in self.texts else _stored(t) for n, t in types.items()}
        bits = ("null bits", np.uint8, ((len(types) + 7) // 8,))
        self.fixed = np.dtype([*((n, t.to_pandas_dtype()) for n, t in kinds.items()), bits])

    def pack(self, alerts: pa.Table) -> list[bytes]:
        """Rows as blobs."""
        n = len(alerts)
        fixed, nulls = np.zeros(n, self.fixed), np.zeros((n, len(self.types)), dtype=bool)
        texts = []
        for place, (name, kind) in enumerate(self.types.items()):
            column = one_piece(alerts.column(name), kind)
            if column.null_count:
                nulls[:, place] = column.is_null().to_numpy(zero_copy_only=False)
            if name in self.texts:
                texts.append(_plain(column))
                fixed[name] = pc.binary_length(texts[-1]).to_numpy(zero_copy_only=False)
            else:
                fixed[name] = _numbers(column)
        fixed["null bits"] = np.packbits(nulls, axis=1)
        data, width = fixed.tobytes(), self.fixed.itemsize
        heads = [data[at : at + width] for at in range(0, n * width, width)]
        if not texts:
            return heads
        tails = pc.binary_join_element_wise(*(t.cast(pa.binary()) for t in texts), b"").to_pylist()
        return [head + tail for head, tail in zip(heads, tails, strict=True)]

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


def layout_for(connection: sqlite3.Connection, names: Sequence[str]) -> tuple[int, Layout]:
    """Number and layout of rows of these columns; a new number where there is none."""
    have = present_columns(connection)
    text = json.dumps(list(names))
    row = connection.execute("SELECT layout FROM alert_layout WHERE names = ?", (text,)).fetchone()
    if row is None:
        row = connection.execute("INSERT INTO alert_layout (names) VALUES (?) RETURNING layout", (text,)).fetchone()
    return int(row[0]), _layout(tuple((name, have[name]) for name in names))


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
        (names,) = connection.execute("SELECT names FROM alert_layout WHERE layout = ?", (number,)).fetchone()
        layout = _layout(tuple((name, have[name]) for name in json.loads(names)))
        unpacked = layout.unpack([rows[i][2] for i in at.tolist()])
        unpacked["survey"] = pa.array([survey] * len(at), pa.string()).dictionary_encode()
        unpacked["alert_id"] = pa.array([rows[i][0] for i in at.tolist()], pa.int64())
        arrays = [unpacked[f.name] if f.name in unpacked else pa.nulls(len(at), f.type) for f in columns]
        parts.append(pa.Table.from_arrays(arrays, schema=columns))
        order.append(at)
    if len(parts) == 1:
        return parts[0]
    table = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    return table.take(pa.array(np.argsort(np.concatenate(order))))


@lru_cache(maxsize=16)
def _layout(columns: tuple[tuple[str, str], ...]) -> Layout:
    return Layout({name: ARROW_TYPES[sql] for name, sql in columns})


def _stored(kind: pa.DataType) -> pa.DataType:
    return pa.int8() if pa.types.is_boolean(kind) else kind


def _numbers(column: pa.Array) -> npt.NDArray[np.generic]:
    if column.null_count:
        column = column.fill_null(False if pa.types.is_boolean(column.type) else 0)
    values: npt.NDArray[np.generic] = column.to_numpy(zero_copy_only=False)
    return values


def _plain(column: pa.Array) -> pa.Array:
    plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    return plain.fill_null("") if plain.null_count else plain


def one_piece(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    """The column in one piece; a cast that changes nothing costs 0.2 ms, which is most of a small commit."""
    whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], column.type)
    return whole if whole.type == kind else whole.cast(kind)
