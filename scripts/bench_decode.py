"""CPU per alert of decoding to Arrow, beside fastavro's schemaless reader on the same datums in the same run.

    python scripts/bench_decode.py PACKETS

PACKETS holds folders `ztf` and `lsst` of alert packets, those of `lsst` with long histories as Parquet, which are
written here in the official schema. Figures are CPU microseconds per alert, the least of several turns; on a busy
machine only the ratios hold. The columns are those that the broker asks for.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

from linnet.app import wiring
from linnet.core.avro_container import MAGIC, blocks, header
from linnet.core.avro_decode import decode, decode_datums
from linnet.core.avro_message import split
from linnet.core.avro_schema import SchemaCache, WriterSchema, writer_schema
from linnet.core.envelope import Message, envelopes
from linnet.surveys.lsst.schemas import carried

TURNS = 7
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # Parquet's naive times


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packets", type=Path)
    parser.add_argument("--batch", type=int, nargs="*", default=[256, 1000])
    arguments = parser.parse_args()
    row = "{:30} {:>7} {:>9} {:>9} {:>6} {:>9} {:>7} {:>9} {:>7}"
    print(row.format("packets", "differ", "KB", "fastavro", "batch", "datums", "ratio", "messages", "ratio"))
    for name, survey, schema, datums in _cases(arguments.packets):
        yardstick = _fastavro(schema, datums)
        size = f"{sum(map(len, datums)) / len(datums) / 1000:.0f}"
        for batch in arguments.batch:
            bare, whole = _ours(survey, schema, [datums[n % len(datums)] for n in range(batch)])
            figures = [f"{bare:.2f}", f"{yardstick / bare:.0f}", f"{whole:.2f}", f"{yardstick / whole:.0f}"]
            print(row.format(name, len(datums), size, f"{yardstick:.0f}", batch, *figures))


def _cases(folder: Path) -> Iterable[tuple[str, str, WriterSchema, list[bytes]]]:
    yield "ztf, as sent now (v4.02)", "ztf", *_sent(folder, "ztf/boom", "ztf/pittgoogle-client")
    yield "ztf, one field (v3.3)", "ztf", *_sent(folder, "ztf/alerce-lc_correction-20200330")
    yield "ztf, long histories (v4.01)", "ztf", *_sent(folder, "ztf/kowalski-20231012")
    names = [f"lsst/fink-v10_0-parquet-{end}" for end in ("20260101", "20260310", "trails")]
    records = [record for name in names for record in _parquet(folder / name)]
    for title, least, most in (("lsst, as first sent", 0, 10), ("lsst, long histories", 100, 10_000)):
        for version in ((10, 0), (11, 1)):
            chosen = [record for record in records if least <= len(record["prvDiaSources"] or ()) < most]
            yield f"{title} (v{version[0]}.{version[1]})", "lsst", *_written(chosen, carried(*version))


def _sent(folder: Path, *names: str) -> tuple[WriterSchema, list[bytes]]:
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
    return kept[0][0], [datum for _, datum in kept]


def _parquet(folder: Path) -> list[dict[str, Any]]:
    return [record for path in sorted(folder.glob("*.parquet")) for record in pq.read_table(path).to_pylist()]


def _written(records: Iterable[Mapping[str, Any]], parsed: Mapping[str, Any]) -> tuple[WriterSchema, list[bytes]]:
    """Records as datums of a schema: what it lacks is left out, what they lack is null or its default."""
    schema = writer_schema(json.dumps(parsed).encode())
    ready = fastavro.parse_schema(json.loads(json.dumps(parsed)))
    named: dict[str, Any] = {}
    datums = []
    for record in records:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, ready, _fitting(record, json.loads(json.dumps(parsed)), named))
        datums.append(out.getvalue())
    return schema, datums


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
    if kind in ("int", "long"):
        return int(value) if value is not None and math.isfinite(value) else 0
    zeros: dict[str, Any] = {"float": 0.0, "double": 0.0, "boolean": False, "string": "", "bytes": b""}
    return zeros[kind] if value is None else value


def _fastavro(schema: WriterSchema, datums: list[bytes]) -> float:
    ready = fastavro.parse_schema(json.loads(schema.json_text))
    return _least(lambda: [fastavro.schemaless_reader(io.BytesIO(datum), ready, None) for datum in datums], 3) / len(
        datums
    )


def _ours(survey: str, schema: WriterSchema, datums: list[bytes]) -> tuple[float, float]:
    """Of bare datums, and of the same in containers with everything around them."""
    wanted = {each.name: each.fields() for each in wiring.surveys()}
    column = pa.array(datums, pa.binary())
    bare = _least(lambda: decode_datums(column, schema, wanted[survey]), TURNS)
    batch = envelopes([Message(_container(schema, datum), "stream") for datum in datums])
    schemas = SchemaCache(wiring.surveys())
    whole = _least(lambda: decode(batch, schemas, wanted), TURNS)
    return bare / len(datums), whole / len(datums)


def _container(schema: WriterSchema, datum: bytes) -> bytes:
    from linnet.core.avro_segment import block
    from linnet.core.avro_segment import header as head

    sync = bytes(range(16))
    return head(schema.json_text, "null", sync) + block([datum], "null", sync)[0]


def _least(work: Callable[[], object], turns: int) -> float:
    """CPU microseconds of the cheapest of several turns."""
    work()
    least = math.inf
    for _ in range(turns):
        started = time.process_time()
        work()
        least = min(least, time.process_time() - started)
    return 1e6 * least


if __name__ == "__main__":
    main()
