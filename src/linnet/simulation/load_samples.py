"""Sample packets out of Avro containers, as the values that a load is made of."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import fastavro

from linnet.core.avro_container import blocks, header
from linnet.core.avro_schema import writer_schema
from linnet.simulation.load_template import Record


def records(container: bytes) -> tuple[str, list[Record]]:
    """The text of a container's writer schema, and the values of its datums as they were sent (times are numbers).

    Raises:
        PacketError: it is no container, or a damaged one.
    """
    head = header(container)
    schema = writer_schema(head.schema)
    found: list[Record] = []
    for block in blocks(container, head):
        stream = io.BytesIO(block.data)
        found += [_record(fastavro.schemaless_reader(stream, schema.reader, None)) for _ in range(block.count)]
    return schema.json_text, found


def is_repeatable_ztf(record: Record) -> bool:
    """Whether a ZTF packet can stand for others: it has an object, a time, and is public."""
    own = record.get("candidate") or {}
    return bool(record.get("objectId")) and own.get("programid") == 1 and own.get("pid", 0) > 0


def is_repeatable_lsst(record: Record) -> bool:
    """Whether an LSST packet can stand for others: its source belongs to an object that the packet brings."""
    return bool((record.get("diaSource") or {}).get("diaObjectId")) and record.get("diaObject") is not None


def _record(values: Any) -> Record:
    """The same with null in the place of records that hold nothing but nulls, which rewriting leaves behind."""
    return {name: _filled(value) for name, value in values.items()}


def _filled(value: Any) -> Any:
    if isinstance(value, dict) and all(each is None for each in _leaves(value)):
        return None
    return value


def _leaves(value: Any) -> Iterator[Any]:
    for each in value.values():
        if isinstance(each, dict):
            yield from _leaves(each)
        else:
            yield each
