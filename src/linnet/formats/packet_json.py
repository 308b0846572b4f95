"""One whole packet in the form of our web answers: every field that the survey sent, by its own name.

Avro's longs are strings, as every 64-bit number in a web answer; bytes (stamps) are base64 (RFC 4648); NaN and infinity
are null; logical times are ISO 8601.
"""

from __future__ import annotations

import io
import math
from base64 import b64encode
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

import fastavro

from linnet.core.decoding import Schema

Named = dict[str, Any]


def packet_json(datum: bytes, schema: Schema) -> dict[str, Any]:
    """A packet as JSON-safe values.

    Args:
        datum: one Avro datum, as archived.
        schema: its writer schema.
    """
    named: Named = {}
    parsed = fastavro.parse_schema(dict(schema) if isinstance(schema, Mapping) else schema, named)
    record = fastavro.schemaless_reader(io.BytesIO(datum), parsed, None)
    found: dict[str, Any] = _plain(record, parsed, named)
    return found


def _plain(value: Any, schema: Any, named: Named) -> Any:
    if value is None:
        return None
    if isinstance(schema, list):
        return _plain(value, _branch(value, schema, named), named)
    schema = named.get(schema, schema) if isinstance(schema, str) else schema
    kind = schema if isinstance(schema, str) else schema["type"]
    if kind in ("record", "error"):
        return {f["name"]: _plain(value[f["name"]], f["type"], named) for f in schema["fields"]}
    if kind == "array":
        return [_plain(item, schema["items"], named) for item in value]
    if kind == "map":
        return {key: _plain(item, schema["values"], named) for key, item in value.items()}
    if isinstance(kind, dict | list):
        return _plain(value, kind, named)
    return _scalar(value, kind)


def _branch(value: Any, union: list[Any], named: Named) -> Any:
    """The branch that a value was read by. Where several fit, as with int and long, the widest: a type never varies."""
    fitting = [b for b in union if b != "null"]
    if len(fitting) == 1:
        return fitting[0]
    kinds = {"long": int, "int": int, "double": float, "float": float, "string": str, "boolean": bool, "bytes": bytes}
    for name, python in kinds.items():
        if name in fitting and type(value) is python:
            return name
    for branch in fitting:
        known = named.get(branch) if isinstance(branch, str) else branch
        if isinstance(known, dict) and _fits(value, known):
            return known
    return "string"


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    if schema["type"] in ("record", "error"):
        return isinstance(value, dict) and set(value) == {f["name"] for f in schema["fields"]}
    return isinstance(value, {"array": list, "map": dict, "enum": str, "fixed": bytes}.get(schema["type"], object))


def _scalar(value: Any, kind: str) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if kind == "long":
        return str(value)
    return value if isinstance(value, bool | int | str) else str(value)
