"""Trials that measure the delay of every alert: bursts, and all at once."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from bench_live.matching import FILTER, settle
from kafka_server import KafkaServer
from linnet.app.config import Settings
from linnet.app.home import Home, create
from linnet.app.load import load_of
from linnet.app.wiring import reader
from linnet.simulation.load_schedule import Schedule
from processes import start

PARTITIONS = 45
PER_VISIT, SENT_IN, EVERY = 2000, 3.0, 7.4
PATIENCE = 600.0


class Trial:
    """One broker, one topic, so many alerts.

    Args:
        kafka: running. folder: for the home.
        name: `burst`, or anything else for all at once. alerts: how many.
    """

    def __init__(self, kafka: KafkaServer, folder: Path, name: str, alerts: int) -> None:
        self._kafka, self._alerts, self._is_burst = kafka, alerts, name == "burst"
        self._home = create(folder / "home")
        self._packets: Iterator[bytes] = packets(alerts)
        append = {"message_timestamp_type": "LogAppendTime"}
        kafka.create("alerts", PARTITIONS, **append)
        kafka.create(f"linnet.{FILTER}", 1, **append)
        settle(self._home, kafka)

    def run(self) -> list[float]:
        """The delay of every alert, in seconds; fails where one does not come."""
        if not self._is_burst:
            self._send(self._alerts, 0.0)
        broker = start("run", "kafka:alerts", "--home", self._home.path)
        try:
            began = self._up()
            if self._is_burst:
                time.sleep(2.0)
                self._visits()
            matches = self._read(f"linnet.{FILTER}", self._alerts)
        finally:
            broker.send_signal(signal.SIGTERM)
            told = broker.communicate(timeout=PATIENCE)[1]
        if broker.returncode:
            raise SystemExit(told[-500:])
        if not self._is_burst:
            return [_appended(each) - began for each in matches]
        sent = {_place(each): _appended(each) for each in self._read("alerts", self._alerts)}
        origin = origins(self._home)
        return [_appended(each) - sent[origin[_alert(each)]] for each in matches]

    def _up(self) -> float:
        """When the broker said that it runs."""
        end = time.monotonic() + 60
        while not self._home.running.exists():
            if time.monotonic() > end:
                raise SystemExit("the broker does not start")
            time.sleep(0.05)
        return self._home.running.stat().st_mtime

    def _visits(self) -> None:
        begun = time.monotonic()
        for visit in range(self._alerts // PER_VISIT):
            time.sleep(max(0.0, begun + visit * EVERY - time.monotonic()))
            self._send(PER_VISIT, SENT_IN)

    def _send(self, number: int, seconds: float) -> None:
        """Send packets evenly over so many seconds."""
        settings = {"acks": "all", "linger.ms": 5, "batch.size": 1_000_000, "log_level": 0}
        producer = Producer({"bootstrap.servers": self._kafka.bootstrap, **settings})
        begun = time.monotonic()
        for nth in range(number):
            while time.monotonic() < begun + seconds * nth / number:
                producer.poll(0.002)
            _produce(producer, next(self._packets), nth % PARTITIONS)
        if producer.flush(120):
            raise SystemExit("Kafka did not take the load")

    def _read(self, topic: str, number: int) -> list[Message]:
        """So many messages of a topic, from its beginning; without their values."""
        settings = {"group.id": "bench", "enable.auto.commit": False, "log_level": 0}
        consumer = Consumer({"bootstrap.servers": self._kafka.bootstrap, **settings})
        partitions = consumer.list_topics(topic, timeout=20).topics[topic].partitions
        consumer.assign([TopicPartition(topic, each, 0) for each in partitions])
        found: list[Message] = []
        end = time.monotonic() + PATIENCE
        while len(found) < number:
            if time.monotonic() > end:
                raise SystemExit(f"{topic}: {len(found)} of {number} messages came")
            for message in consumer.consume(500, 0.5):
                message.set_value(b"")
                found.append(message)
        consumer.close()
        return found


def origins(home: Home) -> dict[int, tuple[int, int]]:
    """Partition and offset of every stored alert."""
    with reader(home, Settings()) as parts:
        rows = parts.store.alerts("ztf", parts.store.alert_ids()["ztf"])
    ids, partitions, offsets = (rows.column(name).to_pylist() for name in ("alert_id", "partition", "offset"))
    return dict(zip(ids, zip(partitions, offsets, strict=True), strict=True))


def packets(alerts: int) -> Iterator[bytes]:
    """Packets of 75 KB, as ZTF sends them now."""
    for batch in load_of("ztf", Schedule(alerts, alerts)).batches():
        yield from batch.column("value").to_pylist()


def _produce(producer: Producer, packet: bytes, partition: int) -> None:
    while True:
        try:
            return producer.produce("alerts", packet, partition=partition)
        except BufferError:
            producer.poll(0.05)


def _appended(message: Message) -> float:
    """When Kafka appended it, Unix seconds."""
    return message.timestamp()[1] / 1000


def _alert(match: Message) -> int:
    headers = cast("list[tuple[str, bytes]]", match.headers() or [])
    return int(dict(headers)["alert-id"])


def _place(message: Message) -> tuple[int, int]:
    return message.partition() or 0, message.offset() or 0
