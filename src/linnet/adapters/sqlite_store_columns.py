"""Arrow columns as the words in their buffers, and back: without a copy for every column that has a null."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core.column import TEXT_CODE

Bools = npt.NDArray[np.bool_]
Words = npt.NDArray[np.unsignedinteger]

WORDS = {width: np.dtype(f"<u{width}") for width in (8, 4, 2, 1)}
"""Bytes -> the word that holds one value of so many; wide ones first."""


def is_text(kind: pa.DataType) -> bool:
    """Whether values of the type are texts."""
    return bool(kind in (pa.string(), TEXT_CODE))


def width(kind: pa.DataType) -> int:
    """Bytes of a value; for a text those of its length, for a boolean one."""
    if is_text(kind):
        return 4
    return max(1, int(kind.bit_width) // 8)


def one_piece(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    """The column in one piece; a cast that changes nothing costs 0.2 ms, which is most of a small commit."""
    whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], column.type)
    return whole if whole.type == kind else whole.cast(kind)


def words(column: pa.Array) -> Words:
    """The values as words, 0 or 1 for a boolean; what stands under a null means nothing."""
    data = column.buffers()[1]
    if pa.types.is_boolean(column.type):
        return _bits(data, column)
    word = WORDS[width(column.type)]
    return np.frombuffer(data, word, len(column), column.offset * word.itemsize)


def valid(column: pa.Array) -> Bools:
    """Where the column is not null."""
    if not column.null_count:
        return np.ones(len(column), dtype=bool)
    found: Bools = _bits(column.buffers()[0], column).view(np.bool_)
    return found


def column_of(kind: pa.DataType, values: Words, present: Bools, validity: pa.Buffer) -> pa.Array:
    """The column of a type that is no text, out of its words.

    Args:
        kind: type of the column.
        values: one word for each row.
        present: where it is not null.
        validity: the same as bits.
    """
    if pa.types.is_boolean(kind):
        return pa.array(values.view(np.bool_), mask=~present)
    nulls = len(values) - int(np.count_nonzero(present))
    return pa.Array.from_buffers(kind, len(values), [validity if nulls else None, pa.py_buffer(values)], nulls)


def _bits(data: pa.Buffer, column: pa.Array) -> npt.NDArray[np.uint8]:
    first, stop = column.offset // 8, (column.offset + len(column) + 7) // 8
    bits = np.unpackbits(np.frombuffer(data, np.uint8, stop - first, first), bitorder="little")
    return bits[column.offset - 8 * first :][: len(column)]
