"""An answer's table before it is written: one array per column, times as text, nothing that only JSON can say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.column import Column
from linnet.core.json_rows import time_texts

META = (("unit", "unit"), ("ucd", "ucd"), ("doc", "description"))
"""Attributes of a declaration and the names under which Arrow and Parquet files carry them."""


def plain(table: pa.Table, columns: Mapping[str, Column]) -> pa.Table:
    """The table with dictionaries, times and lists of texts as texts, NaN and infinity as null, and its declarations.

    Args:
        table: rows of an answer.
        columns: declarations; a column without one has no metadata.

    Returns:
        The same columns in the same order; every field carries `unit`, `ucd` and `description` where there is one.
    """
    arrays = [_plain(chunked.combine_chunks()) for chunked in table.columns]
    fields = [_field(f, a.type, columns.get(f.name)) for f, a in zip(table.schema, arrays, strict=True)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _field(field: pa.Field, kind: pa.DataType, column: Column | None) -> pa.Field:
    told = {name: getattr(column, attribute) for attribute, name in META} if column else {}
    return pa.field(field.name, kind, field.nullable, {k: v for k, v in told.items() if v} or None)


def _plain(array: Any) -> pa.Array:
    kind = array.type
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.nulls(0, kind)
    if pa.types.is_dictionary(kind) or pa.types.is_large_string(kind):
        return array.cast(pa.string())
    if pa.types.is_floating(kind):
        return pc.if_else(pc.is_finite(array), array, pa.scalar(None, kind))
    if pa.types.is_timestamp(kind):
        return time_texts(array)
    if pa.types.is_list(kind):
        return pc.binary_join(array.cast(pa.list_(pa.string())), " ")
    return array
