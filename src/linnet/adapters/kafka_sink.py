"""Matches as Kafka messages: one topic for every filter, with headers that tell a reader what to drop undecoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from linnet.adapters.kafka_access import KafkaAccess
from linnet.adapters.kafka_topics import make_topics
from linnet.adapters.kafka_writer import Headers, KafkaWriter
from linnet.core.failpoints import passing
from linnet.core.json_lines import lines
from linnet.core.json_rows import values
from linnet.core.message_avro import datums, fingerprint, frame, record_schema
from linnet.core.schema_lookup import SchemaRegister, SchemaRegisterDescription
from linnet.errors import DeliveryError, ServiceError

HEADERS = {
    "dedup-id": "dedup_id",
    "survey": "survey",
    "object-id": "object_id",
    "alert-id": "alert_id",
    "ra": "ra",
    "dec": "dec",
    "filter": "filter",
    "filter-version": "version",
}
"""Header -> the column that it repeats, as text in the form of JSON; empty where that is null. Besides them there is
`schema-id`: the registry's id of the schema, or the hexadecimal fingerprint that single object encoding has."""


@dataclass(frozen=True)
class KafkaSink:
    """Topics `PREFIX + FILTER`. After a crash messages may be there twice; `dedup-id` tells.

    Messages of one object go to one partition, in their order.

    Attributes:
        access: where, and as whom.
        form: of the values: JSON as in files of JSON lines, or Avro (`linnet.core.message_avro`).
        registry: who gives ids to schemas; None: single object encoding.
        partitions, replication: of topics that are made; a topic that is there stays as it is.
        timeout: seconds until a message that was not acknowledged counts as not sent.
    """

    access: KafkaAccess
    prefix: str = "linnet."
    form: Literal["json", "avro"] = "json"
    registry: SchemaRegisterDescription | None = None
    partitions: int = 1
    replication: int = 1
    timeout: float = 30.0

    def open(self) -> OpenKafkaSink:
        """Ready to be written to; Kafka is reached with the first row.

        Raises:
            ConfigError: a package is missing.
        """
        return OpenKafkaSink(self)

    def topic(self, name: str) -> str:
        """The topic of a filter. A character that Kafka does not take stands there as -XX."""
        return self.prefix + quote(name, safe="").replace("%", "-").replace("~", "-7E")


class OpenKafkaSink:
    """A connected writer. Not for use from several threads at once."""

    def __init__(self, about: KafkaSink) -> None:
        self._about = about
        self._writer: KafkaWriter | None = None
        self._registry: SchemaRegister | None = None if about.registry is None else about.registry.open()
        self._topics: set[str] = set()

    def write(self, batch: pa.RecordBatch) -> None:
        """Hand rows over to the client, each to the topic of its `filter`.

        Raises:
            DeliveryError: Kafka or the registry cannot be reached, or refuses; nothing since the last flush counts.
        """
        if batch.num_rows == 0:
            return
        try:
            names = pc.unique(batch.column("filter")).to_pylist()
            writer = self._connected({self._about.topic(name) for name in names})
            for name in names:
                self._send(writer, self._about.topic(name), batch.filter(pc.equal(batch.column("filter"), name)))
        except DeliveryError:
            self._drop()
            raise
        except ServiceError as error:
            self._drop()
            raise DeliveryError(f"nothing was delivered: {error}") from error

    def flush(self) -> None:
        """Return when every message is acknowledged by all replicas.

        Raises:
            DeliveryError: one is not; nothing since the last flush counts as sent.
        """
        if self._writer is None:
            return
        try:
            self._writer.flush()
        except DeliveryError:
            self._drop()
            raise

    def close(self) -> None:
        """Flush and let go. May be called twice.

        Raises:
            DeliveryError: not every message is acknowledged.
        """
        try:
            self.flush()
        finally:
            self._drop()
            if self._registry is not None:
                self._registry.close()

    def _connected(self, topics: set[str]) -> KafkaWriter:
        """Connected, with these topics there."""
        about = self._about
        if self._writer is None:
            self._writer = KafkaWriter(about.access, about.timeout)
        if topics - self._topics:
            make_topics(about.access, sorted(topics - self._topics), about.partitions, about.replication)
            self._topics |= topics
        return self._writer

    def _send(self, writer: KafkaWriter, topic: str, rows: pa.RecordBatch) -> None:
        bodies, schema_id = self._bodies(topic, rows)
        for body, key, headers in zip(bodies, _keys(rows), _headers(rows, schema_id), strict=True):
            writer.send(topic, body, key.encode(), headers)
            passing("08")
        writer.serve()

    def _bodies(self, topic: str, rows: pa.RecordBatch) -> tuple[list[bytes], str]:
        """The values of the messages, and what names their schema."""
        schema = record_schema(rows.schema)
        if self._about.form == "json":
            return lines(rows), fingerprint(schema).hex()
        number = None if self._registry is None else self._registry.register(f"{topic}-value", schema)
        head = frame(number, schema)
        return [head + each for each in datums(rows, schema)], str(number or fingerprint(schema).hex())

    def _drop(self) -> None:
        """Let go of the client with what it still holds: what counts is sent again, to topics that may be gone."""
        writer, self._writer = self._writer, None
        self._topics.clear()
        if writer is not None:
            writer.drop()


def _headers(rows: pa.RecordBatch, schema_id: str) -> list[Headers]:
    columns = {header: _texts(rows, column) for header, column in HEADERS.items()}
    columns["schema-id"] = [schema_id] * rows.num_rows
    return [list(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _keys(rows: pa.RecordBatch) -> list[str]:
    """What decides the partition: the object, or the message itself where there is none."""
    named = zip(*(_texts(rows, name) for name in ("survey", "object_id", "dedup_id")), strict=True)
    return [f"{survey}:{object_id}" if object_id else dedup_id for survey, object_id, dedup_id in named]


def _texts(rows: pa.RecordBatch, column: str) -> list[str]:
    if column not in rows.schema.names:
        return [""] * rows.num_rows
    return ["" if value is None else str(value) for value in values(rows.column(column), column)]
