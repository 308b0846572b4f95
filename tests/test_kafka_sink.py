"""Matches as Kafka messages: read back by a plain consumer."""

from __future__ import annotations

import io
import json
import pickle
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import fastavro
import pyarrow as pa
import pytest
from confluent_kafka import Consumer, TopicPartition

from fake_registry import FakeRegistry, serving
from kafka_server import KafkaServer, free_ports
from kafka_topics import plain, secured
from linnet.adapters.kafka_access import KafkaAccess
from linnet.adapters.kafka_sink import KafkaSink
from linnet.adapters.schema_registry import SchemaRegistry
from linnet.core.json_rows import rows
from linnet.core.message_avro import fingerprint, record_schema
from linnet.errors import DeliveryError


def _batch(first: int, count: int, names: tuple[str, ...]) -> pa.RecordBatch:
    numbers = range(first, first + count)
    return pa.record_batch(
        {
            "dedup_id": [f"ztf:{2**53 + n}:{names[n % len(names)]}:3" for n in numbers],
            "filter": [names[n % len(names)] for n in numbers],
            "version": pa.array([3] * count, pa.int32()),
            "seq": pa.array(numbers, pa.int64()),
            "survey": pa.array(["ztf"] * count).dictionary_encode(),
            "alert_id": pa.array([2**53 + n for n in numbers], pa.int64()),
            "object_id": [None if n % 5 == 4 else f"ZTF18aaaaaa{chr(97 + n % 3)}" for n in numbers],
            "ra": pa.array([150.1234567890123] * count, pa.float64()),
            "dec": pa.array([None] * count, pa.float64()),
            "mag": pa.array([18.2] * count, pa.float32()),
        }
    )


@dataclass(frozen=True)
class Got:
    """One message as a reader has it."""

    partition: int
    key: str
    headers: dict[str, str]
    value: bytes


def _read(kafka: KafkaServer, topic: str) -> Iterator[Got]:
    """All messages of a topic, by partition."""
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "reader", "log_level": 0})
    numbers = sorted(kafka.admin().list_topics(topic, timeout=10).topics[topic].partitions)
    for number in numbers:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
        consumer.assign([TopicPartition(topic, number, low)])
        end = time.monotonic() + 20
        while low < high and time.monotonic() < end:
            message = consumer.poll(0.5)
            if message is not None and message.error() is None:
                low += 1
                pairs: Any = message.headers()
                headers = {name: value.decode() for name, value in pairs}
                yield Got(number, (message.key() or b"").decode(), headers, message.value() or b"")
    consumer.close()


def test_each_filter_has_a_topic_whose_headers_say_what_the_value_says(kafka: KafkaServer) -> None:
    sink = KafkaSink(secured(kafka), prefix="json.", partitions=3)
    writer = pickle.loads(pickle.dumps(sink)).open()  # noqa: S301 - our own bytes
    batch = _batch(0, 40, ("snia", "moving"))
    writer.write(batch)
    writer.write(batch.slice(0, 0))
    writer.flush()
    got = [each for name in ("snia", "moving") for each in _read(kafka, f"json.{name}")]
    assert {each.headers["dedup-id"]: json.loads(each.value) for each in got} == {
        row["dedup_id"]: row for row in rows(batch)
    }
    for each in got:
        row = json.loads(each.value)
        assert each.headers == {
            "dedup-id": row["dedup_id"],
            "survey": "ztf",
            "object-id": row["object_id"] or "",
            "alert-id": row["alert_id"],
            "ra": "150.1234567890123",
            "dec": "",
            "filter": row["filter"],
            "filter-version": "3",
            "schema-id": fingerprint(record_schema(batch.schema)).hex(),
        }
        assert each.key == (f"ztf:{row['object_id']}" if row["object_id"] else row["dedup_id"])
    assert len({(each.partition, each.key) for each in got}) == len({each.key for each in got})
    assert len({each.partition for each in got}) > 1
    writer.close()
    writer.close()


def test_avro_is_framed_with_the_id_of_a_registry_that_reads_it_back(kafka: KafkaServer) -> None:
    batch = _batch(0, 10, ("snia", "moving"))
    with serving(FakeRegistry({41: "{}"})) as registry:
        sink = KafkaSink(plain(kafka), "avro.", "avro", SchemaRegistry(registry.url))
        writer = sink.open()
        writer.write(batch)
        writer.close()
        assert registry.subjects == {"avro.snia-value": [42], "avro.moving-value": [42]}
        schema = json.loads(registry.schemas[42])
    got = [each for name in ("snia", "moving") for each in _read(kafka, f"avro.{name}")]
    assert {each.headers["schema-id"] for each in got} == {"42"}
    assert {each.value[:5] for each in got} == {b"\0\0\0\0\x2a"}
    read: list[Any] = [fastavro.schemaless_reader(io.BytesIO(each.value[5:]), schema, None) for each in got]
    assert sorted(row["seq"] for row in read) == list(range(10))
    assert {row["alert_id"] - row["seq"] for row in read} == {2**53}


def test_avro_without_a_registry_is_a_single_object(kafka: KafkaServer) -> None:
    batch = _batch(0, 2, ("snia",))
    writer = KafkaSink(plain(kafka), "single.", "avro").open()
    writer.write(batch)
    writer.close()
    schema = record_schema(batch.schema)
    for each in _read(kafka, "single.snia"):
        assert each.value[:10] == b"\xc3\x01" + fingerprint(schema)
        assert each.headers["schema-id"] == fingerprint(schema).hex()
        row: Any = fastavro.schemaless_reader(io.BytesIO(each.value[10:]), json.loads(schema), None)
        assert row["dedup_id"] == each.headers["dedup-id"]


def test_what_kafka_did_not_take_is_told_and_goes_through_when_it_is_back(kafka: KafkaServer) -> None:
    writer = KafkaSink(plain(kafka), "down.", timeout=2).open()
    writer.write(_batch(0, 3, ("snia",)))
    writer.flush()
    kafka.kill()
    writer.write(_batch(3, 3, ("snia",)))
    with pytest.raises(DeliveryError, match=r"^Kafka at 127\S+ did not take 3 of 3 messages: .*timed out"):
        writer.flush()
    writer.flush()
    kafka.start()
    writer.write(_batch(3, 3, ("snia",)))
    writer.close()
    got = [json.loads(each.value)["seq"] for each in _read(kafka, "down.snia")]
    assert set(got) == {str(n) for n in range(6)}


def test_a_kafka_that_is_away_or_a_registry_that_is_down_is_one_clear_line(kafka: KafkaServer) -> None:
    kafka_port, registry_port = free_ports(2)
    away = KafkaSink(KafkaAccess(f"127.0.0.1:{kafka_port}", patience=1)).open()
    with pytest.raises(DeliveryError, match=r"^nothing was delivered: no Kafka answers at"):
        away.write(_batch(0, 1, ("snia",)))
    away.close()
    down = SchemaRegistry(f"http://127.0.0.1:{registry_port}")
    writer = KafkaSink(plain(kafka), "unregistered.", "avro", down).open()
    with pytest.raises(DeliveryError, match=r"^nothing was delivered: the schema registry .* cannot be reached"):
        writer.write(_batch(0, 1, ("snia",)))
    writer.close()


def test_a_message_that_is_too_large_is_named(kafka: KafkaServer) -> None:
    batch = _batch(0, 1, ("snia",))
    huge = batch.append_column("note", pa.array(["x" * 9_000_000]))
    writer = KafkaSink(plain(kafka), "huge.").open()
    with pytest.raises(DeliveryError, match=r"does not take the message ztf:9007199254740992:snia:3: .*too large"):
        writer.write(huge)
    writer.close()


def test_names_of_topics() -> None:
    sink = KafkaSink(KafkaAccess("127.0.0.1:1"))
    assert sink.topic("young_and_rising") == "linnet.young_and_rising"
    assert sink.topic("a b/~\u00e9") == "linnet.a-20b-2F-7E-C3-A9"
