"""Real packets as measurements want them: bare datums of one writer schema each, out of a folder of survey packets.

The folder (`LINNET_TEST_DATA`) holds folders `ztf` and `lsst`; LSST alerts with long histories lie there as Parquet
rows and are written here in the official schema.
"""

from __future__ import annotations

import io
import json
import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import fastavro
import pyarrow.parquet as pq

from linnet.core.avro_container import MAGIC, blocks, header
from linnet.core.avro_message import split
from linnet.core.avro_schema import SchemaCache, WriterSchema, writer_schema
from linnet.surveys.lsst.schemas import carried

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # Parquet's naive times
LSST_FOLDERS = tuple(f"lsst/fink-v10_0-parquet-{end}" for end in ("20260101", "20260310", "trails"))
LSST_VERSIONS = ((10, 0), (11, 1))
SHORT, LONG = (0, 10), (100, 10_000)
"""Numbers of previous sources, the upper one excluded."""


@dataclass(frozen=True)
class Packets:
    """Datums of one kind.

    Attributes:
        key: for a figure's id. about: what they are, for a person.
        survey: whose.
        schema: their writer schema.
        datums: different ones.
    """

    key: str
    about: str
    survey: str
    schema: WriterSchema
    datums: tuple[bytes, ...]


def real_packets() -> Iterator[Packets]:
    """Every kind that is there; none without the folder."""
    named = os.environ.get("LINNET_TEST_DATA", "")
    folder = Path(named)
    if not named or not (folder / "ztf").is_dir():
        return
    for key, about, *names in (
        ("ztf_now", "real ZTF packets as sent now, v4.02", "ztf/boom", "ztf/pittgoogle-client"),
        ("ztf_field", "real ZTF packets of one field, v3.3", "ztf/alerce-lc_correction-20200330"),
        ("ztf_long", "real ZTF packets with long histories, v4.01", "ztf/kowalski-20231012"),
    ):
        yield Packets(key, about, "ztf", *_sent(folder, names))
    records = [record for name in LSST_FOLDERS for record in _rows(folder / name)]
    for key, about, (least, most) in (
        ("lsst_short", "real LSST alerts as first sent", SHORT),
        ("lsst_long", "real LSST alerts with long histories", LONG),
    ):
        chosen = [record for record in records if least <= len(record["prvDiaSources"] or ()) < most]
        for major, minor in LSST_VERSIONS:
            yield Packets(
                f"{key}_v{major}", f"{about}, v{major}.{minor}", "lsst", *_written(chosen, carried(major, minor))
            )


def _sent(folder: Path, names: Iterable[str]) -> tuple[WriterSchema, tuple[bytes, ...]]:
    """Datums of the most common schema in these folders."""
    cache = SchemaCache([])
    found: list[tuple[WriterSchema, bytes]] = []
    for path in sorted(path for name in names for path in (folder / name).glob("*.avro")):
        data = path.read_bytes()
        if data.startswith(MAGIC):
            head = header(data)
            schema = cache.known(head.schema)
            found += [
                (schema, datum) for block in blocks(data, head) for datum in split(block.data, block.count, schema)
            ]
    (fingerprint, _), *_ = Counter(schema.fingerprint for schema, _ in found).most_common()
    kept = [(schema, datum) for schema, datum in found if schema.fingerprint == fingerprint]
    return kept[0][0], tuple(datum for _, datum in kept)


def _rows(folder: Path) -> list[dict[str, Any]]:
    return [record for path in sorted(folder.glob("*.parquet")) for record in pq.read_table(path).to_pylist()]


def _written(records: Iterable[Mapping[str, Any]], parsed: Mapping[str, Any]) -> tuple[WriterSchema, tuple[bytes, ...]]:
    """Records as datums of a schema: what it lacks is left out, what they lack is null or its default."""
    text = json.dumps(parsed)
    ready = fastavro.parse_schema(json.loads(text))
    named: dict[str, Any] = {}
    datums = []
    for record in records:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, ready, _fitting(record, json.loads(text), named))
        datums.append(out.getvalue())
    return writer_schema(text.encode()), tuple(datums)


def _fitting(value: Any, kind: Any, named: dict[str, Any]) -> Any:
    """A value that a type can hold."""
    if isinstance(kind, list):
        inner = next(part for part in kind if part != "null")
        return None if value is None else _fitting(value, inner, named)
    if isinstance(kind, str) and kind in named:
        kind = named[kind]
    if isinstance(kind, dict) and kind["type"] == "record":
        named[kind["name"]] = named[kind.get("namespace", "lsst") + "." + kind["name"]] = kind
        inside = value or {}
        return {field["name"]: _fitting(inside.get(field["name"]), field["type"], named) for field in kind["fields"]}
    if isinstance(kind, dict) and kind["type"] == "array":
        return [_fitting(item, kind["items"], named) for item in value or ()]
    return _plain(value, kind if isinstance(kind, str) else kind["type"])


def _plain(value: Any, kind: str) -> Any:
    if isinstance(value, datetime):
        value = int((value - EPOCH).total_seconds() * 1e6)
    if kind in {"int", "long"}:
        return int(value) if value is not None and math.isfinite(value) else 0
    zeros: dict[str, Any] = {"float": 0.0, "double": 0.0, "boolean": False, "string": "", "bytes": b""}
    return zeros[kind] if value is None else value
