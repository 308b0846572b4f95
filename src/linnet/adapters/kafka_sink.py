"""Matches as Kafka messages: one topic for every filter, with headers that tell a reader what to drop undecoded."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from linnet.adapters.kafka_access import KafkaAccess, Watch, client, told, words
from linnet.adapters.kafka_topics import make_topics
from linnet.core.failpoints import passing
from linnet.core.json_rows import lines, values
from linnet.core.message_avro import datums, fingerprint, frame, record_schema
from linnet.core.schema_lookup import SchemaRegister, SchemaRegisterDescription
from linnet.errors import DeliveryError, ServiceError

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer

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

Headers = list[tuple[str, str | bytes | None]]

LARGEST = 8 * 1024 * 1024
"""Bytes of a message."""


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
        self._producer: Producer | None = None
        self._registry: SchemaRegister | None = None if about.registry is None else about.registry.open()
        self._topics: set[str] = set()
        self._sent = 0
        self._failed: list[str] = []

    def write(self, batch: pa.RecordBatch) -> None:
        """Hand rows over to the client, each to the topic of its `filter`.

        Raises:
            DeliveryError: Kafka or the registry cannot be reached, or refuses; nothing since the last flush counts.
        """
        if batch.num_rows == 0:
            return
        try:
            producer = self._connected()
            names = pc.unique(batch.column("filter")).to_pylist()
            self._make(sorted({self._about.topic(name) for name in names} - self._topics))
            for name in names:
                rows = batch.filter(pc.equal(batch.column("filter"), name))
                self._send(producer, self._about.topic(name), rows)
        except DeliveryError:
            self._begin_anew()
            raise
        except ServiceError as error:
            self._begin_anew()
            raise DeliveryError(f"nothing was delivered: {error}") from error

    def flush(self) -> None:
        """Return when every message is acknowledged by all replicas.

        Raises:
            DeliveryError: one is not; nothing since the last flush counts as sent.
        """
        if self._producer is None:
            return
        left = self._producer.flush(self._about.timeout + 5.0)
        sent, failed, self._sent, self._failed = self._sent, self._failed, 0, []
        if left or failed:
            self._begin_anew()
            why = failed[0] if failed else "no answer"
            raise DeliveryError(
                f"Kafka at {self._about.access.bootstrap} did not take {left + len(failed)} of {sent} messages: {why}"
            )

    def close(self) -> None:
        """Flush and let go. May be called twice.

        Raises:
            DeliveryError: not every message is acknowledged.
        """
        try:
            self.flush()
        finally:
            self._begin_anew()
            if self._registry is not None:
                self._registry.close()

    def _connected(self) -> Producer:
        if self._producer is None:
            settings = {
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": 5,
                "compression.type": "zstd",
                "message.max.bytes": LARGEST,
                "delivery.timeout.ms": int(self._about.timeout * 1000),
            }
            access = self._about.access
            self._producer = client("Producer", access, Watch(access), settings)
        return self._producer

    def _make(self, topics: list[str]) -> None:
        if topics:
            make_topics(self._about.access, topics, self._about.partitions, self._about.replication)
            self._topics.update(topics)

    def _send(self, producer: Producer, topic: str, rows: pa.RecordBatch) -> None:
        import confluent_kafka

        bodies, schema_id = self._bodies(topic, rows)
        for body, headers, key in zip(bodies, _headers(rows, schema_id), _keys(rows), strict=True):
            send = partial(producer.produce, topic, body, key, headers=headers, on_delivery=self._delivered)
            try:
                _patiently(producer, send, self._about.timeout)
            except (confluent_kafka.KafkaException, BufferError) as error:
                name = str(headers[0][1])
                raise DeliveryError(f"Kafka does not take the message {name}: {told(error)}") from error
            self._sent += 1
            passing("08")
        producer.poll(0)

    def _bodies(self, topic: str, rows: pa.RecordBatch) -> tuple[list[bytes], str]:
        """The values of the messages, and what names their schema."""
        schema = record_schema(rows.schema)
        if self._about.form == "json":
            return [line.encode() for line in lines(rows)], fingerprint(schema).hex()
        number = None if self._registry is None else self._registry.register(f"{topic}-value", schema)
        head = frame(number, schema)
        return [head + each for each in datums(rows, schema)], str(number or fingerprint(schema).hex())

    def _delivered(self, error: KafkaError | None, _message: object) -> None:
        if error is not None:
            self._failed.append(words(error))

    def _begin_anew(self) -> None:
        """Forget the client and what it still holds: what counts is sent again."""
        producer, self._producer = self._producer, None
        self._topics.clear()
        self._sent, self._failed = 0, []
        if producer is not None:
            producer.purge()
            producer.poll(0)
            self._failed = []


def _patiently(producer: Producer, send: Callable[[], None], timeout: float) -> None:
    """Send; where the client's queue is full, wait until it has room."""
    end = time.monotonic() + timeout
    while True:
        try:
            return send()
        except BufferError:
            if time.monotonic() > end:
                raise
            producer.poll(0.1)


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
