"""`linnet run` on a real Kafka, as a process: from append to delivery, across kills and restarts."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer

from future_lsst import sent
from kafka_server import KafkaServer
from kafka_topics import fill
from linnet.errors import LinnetError
from live_home import LiveHome, killed, stop, until
from processes import start

TOPIC, PARTITIONS = "lsst-alerts-live", 45
EVERYTHING = ("everything", "alert_id is not null")


@contextmanager
def broker(home: LiveHome, kafka: KafkaServer, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`linnet run` on the topic."""
    process = start("run", f"kafka:{TOPIC}", "--home", home.path, *arguments, LINNET_KAFKA_BOOTSTRAP=kafka.bootstrap)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def begun(home: LiveHome) -> int:
    """Messages behind which the broker would go on; none while it makes its store."""
    try:
        return home.committed()
    except LinnetError:
        return 0


def messages(kafka: KafkaServer, topic: str, count: int) -> list[tuple[dict[str, str], dict[str, Any]]]:
    """Headers and JSON of the messages of a topic, until so many different ones have come: a kill sends some twice."""
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "reader", "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    found: list[tuple[dict[str, str], dict[str, Any]]] = []
    try:
        for _ in range(300):
            message = consumer.poll(0.1)
            if message is not None and message.error() is None:
                pairs = dict(message.headers() or [])
                headers = {n: v.decode() for n, v in pairs.items() if isinstance(v, bytes)}
                found.append((headers, json.loads(message.value() or b"")))
            if len({headers["dedup-id"] for headers, _ in found}) >= count:
                break
    finally:
        consumer.close()
    return found


def test_a_topic_is_followed_across_kills_and_every_match_arrives(kafka: KafkaServer, tmp_path: Path) -> None:
    home = LiveHome.make(tmp_path)
    kafka.create(TOPIC, PARTITIONS)
    values = sent(90)
    fill(kafka, TOPIC, values[:30], PARTITIONS)
    for arguments in (
        ("filter", "add", *EVERYTHING, "--topic", "all"),
        ("route", "add", "out", "--sink", f"kafka:{kafka.bootstrap}"),
    ):
        added = start(*arguments, "--home", home.path)
        told, _ = added.communicate(timeout=60)
        assert added.returncode == 0, told
    with broker(home, kafka) as process:
        until(lambda: begun(home) >= 30, process)
        fill(kafka, TOPIC, [*values[30:60], *values[:5]], PARTITIONS, first=30)
        until(lambda: home.committed() >= 40, process)
        process.kill()
        assert killed(process)
    with broker(home, kafka) as process:
        fill(kafka, TOPIC, values[60:], PARTITIONS, first=65)
        until(lambda: home.committed() >= 95, process)
        stop(process)
        assert process.returncode == 0
    found = home.audit(deep=True)
    assert (found["received"], found["archived"], found["duplicates"]) == (95, 90, 5)
    sent_out = messages(kafka, "linnet.everything", 90)
    assert len({headers["dedup-id"] for headers, _ in sent_out}) == 90
    headers, message = sent_out[0]
    assert headers["alert-id"] == message["alert_id"]
    assert headers["filter"] == "everything"
    assert (float(headers["ra"]), float(headers["dec"])) == pytest.approx((message["ra"], message["dec"]))
