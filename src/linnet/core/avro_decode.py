"""Decoding: envelopes, schemas and wanted fields in; columns, untouched datums and rejects out.

A writer schema and the wanted fields are compiled once into a program (`avro_program`), which one machine
(`avro_kernel`) runs over all datums of a batch; it checks every byte and writes the columns. What it refuses is read
again by `avro_strict`, slowly, for the sentence that says why. `make bench` measures the cost.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.avro_frames import REFUSED, Framed, Headers, take_apart
from linnet.core.avro_layout import Numbers
from linnet.core.avro_message import open_message, split
from linnet.core.avro_reading import BATCH_FULL, MAX_DATUMS, Read, Run, reader
from linnet.core.avro_schema import SchemaCache, WriterSchema, writer_schema
from linnet.core.decoding import REJECT, Datums, Decoded, DecodedAlerts, Schema, Wanted
from linnet.core.failpoints import passing
from linnet.core.reasons import Reason
from linnet.errors import PacketError

_kept = threading.local()

Refusal = tuple[str, str]
"""Reason and sentence. Not the error itself: it would hold its frames, and with them the whole batch, in a circle."""

_FULL = (Reason.TOO_LARGE, f"the batch holds more than is taken at once, {MAX_DATUMS} bytes of datums")
_DISAGREE = (Reason.BAD_DATUM, "two readers disagree about it")


def decode(envelopes: pa.RecordBatch, schemas: SchemaCache, wanted: Mapping[str, Wanted]) -> Decoded:
    """Decode a batch of messages.

    Args:
        envelopes: a batch in the `ENVELOPE` schema; `value` and `topic` are read.
        schemas: the cache of the process.
        wanted: survey name -> its `fields()`.

    Returns:
        The alerts of each survey that has any, and one reject for every message that was refused as a whole. Nothing
        in a message raises.

    Raises:
        ValueError: no value of a packet can have a type that is wanted.
    """
    batch = _Batch(envelopes, schemas, wanted)
    passing("02")
    alerts = batch.alerts()
    table = pa.Table.from_pylist([dict(zip(REJECT.names, row, strict=True)) for row in batch.rejects()], REJECT)
    return Decoded(alerts, table)


def decode_datums(datums: pa.Array, schema: WriterSchema, wanted: Wanted) -> DecodedAlerts:
    """Decode bare datums of one writer schema, as the raw archive holds them.

    Args:
        datums: binary, without nulls.
        schema: their writer schema.
        wanted: the survey's `fields()`.

    Returns:
        One alert for each datum, `envelope` its number in the input, `index` 0.

    Raises:
        PacketError: a datum is invalid; what was archived once was valid, so the archive is damaged.
        ValueError: no value of a packet can have a type that is wanted.
    """
    count = len(datums)
    _, places, data = datums.buffers()
    offsets = np.frombuffer(places, np.int32)[datums.offset : datums.offset + count + 1].astype(np.int64)
    octets = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    one = np.ones(count, np.int64)
    jobs = np.stack([offsets[:-1], offsets[1:], one, np.arange(count), one * schema.shape.least], axis=1)
    ours = reader()
    layout = ours.layout(wanted)
    read = ours.read(layout, octets, jobs, [Run(0, count, ours.compiled(layout, schema))], count)
    for number in np.flatnonzero(read.errors).tolist():
        split(datums[number].as_py(), 1, schema)
        raise PacketError(*_DISAGREE)
    return DecodedAlerts(
        read.fields,
        pa.array(np.arange(count, dtype=np.int32)),
        pa.array(np.zeros(count, np.int32)),
        Datums(octets, offsets[:-1], offsets[1:]),
        _fingerprints([schema], np.zeros(count, np.int64)),
    )


def read_datum(datum: bytes, schema: WriterSchema | Schema) -> dict[str, Any]:
    """All values of one bare datum, as sent (times are the numbers that they are), strictly.

    Raises:
        PacketError: `BAD_DATUM`, `TOO_LARGE`, or `BAD_SCHEMA` where a parsed schema is given that is refused.
    """
    if not isinstance(schema, WriterSchema):
        schema = writer_schema(json.dumps(schema).encode())
    split(datum, 1, schema)
    stream = io.BytesIO(datum)
    try:
        record = fastavro.schemaless_reader(stream, schema.reader, None)
    except (ValueError, EOFError, LookupError, TypeError, OverflowError) as error:
        raise PacketError(Reason.BAD_DATUM, f"it is valid and yet not readable: {error!r}") from error
    if stream.tell() != len(datum) or not isinstance(record, dict):
        raise PacketError(Reason.BAD_DATUM, f"two readers disagree about its end: {stream.tell()} and {len(datum)}")
    return record


def _fingerprints(schemas: Sequence[WriterSchema], numbers: Numbers) -> pa.Array:
    """The fingerprint of the schema with each of these numbers; all are of the same length."""
    texts = np.array([schema.fingerprint.encode() for schema in schemas] or [b"-"])
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * texts.itemsize
    joined = texts[numbers].tobytes()
    return pa.Array.from_buffers(pa.string(), len(numbers), [None, pa.py_buffer(offsets), pa.py_buffer(joined)])


@dataclass
class _Batch:
    """What is known about one batch.

    Attributes:
        origin: per message, place in `origins`, or -1 where it is refused.
        origins: the writer schemas, each once for a topic.
        refused: message -> why, as far as that is known already.
    """

    envelopes: pa.RecordBatch
    schemas: SchemaCache
    wanted: Mapping[str, Wanted]
    framed: Framed = field(init=False)
    topics: pa.Array = field(init=False)
    origin: Numbers = field(init=False)
    origins: list[WriterSchema] = field(default_factory=list)
    refused: dict[int, Refusal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        values = self.envelopes.column("value")
        if values.null_count:
            values = pc.fill_null(values, b"")
        self.framed = take_apart(values, _headers())
        self.topics = self.envelopes.column("topic").dictionary_encode()
        self.origin = np.full(len(values), -1, np.int64)
        # A schema is looked up once for each topic on which it stands, in the order of the messages.
        sources, source = np.unique(self.framed.sources, return_inverse=True)
        topic = self.topics.indices.to_numpy()
        keys = source * len(self.topics.dictionary) + topic
        for first in np.sort(np.unique(keys, return_index=True)[1]).tolist():
            self._look_up(int(sources[source[first]]), int(topic[first]), np.flatnonzero(keys == keys[first]))

    def alerts(self) -> dict[str, DecodedAlerts]:
        """The alerts of every survey that has any."""
        surveys = list(dict.fromkeys(schema.survey or "" for schema in self.origins))
        decoded = {survey: self._survey(survey) for survey in surveys}
        return {survey: alerts for survey, alerts in decoded.items() if len(alerts)}

    def rejects(self) -> list[tuple[int, str, str]]:
        """Why messages were refused, in their order."""
        numbers = sorted({*np.flatnonzero(self.framed.sources == REFUSED).tolist(), *self.refused})
        return [(number, *(self.refused.get(number) or self._reason(number))) for number in numbers]

    def _look_up(self, source: int, topic: int, messages: Numbers) -> None:
        """Find the writer schema of these messages."""
        if source == REFUSED:
            return
        name = self.topics.dictionary[topic].as_py()
        try:
            if source < 0:
                schema = self.schemas.of_frame(-1 - source, name)
            else:
                schema = self.schemas.of_container(self.framed.headers[source].schema, name)
        except PacketError as error:
            self.refused |= dict.fromkeys(messages.tolist(), (error.reason, str(error)))
            return
        if (schema.survey or "") not in self.wanted:
            sentence = f"nobody asked for alerts of the survey {schema.survey or ''!r}"
            self.refused |= dict.fromkeys(messages.tolist(), (Reason.UNKNOWN_SCHEMA, sentence))
            return
        self.origin[messages] = len(self.origins)
        self.origins.append(schema)

    def _survey(self, survey: str) -> DecodedAlerts:
        ours = reader()
        layout = ours.layout(self.wanted[survey])
        belongs = np.array([schema.survey == survey for schema in self.origins] + [False])
        table = self.framed.blocks[belongs[self.origin[self.framed.blocks[:, 0]]]]
        origin = self.origin[table[:, 0]]
        least = np.array([schema.shape.least for schema in self.origins])[origin]
        jobs = np.ascontiguousarray(np.concatenate([table[:, 1:], table[:, :1], least[:, None]], axis=1))
        edges = [0, *(np.flatnonzero(np.diff(origin)) + 1).tolist(), len(jobs)]
        runs = [
            Run(first, last, ours.compiled(layout, self.origins[origin[first]]))
            for first, last in pairwise(edges)
            if first < last
        ]
        read = ours.read(layout, self.framed.data, jobs, runs, len(self.origin))
        for number in np.flatnonzero(read.errors).tolist():
            self.refused[number] = _FULL if read.errors[number] == BATCH_FULL else self._reason(number)
        return self._decoded(read)

    def _decoded(self, read: Read) -> DecodedAlerts:
        messages = read.rows[:, 2]
        return DecodedAlerts(
            read.fields,
            pa.array(messages.astype(np.int32)),
            pa.array(read.rows[:, 3].astype(np.int32)),
            Datums(self.framed.data, read.rows[:, 0], read.rows[:, 1]),
            _fingerprints(self.origins, self.origin[messages]),
        )

    def _reason(self, number: int) -> Refusal:
        """Why a message was refused: read again by the readers that can say it."""
        value, topic = self.envelopes.column("value")[number].as_py(), self.envelopes.column("topic")[number].as_py()
        try:
            open_message(value, topic, self.schemas)
        except PacketError as error:
            return error.reason, str(error)
        return _FULL if len(self.framed.data) > MAX_DATUMS else _DISAGREE


def _headers() -> Headers:
    if not hasattr(_kept, "headers"):
        _kept.headers = Headers()
    found: Headers = _kept.headers
    return found
