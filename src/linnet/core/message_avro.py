"""Messages as Avro records: the schema that follows from the columns, and the bytes of each row.

    0x00, schema id (4 bytes, big-endian), datum                   with a registry (Confluent's wire format)
    0xC3 0x01, fingerprint (8 bytes, little-endian), datum         without one (Avro 1.12, "Single object encoding")

Every column is nullable but for those that name the message. Types are those of the columns; a time is text as in JSON.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.json_rows import values

RECORD_NAME = "linnet.alert"

_NAMING = frozenset({"dedup_id", "filter", "version", "seq", "survey", "alert_id"})
"""Columns that every message has."""

_PLAIN: tuple[tuple[Any, str], ...] = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_int64, "long"),
    (pa.types.is_signed_integer, "int"),
    (pa.types.is_float32, "float"),
    (pa.types.is_float64, "double"),
    (pa.types.is_string, "string"),
    (pa.types.is_timestamp, "string"),
)


def record_schema(columns: pa.Schema) -> str:
    """The Avro schema (JSON) of rows with these columns, the same text for the same columns.

    Raises:
        TypeError: a column has a type without a form here (binary, record, map, unsigned); the message names it.
    """
    fields = []
    for column in columns:
        kind = _kind(column.name, column.type)
        nullable = column.name not in _NAMING
        fields.append({"name": column.name, "type": ["null", kind] if nullable else kind})
    space, name = RECORD_NAME.split(".")
    return json.dumps({"type": "record", "name": name, "namespace": space, "fields": fields}, separators=(",", ":"))


def fingerprint(schema: str) -> bytes:
    """The eight bytes by which single object encoding names a schema (CRC-64-AVRO, little-endian)."""
    canonical = fastavro.schema.to_parsing_canonical_form(json.loads(schema))
    return bytes.fromhex(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO"))


def datums(batch: pa.RecordBatch, schema: str) -> list[bytes]:
    """The rows of a batch as Avro datums of its `record_schema`, in order. NaN and infinity become null."""
    parsed = fastavro.parse_schema(json.loads(schema))
    names = batch.schema.names
    columns = [_values(column, name) for name, column in zip(names, batch.columns, strict=True)]
    found = []
    for row in zip(*columns, strict=True):
        written = io.BytesIO()
        fastavro.schemaless_writer(written, parsed, dict(zip(names, row, strict=True)))
        found.append(written.getvalue())
    return found


def frame(schema_id: int | None, schema: str) -> bytes:
    """What stands before a datum: for the id that a registry gave, or without one."""
    return b"\xc3\x01" + fingerprint(schema) if schema_id is None else b"\0" + schema_id.to_bytes(4, "big")


def _kind(name: str, arrow: pa.DataType) -> Any:
    if pa.types.is_dictionary(arrow):
        return _kind(name, arrow.value_type)
    if pa.types.is_list(arrow):
        return {"type": "array", "items": ["null", _kind(name, arrow.value_type)]}
    for test, kind in _PLAIN:
        if test(arrow):
            return kind
    raise TypeError(f"column {name} of type {arrow} has no Avro form; leave it out or turn it into text")


def _values(array: pa.Array, name: str) -> Sequence[Any]:
    kind = array.type
    if pa.types.is_timestamp(kind):
        return values(array, name)
    if pa.types.is_floating(kind):
        array = pc.if_else(pc.is_finite(array), array, pa.scalar(None, kind))
    found: list[Any] = array.to_pylist()
    return found
