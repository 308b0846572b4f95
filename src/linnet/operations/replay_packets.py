"""Archived packets, decoded again: the raw archive's datums as alerts in the common vocabulary."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from linnet.core.avro_blocks import groups
from linnet.core.avro_decode import decode
from linnet.core.avro_schema import SchemaCache
from linnet.core.avro_segment import block, header
from linnet.core.decoding import Schema
from linnet.core.envelope import Message, envelopes
from linnet.core.ports import RawArchive
from linnet.core.survey import Survey
from linnet.errors import StorageError

CHUNK_ROWS = 500
CHUNK_BYTES = 24_000_000
SYNC = b"linnet-replay-16"

REFERENCE = ("segment", "block", "place", "length")


def replay(
    raw: RawArchive, schemas: SchemaCache, survey: Survey, rows: pa.Table
) -> Iterator[tuple[pa.Table, pa.RecordBatch]]:
    """Recorded rows in pieces, each with its alerts decoded from the untouched datums, aligned.

    Args:
        raw: where the datums are.
        schemas: cache of writer schemas.
        survey: whose alerts these are.
        rows: alert rows with the columns of `REFERENCE`.

    Raises:
        StorageError: a datum does not decode any more.
        NotFoundError: a reference leads nowhere.
    """
    for piece in _pieces(rows):
        datums = raw.read(piece.select(list(REFERENCE)))
        segments = piece.column("segment").combine_chunks().dictionary_encode()
        codes = segments.indices.to_numpy()
        parts, order = [], []
        for code, segment in enumerate(segments.dictionary.to_pylist()):
            chosen = np.flatnonzero(codes == code)
            parts.append(_decoded(raw, schemas, survey, segment, datums.take(pa.array(chosen))))
            order.append(chosen)
        whole = pa.Table.from_batches(parts).combine_chunks().to_batches()[0]
        yield piece, whole.take(pa.array(np.argsort(np.concatenate(order), kind="stable")))


def container(datum: bytes, schema: Schema) -> bytes:
    """One untouched packet as an Avro container file that any Avro tool reads."""
    return header(json.dumps(schema), "null", SYNC) + block([datum], "null", SYNC)[0]


def _pieces(rows: pa.Table) -> Iterator[pa.Table]:
    start = 0
    lengths = rows.column("length").to_numpy()
    while start < rows.num_rows:
        within = np.cumsum(lengths[start : start + CHUNK_ROWS]) <= CHUNK_BYTES
        many = max(1, int(np.count_nonzero(within)))
        yield rows.slice(start, many)
        start += many


def _decoded(raw: RawArchive, schemas: SchemaCache, survey: Survey, segment: str, datums: pa.Array) -> pa.RecordBatch:
    """Datums of one segment, put into one container and decoded on the way that every packet takes."""
    values = datums.to_pylist()
    text = json.dumps(raw.schema(segment))
    blocks = [block([values[i] for i in group], "null", SYNC)[0] for group in groups([len(v) for v in values])]
    message = Message(header(text, "null", SYNC) + b"".join(blocks), topic=segment)
    decoded = decode(envelopes([message]), schemas, {survey.name: survey.fields()})
    if decoded.rejects.num_rows or survey.name not in decoded.alerts:
        detail = decoded.rejects.column("detail").to_pylist()
        raise StorageError(f"archived packets of {segment} do not decode any more: {'; '.join(detail) or 'no survey'}")
    return survey.columns(decoded.alerts[survey.name].fields)
