"""The LSST packets of the shared data, read with fastavro and pyarrow alone, and records in the decoded form.

An oracle for the survey: nothing here knows what the survey makes of a field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from math import isnan
from pathlib import Path
from typing import Any, cast

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

from linnet.core.decoding import Wanted

Record = dict[str, Any]


@dataclass(frozen=True)
class Packet:
    """One alert: where it is from, its record, and the writer schema (None where it came as Parquet)."""

    folder: str
    file: str
    record: Record
    schema: Any = None


@cache
def packets(shared: Path) -> tuple[Packet, ...]:
    """Every LSST packet of version 5.0 or later: containers, wire format and Parquet."""
    folder = shared / "lsst"
    found = [*_containers(folder), *_framed(folder, shared / "schemas" / "lsst"), *_parquet(folder)]
    return tuple(p for p in found if "midpointMjdTai" in p.record["diaSource"])


def official_schema(schemas: Path, schema_id: int) -> Any:
    """The survey's own schema of an id, loaded from its separate files by fastavro."""
    major, minor = divmod(schema_id, 100)
    file = schemas / str(major) / str(minor) / f"lsst.v{major}_{minor}.alert.avsc"
    return fastavro.schema.load_schema(str(file))


def messages(folder: Path) -> Iterator[tuple[str, int, bytes]]:
    """Framed messages: file name, schema id, datum."""
    for file in sorted([*folder.glob("kafka-wire-format*/*.avro")]):
        content = file.read_bytes()
        yield f"{file.parent.name}/{file.name}", int.from_bytes(content[1:5], "big"), content[5:]


def decoded(records: Sequence[Mapping[str, Any]], wanted: Wanted) -> pa.RecordBatch:
    """Records as `DecodedAlerts.fields`, without undeclared fields."""
    arrays: dict[str, pa.Array] = {}
    for path, kind in wanted.scalars.items():
        arrays[path] = pa.array([_fitting(_at(r, path.split(".")), kind) for r in records], kind)
    for path, fields in wanted.lists.items():
        items = [r.get(path) or [] for r in records]
        for name, kind in fields.items():
            rows = [[_fitting((item or {}).get(name), kind) for item in each] for each in items]
            arrays[f"{path}.{name}"] = pa.array(rows, pa.list_(kind))
    arrays["extra"] = pa.nulls(len(records), pa.string())
    return pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))


def _containers(folder: Path) -> Iterator[Packet]:
    for file in sorted(folder.rglob("*.avro")):
        content = file.read_bytes()
        if content[:4] != b"Obj\x01":
            continue
        reader = fastavro.reader(BytesIO(content))
        schema = json.loads(reader.metadata["avro.schema"])
        yield from (Packet(file.parent.name, file.name, cast("Record", r), schema) for r in reader)


def _framed(folder: Path, schemas: Path) -> Iterator[Packet]:
    for name, schema_id, datum in messages(folder):
        schema = official_schema(schemas, schema_id)
        record: Any = fastavro.schemaless_reader(BytesIO(datum), schema, None)
        place, file = name.split("/")
        yield Packet(place, file, record, schema)


def _parquet(folder: Path) -> Iterator[Packet]:
    for file in sorted(folder.rglob("*.parquet")):
        yield from (Packet(file.parent.name, file.name, r) for r in pq.read_table(file).to_pylist())


def _at(record: Any, path: list[str]) -> Any:
    for name in path:
        record = record.get(name) if isinstance(record, Mapping) else None
    return record


def _fitting(value: Any, kind: pa.DataType) -> Any:
    """The value as the decoder gives it: time stamps in microseconds, integers that Parquet has as floats mended."""
    if isinstance(value, datetime):
        since = value.replace(tzinfo=value.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds
    if isinstance(value, float) and pa.types.is_integer(kind):
        return None if isnan(value) else int(value)
    return value
