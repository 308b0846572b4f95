"""The real Kafka that other tests use: it starts, forgets nothing when it is killed, and knows its users."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

import services
from kafka_server import PASSWORD, USER, KafkaServer

SCRIPT = Path(services.__file__)


def _fetch(*names: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *names],
        env={**os.environ, "LINNET_SERVICES": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_what_was_fetched_is_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINNET_SERVICES", str(tmp_path))
    services.jars("kafka").mkdir()
    before = time.monotonic()
    assert services.fetch("kafka") == services.jars("kafka")
    assert time.monotonic() - before < 1
    assert services.missing("kafka") is None


def test_a_service_that_is_not_there_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINNET_SERVICES", str(tmp_path / "none"))
    why = services.missing("kafka")
    assert why is not None
    assert "make services" in why
    done = _fetch("zookeeper", folder=tmp_path)
    assert done.returncode != 0
    assert done.stderr.strip() == "no service zookeeper; there are kafka"


def test_a_killed_broker_keeps_what_it_acknowledged(kafka: KafkaServer) -> None:
    kafka.create("kept", 2)
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "acks": "all", "log_level": 0})
    for number in range(100):
        producer.produce("kept", str(number).encode(), partition=number % 2)
    assert producer.flush(20) == 0
    before = kafka.pid
    kafka.restart()
    assert kafka.pid != before
    found = _values(kafka, {"bootstrap.servers": kafka.bootstrap}, "kept", 2, 100)
    assert sorted(map(int, found)) == list(range(100))


@pytest.mark.parametrize("tls", [False, True])
def test_users_have_passwords(kafka: KafkaServer, tls: bool) -> None:
    secured = {"sasl.mechanisms": "SCRAM-SHA-512", "sasl.username": USER, "sasl.password": PASSWORD}
    where = {"bootstrap.servers": kafka.with_password, "security.protocol": "SASL_PLAINTEXT"}
    if tls:
        trusted = {"ssl.ca.location": str(kafka.certificate)}
        where = {"bootstrap.servers": kafka.with_tls, "security.protocol": "SASL_SSL", **trusted}
    topic = f"secret-{tls}"
    kafka.create(topic)
    producer = Producer({**where, **secured, "log_level": 0})
    producer.produce(topic, b"word")
    assert producer.flush(20) == 0
    kafka.add_user("bob", "another")
    later = {"sasl.username": "bob", "sasl.password": "another"}
    assert _values(kafka, {**where, **secured, **later}, topic, 1, 1) == [b"word"]


def _values(kafka: KafkaServer, config: dict[str, str], topic: str, partitions: int, count: int) -> list[bytes]:
    consumer = Consumer({**config, "group.id": "alice-test", "enable.auto.commit": False, "log_level": 0})
    consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
    found: list[bytes] = []
    end = time.monotonic() + 20
    while len(found) < count and time.monotonic() < end:
        found += [m.value() or b"" for m in consumer.consume(count, 0.5) if m.error() is None]
    consumer.close()
    return found
