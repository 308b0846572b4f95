"""Packets to measure with: loads, their datums, and fastavro reading them."""

from __future__ import annotations

import io
import json
from functools import cache
from typing import Any

import fastavro
import pyarrow as pa

from linnet.app.load import load_of
from linnet.core.avro_container import MAGIC, blocks, header
from linnet.core.avro_schema import WriterSchema, writer_schema
from linnet.simulation.load_schedule import Schedule
from linnet.surveys.lsst.schemas import carried


def load_batch(kind: str, rows: int, *, objects: int | None = None, first_mjd: float = 61345.125) -> pa.RecordBatch:
    """New alerts of a kind (see `linnet load`) in one batch, each of an object of its own where no number is given."""
    given = Schedule(rows, objects or rows, nights=-(-rows // (objects or rows)), first_mjd=first_mjd)
    batches = list(load_of(kind, given).batches(rows=rows))
    return pa.Table.from_batches(batches).combine_chunks().to_batches()[0].slice(0, rows)


def opened(batch: pa.RecordBatch) -> list[tuple[WriterSchema, bytes]]:
    """Writer schema and datum of packets that hold one each."""
    return [_opened(value) for value in batch.column("value").to_pylist()]


class Reader:
    """fastavro, the yardstick: containers with `fastavro.reader`, and datums alone with its schemaless reader."""

    def __init__(self, batch: pa.RecordBatch, limit: int) -> None:
        self.values: list[bytes] = batch.column("value").slice(0, limit).to_pylist()
        self.datums = [(_parsed(s.json_text), datum) for s, datum in map(_opened, self.values)]

    def __len__(self) -> int:
        """Number of packets."""
        return len(self.values)

    def whole(self) -> None:
        """Decode the packets as a consumer gets them."""
        for value, (schema, datum) in zip(self.values, self.datums, strict=True):
            if value.startswith(MAGIC):
                for _ in fastavro.reader(io.BytesIO(value)):
                    pass
            else:
                fastavro.schemaless_reader(io.BytesIO(datum), schema, None)

    def alone(self) -> None:
        """Decode the datums, schemas parsed before."""
        for schema, datum in self.datums:
            fastavro.schemaless_reader(io.BytesIO(datum), schema, None)


def _opened(value: bytes) -> tuple[WriterSchema, bytes]:
    if value.startswith(MAGIC):
        head = header(value)
        (block,) = blocks(value, head)
        return _schema(head.schema), block.data
    major, minor = divmod(int.from_bytes(value[1:5], "big"), 100)
    return _carried(major, minor), value[5:]


@cache
def _carried(major: int, minor: int) -> WriterSchema:
    return _schema(json.dumps(carried(major, minor)).encode())


@cache
def _schema(text: bytes) -> WriterSchema:
    return writer_schema(text)


@cache
def _parsed(text: str) -> Any:
    return fastavro.parse_schema(json.loads(text))
