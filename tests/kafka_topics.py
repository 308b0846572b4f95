"""What tests do with a topic of a real Kafka: fill it, read it with a reader of ours."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import pyarrow as pa
from confluent_kafka import Producer

from kafka_server import PASSWORD, USER, KafkaServer
from linnet.adapters.kafka_access import KafkaAccess
from linnet.core.envelope import ENVELOPE
from linnet.core.ports import OpenSource


def plain(kafka: KafkaServer) -> KafkaAccess:
    """Access without a password."""
    return KafkaAccess(kafka.bootstrap)


def secured(kafka: KafkaServer, *, tls: bool = False) -> KafkaAccess:
    """Access with the user that every broker of the tests knows."""
    if tls:
        return KafkaAccess(kafka.with_tls, USER, PASSWORD, tls=True, authority=kafka.certificate)
    return KafkaAccess(kafka.with_password, USER, PASSWORD)


def fill(kafka: KafkaServer, topic: str, values: Iterable[bytes | None], partitions: int = 1, first: int = 0) -> None:
    """Send values to the partitions in turn, each with its number as its key, and return when all are acknowledged."""
    settings = {"acks": "all", "log_level": 0, "linger.ms": 5, "message.max.bytes": 8_000_000}
    producer = Producer({"bootstrap.servers": kafka.bootstrap, **settings})
    for number, value in enumerate(values, first):
        producer.produce(topic, value, key=b"%d" % number, partition=number % partitions)
        producer.poll(0)
    assert producer.flush(30) == 0


def read(reader: OpenSource, count: int, limit: int = 1000, seconds: float = 30.0) -> pa.Table:
    """What a reader gives until there are so many messages; fails where they do not come in time."""
    got: list[pa.RecordBatch] = []
    end = time.monotonic() + seconds
    while sum(batch.num_rows for batch in got) < count:
        assert time.monotonic() < end, f"{sum(batch.num_rows for batch in got)} of {count} messages came"
        batch = reader.next_batch(limit)
        assert batch is not None
        assert batch.num_rows <= limit
        got.append(batch)
    return pa.Table.from_batches(got, ENVELOPE)


def quiet(reader: OpenSource, seconds: float = 1.0) -> bool:
    """Whether nothing comes for so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        batch = reader.next_batch(1000)
        if batch is not None and batch.num_rows:
            return False
    return True


def until_read(reader: OpenSource, holds: Callable[[], bool], seconds: float = 20.0) -> pa.Table:
    """Read until something holds; gives what came meanwhile."""
    got: list[pa.RecordBatch] = []
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        batch = reader.next_batch(1000)
        assert batch is not None
        got.append(batch)
    return pa.Table.from_batches(got, ENVELOPE)
