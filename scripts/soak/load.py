"""The load: `python -m soak.load JOB` sends alerts that are made as they are sent.

First some as fast as the broker takes them, then, after a line on standard output, evenly.

Real ZTF packets of schema 4.01 and 4.02 without their stamps, those of at most 35 KB: 25 KB of schema, which every
ZTF packet repeats, and 6 to 9 KB of values and histories.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Producer

from linnet.adapters.metrics_server import read_metrics
from linnet.app.demo import sample_folder
from linnet.core.figures import Figures
from linnet.simulation.load import Load
from linnet.simulation.load_samples import is_repeatable_ztf, records
from linnet.simulation.load_schedule import Schedule
from linnet.simulation.load_template import Sample
from linnet.simulation.load_ztf import ZtfLoad

TOPIC = "alerts"
PARTITIONS = 15
NIGHTS = 10
PER_VISIT = 250
PIECES = 4
"""Batches of a second."""

_MJD_OF_1970 = 40587
_LARGEST = 35_000
_STAMPS = ("cutoutScience", "cutoutTemplate", "cutoutDifference")
_BUFFERED_KB = 65_536
_MOST_WAITING = 5000


@dataclass(frozen=True)
class Sending:
    """What to send.

    Attributes:
        bootstrap: to which Kafka. port: of the broker's metrics.
        earlier: alerts before the even load. rate: alerts a second of it. seconds: how long it is.
    """

    bootstrap: str
    port: int
    earlier: int
    rate: int
    seconds: float

    @property
    def alerts(self) -> int:
        """How many there are."""
        return self.earlier + int(self.rate * self.seconds)

    def wait_for_the_broker(self, sent: int) -> None:
        """Wait until few enough of those sent are not stored yet: Kafka would delete them unread."""
        while sent - archived(read_metrics(self.port)) > _MOST_WAITING:
            time.sleep(0.2)


def archived(figures: Figures) -> int:
    """Alerts that a broker has committed."""
    return int(figures.total("linnet_stage_rows_total", stage="archive", outcome="out"))


def load(alerts: int) -> Load:
    """So many alerts; every night shows every object once, and the last one was yesterday's."""
    first = float(int(time.time() / 86400.0) + _MJD_OF_1970 - NIGHTS - 1) + 0.125
    given = Schedule(alerts, max(1, -(-alerts // NIGHTS)), NIGHTS, PER_VISIT, first, seed=7)
    return Load(ZtfLoad(), _samples(ZtfLoad()), given)


def send(job: Sending) -> int:
    """Send everything; gives the number of alerts once Kafka has all."""
    settings = {"acks": "all", "linger.ms": 5, "queue.buffering.max.kbytes": _BUFFERED_KB, "log_level": 0}
    producer = Producer({"bootstrap.servers": job.bootstrap, **settings})
    begun, sent = 0.0, 0
    for batch in load(job.alerts).batches(rows=max(1, job.rate // PIECES)):
        if sent < job.earlier:
            job.wait_for_the_broker(sent)
        else:
            begun = begun or _even()
            time.sleep(max(0.0, begun + (sent - job.earlier) / job.rate - time.monotonic()))
        for packet in batch.column("value").to_pylist():
            produce(producer, packet, sent % PARTITIONS)
            sent += 1
        producer.poll(0)
    if producer.flush(120):
        sys.exit("Kafka did not take the load")
    return sent


def produce(producer: Producer, packet: bytes, partition: int) -> None:
    """Hand one packet to a producer; waits while its buffer is full."""
    while True:
        try:
            return producer.produce(TOPIC, packet, partition=partition)
        except BufferError:
            producer.poll(0.05)


def _even() -> float:
    """Say that the even load begins; gives when."""
    sys.stdout.write("even\n")
    sys.stdout.flush()
    return time.monotonic()


def _samples(survey: ZtfLoad) -> list[Sample]:
    """The packets to repeat."""
    found = []
    for path in sorted(p for name in ("forced-photometry", "solar-system") for p in _packets(name)):
        text, read = records(path.read_bytes())
        bare = [record | dict.fromkeys(_STAMPS) for record in read if is_repeatable_ztf(record)]
        found += [survey.sample(record, text) for record in bare]
    return [sample for sample in found if len(survey.template(sample, 0).packet) <= _LARGEST]


def _packets(name: str) -> list[Path]:
    return list((sample_folder() / "ztf" / name).glob("*.avro"))


if __name__ == "__main__":
    sys.stdout.write(f"{send(Sending(**json.loads(sys.argv[1])))}\n")
