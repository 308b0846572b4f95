"""Real ZTF packets for tests, decoded by fastavro alone into the columns that `core.decoding` promises."""

from __future__ import annotations

import io
import json
import math
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa

from linnet.core.decoding import Wanted


@dataclass(frozen=True)
class Packet:
    """One alert: the file it lies in (and the member of a tar), its index there, schema and record."""

    file: str
    index: int
    schema: Any
    record: dict[str, Any]

    @property
    def candidate(self) -> dict[str, Any]:
        """The record `candidate`."""
        found: dict[str, Any] = self.record["candidate"]
        return found


def containers(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every file, members of tars included."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = str(path.relative_to(folder))
        if name.endswith((".tar", ".tar.gz")):
            with tarfile.open(path) as tar:
                for member in tar.getmembers():
                    inner = tar.extractfile(member)
                    if inner is not None:
                        yield f"{name}!{member.name}", inner.read()
        else:
            yield name, path.read_bytes()


@cache
def packets(folder: Path) -> tuple[Packet, ...]:
    """All packets below a folder, but for the bare datums, which have no container."""
    found = []
    for name, data in containers(folder):
        if data.startswith(b"Obj\x01"):
            reader = fastavro.reader(io.BytesIO(data))
            records: Iterable[Any] = reader
            found += [Packet(name, i, reader.writer_schema, record) for i, record in enumerate(records)]
    return tuple(found)


def decoded(records: list[dict[str, Any]], wanted: Wanted) -> pa.RecordBatch:
    """Records as the columns of `DecodedAlerts.fields`."""
    columns = {p: pa.array([_typed(_at(r, p), t) for r in records], t) for p, t in wanted.scalars.items()}
    for path, items in wanted.lists.items():
        lists = [_at(r, path) or [] for r in records]
        for name, kind in items.items():
            values = [[_typed((item or {}).get(name), kind) for item in items_of] for items_of in lists]
            columns[f"{path}.{name}"] = pa.array(values, pa.list_(kind))
    columns["extra"] = pa.array([_extra(r, wanted) for r in records], pa.string())
    return pa.RecordBatch.from_pydict(columns)


def _at(record: Any, path: str) -> Any:
    for name in path.split("."):
        record = record.get(name) if isinstance(record, Mapping) else None
    return record


def _typed(value: Any, kind: pa.DataType) -> Any:
    return str(value) if value is not None and pa.types.is_string(kind) else value


def _extra(record: Mapping[str, Any], wanted: Wanted) -> str | None:
    declared = set(wanted.scalars) | set(wanted.lists) | wanted.known
    flat = dict(record) | {f"candidate.{k}": v for k, v in record["candidate"].items()}
    left = {
        k: v
        for k, v in flat.items()
        if k not in declared and v is not None and isinstance(v, (str, int, float, bool)) and not _nan(v)
    }
    return json.dumps(left) if left else None


def _nan(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
