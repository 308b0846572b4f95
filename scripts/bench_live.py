"""How long alerts are under way through the live broker: from Kafka's append of a packet to its append of the match.

    make bench-live                # all of it, kept in bench/live.json: some ten minutes, 4 GB of disk
    PYTHONPATH=scripts:tests python -m bench_live --visits 3 --at-once 2000

Kafka, the load and the broker share this machine. Every alert matches one filter and is delivered, so each has a delay;
both times are the broker's own (`LogAppendTime`), so clocks do not matter. The packets are made beforehand.

burst: visits of 2,000 alerts of 75 KB, each sent within 3 s, every 7.4 s: a fifth of LSST's mean visit, five times as
often, so that a machine is enough which Kafka and the load share.
at once: a topic that was filled beforehand; the delay begins when the broker says that it has started.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np
from bench.machine import machine
from confluent_kafka import Consumer, Message, Producer, TopicPartition

import services
from kafka_server import KafkaServer, started
from linnet.adapters.sqlite_control import SqliteControl
from linnet.app.config import Settings
from linnet.app.home import Home, create
from linnet.app.load import load_of
from linnet.app.wiring import install, reader
from linnet.core.ports import Route
from linnet.simulation.load_schedule import Schedule
from processes import start

RESULT = Path(__file__).parent.parent / "bench" / "live.json"
PARTITIONS = 45
PER_VISIT, SENT_IN, EVERY = 2000, 3.0, 7.4
FILTER = "everything"
GOALS = {"burst": {50: 2.0, 98: 6.0}, "at_once_10000": {98: 10.0}, "at_once_40000": {98: 40.0}}
PATIENCE = 600.0


def main(arguments: Sequence[str]) -> int:
    """Measure, print, keep; gives 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="bench_live", description=__doc__)
    parser.add_argument("--visits", type=int, default=20)
    parser.add_argument("--at-once", type=int, nargs="*", default=[10_000, 40_000])
    given = parser.parse_args(arguments)
    why = services.missing("kafka")
    if why is not None:
        sys.exit(why)
    found: dict[str, object] = {"machine": machine()}
    missed = False
    parts = [("burst", given.visits * PER_VISIT)] if given.visits else []
    for name, alerts in [*parts, *((f"at_once_{n}", n) for n in given.at_once)]:
        with tempfile.TemporaryDirectory(prefix="live-") as folder, started(Path(folder) / "kafka") as kafka:
            delays = Trial(kafka, Path(folder), name, alerts).run()
        percentiles = {k: round(float(np.percentile(delays, k)), 2) for k in (50, 98, 100)}
        found[name] = {"alerts": alerts, **{f"p{k}_s": value for k, value in percentiles.items()}}
        missed |= any(percentiles[k] > goal for k, goal in GOALS.get(name, {}).items())
        _say(f"{name}: {alerts} alerts, p50 {percentiles[50]} s, p98 {percentiles[98]} s, most {percentiles[100]} s")
    if not {*GOALS} - found.keys():
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return int(missed)


class Trial:
    """One broker, one topic, so many alerts.

    Args:
        kafka: running. folder: for the home.
        name: `burst`, or anything else for all at once. alerts: how many.
    """

    def __init__(self, kafka: KafkaServer, folder: Path, name: str, alerts: int) -> None:
        self._kafka, self._alerts, self._is_burst = kafka, alerts, name == "burst"
        self._home = create(folder / "home")
        self._packets: Iterator[bytes] = _packets(alerts)
        append = {"message_timestamp_type": "LogAppendTime"}
        kafka.create("alerts", PARTITIONS, **append)
        kafka.create(f"linnet.{FILTER}", 1, **append)
        _settle(self._home, kafka)

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
        origin = self._origins()
        return [_appended(each) - sent[origin[_alert(each)]] for each in matches]

    def _origins(self) -> dict[int, tuple[int, int]]:
        """Partition and offset of every stored alert."""
        with reader(self._home, Settings()) as parts:
            rows = parts.store.alerts("ztf", parts.store.alert_ids()["ztf"])
        ids, partitions, offsets = (rows.column(name).to_pylist() for name in ("alert_id", "partition", "offset"))
        return dict(zip(ids, zip(partitions, offsets, strict=True), strict=True))

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


def _packets(alerts: int) -> Iterator[bytes]:
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


def _settle(home: Home, kafka: KafkaServer) -> None:
    """One route that delivers every alert to Kafka."""
    settings = f'publish_private = true\n[kafka]\nbootstrap = "{kafka.bootstrap}"\n'
    (home.path / "linnet.toml").write_text(settings, encoding="utf-8")
    control = SqliteControl.open(home.control)
    install(control)
    version = control.add_filter(FILTER, "alert_id is not null", topic_line="every alert")
    control.set_active(FILTER, version)
    control.add_route(Route("kafka", f"kafka:{kafka.bootstrap}", (FILTER,)))
    control.close()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
