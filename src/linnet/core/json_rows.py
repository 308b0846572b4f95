"""The JSON form of a table: the one place that says how a column looks in a file of JSON lines and in a web answer.

| Arrow type | JSON |
|---|---|
| int64, uint64 | a string, always: JavaScript and many readers of JSON keep only 53 bits of a number |
| int8 to int32 | a number |
| float64, float32 | a number, with the fewest digits that read back as the same float64 or float32 |
| NaN, infinity | null: JSON has no such number |
| bool, string | as they are |
| timestamp | "2026-01-31T23:59:59.123456Z", UTC |
| dictionary, list | as their values |
| null | null; the key stays in the row |

Every int64 column becomes a string, also one that happens to hold small numbers, so that the type of a key never
depends on its value. Binary and nested records have no JSON form here. `linnet.core.json_lines` writes the same form as
text.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

JsonRow = dict[str, Any]
"""One row: column name -> JSON value."""


def rows(table: pa.Table | pa.RecordBatch) -> list[JsonRow]:
    """All rows of a table or batch as JSON-safe dictionaries, keys in the order of the columns.

    Raises:
        TypeError: a column has a type without a JSON form (binary, record, map, decimal); the message names it.
    """
    names = table.schema.names
    columns = [values(column, name) for name, column in zip(names, table.columns, strict=True)]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def values(array: pa.Array | pa.ChunkedArray, name: str = "value") -> list[Any]:
    """One column as JSON-safe values, aligned with it.

    Args:
        array: the column.
        name: what an error calls it.

    Raises:
        TypeError: the type has no JSON form.
    """
    chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    return [value for chunk in chunks for value in _plain(chunk, name).to_pylist()]


def _plain(array: pa.Array, name: str) -> pa.Array:
    """The same values in an Arrow type whose Python form is JSON-safe."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _plain(array.dictionary_decode(), name)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _lists(array, name)
    if kind in (pa.int64(), pa.uint64()):
        return array.cast(pa.string())
    if pa.types.is_floating(kind):
        return _floats(array)
    if pa.types.is_timestamp(kind):
        return time_texts(array)
    if any(test(kind) for test in _AS_THEY_ARE):
        return array
    raise TypeError(f"column {name} of type {kind} has no JSON form; leave it out or turn it into text")


_AS_THEY_ARE = (
    pa.types.is_integer,
    pa.types.is_boolean,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_null,
)


def _lists(array: pa.Array, name: str) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, _plain(array.flatten(), name), mask=array.is_null())


def _floats(array: pa.Array) -> pa.Array:
    finite = pc.if_else(pc.is_finite(array), array, pa.scalar(None, array.type))
    if array.type == pa.float64():
        return finite
    # Through the shortest text: 18.2 as float32 is 18.200000762939453 as float64, and nobody measured those digits.
    return finite.cast(pa.string()).cast(pa.float64())


def time_texts(array: pa.Array) -> pa.Array:
    """Timestamps as ISO 8601 texts in UTC, to the microsecond: `2026-03-20T05:06:07.000000Z`."""
    text = array.cast(pa.timestamp("us")).cast(pa.string())
    return pc.binary_join_element_wise(pc.replace_substring(text, " ", "T"), "Z", "")
