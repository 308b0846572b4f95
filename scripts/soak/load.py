"""The load: `python -m soak.load BOOTSTRAP RATE SECONDS` sends alerts evenly, made as they are sent.

Real ZTF packets of schema 4.01 and 4.02 without their stamps, those of at most 35 KB: 25 KB of schema, which every
ZTF packet repeats, and 6 to 9 KB of values and histories.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from confluent_kafka import Producer

from linnet.app.demo import sample_folder
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


def load(alerts: int) -> Load:
    """So many alerts; every night shows every object once, and the last one was yesterday's."""
    first = float(int(time.time() / 86400.0) + _MJD_OF_1970 - NIGHTS - 1) + 0.125
    given = Schedule(alerts, max(1, -(-alerts // NIGHTS)), NIGHTS, PER_VISIT, first, seed=7)
    return Load(ZtfLoad(), _samples(ZtfLoad()), given)


def send(bootstrap: str, rate: int, seconds: float) -> int:
    """Send them, none before its time; gives their number once Kafka has all."""
    settings = {"acks": "all", "linger.ms": 5, "queue.buffering.max.kbytes": _BUFFERED_KB, "log_level": 0}
    producer = Producer({"bootstrap.servers": bootstrap, **settings})
    begun, sent = time.monotonic(), 0
    for batch in load(int(rate * seconds)).batches(rows=max(1, rate // PIECES)):
        time.sleep(max(0.0, begun + sent / rate - time.monotonic()))
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
    sys.stdout.write(f"{send(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))}\n")
