"""Alerts of LSST schemas that nobody has published: real ones, written with a schema of a later version."""

from __future__ import annotations

import copy
import io
import json
from typing import Any

import fastavro

from linnet.app.load import load_of
from linnet.core.envelope import Message
from linnet.simulation.load_schedule import Schedule
from linnet.surveys.lsst.schemas import carried

SPARKLE, NOTE = 0.5, "hello"
"""Values of the two fields that are new."""


def later_schema(major: int, minor: int, base: tuple[int, int]) -> dict[str, Any]:
    """A carried schema with another version's name and two new fields, one in the diaSource and one at the top."""
    schema: dict[str, Any] = copy.deepcopy(dict(carried(*base)))
    schema["namespace"] = f"lsst.v{major}_{minor}"
    (source,) = (f["type"] for f in schema["fields"] if f["name"] == "diaSource")
    source["fields"].append({"name": "sparkle", "type": ["null", "double"], "default": None})
    schema["fields"].append({"name": "brokerNote", "type": "string"})
    return schema


def registered(major: int, minor: int, base: tuple[int, int] = (9, 0)) -> dict[int, str]:
    """Schema id -> text, as a registry keeps it."""
    return {100 * major + minor: json.dumps(later_schema(major, minor, base))}


def later_message(sent: bytes, schema_id: int, offset: int = 0, topic: str = "lsst-alerts") -> Message:
    """A framed alert as it would be sent with a later schema."""
    base = divmod(int.from_bytes(sent[1:5], "big"), 100)
    record: Any = fastavro.schemaless_reader(io.BytesIO(sent[5:]), dict(carried(*base)), None)
    record["diaSource"]["sparkle"] = SPARKLE
    record["brokerNote"] = NOTE
    written = io.BytesIO()
    fastavro.schemaless_writer(written, later_schema(*divmod(schema_id, 100), base), record)
    return Message(b"\0" + schema_id.to_bytes(4, "big") + written.getvalue(), topic, offset=offset)


def sent(number: int) -> list[bytes]:
    """So many framed alerts of version 9.0, real ones with ids and places of their own."""
    load = load_of("lsst", Schedule(number, number, 1, seed=1))
    return [value for batch in load.batches() for value in batch.column("value").to_pylist()]
