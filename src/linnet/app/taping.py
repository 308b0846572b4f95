"""Topics written to recordings, and recordings sent to topics: the work behind `linnet record` and `linnet play`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from linnet.adapters.kafka_access import KafkaAccess
from linnet.adapters.kafka_source import KafkaSource
from linnet.adapters.kafka_topics import make_topics
from linnet.adapters.kafka_writer import KafkaWriter
from linnet.adapters.recording import Recording, write_recording
from linnet.core.envelope import ENVELOPE
from linnet.core.pacing import schedule
from linnet.errors import InputError

MOST = 1_000_000
"""Messages of a recording handed over at once, when it is read."""


@dataclass(frozen=True)
class Limits:
    """Where a recording ends, at whichever comes first.

    Attributes:
        messages: after so many; None: no limit.
        seconds: after so long; None: at the end that the topic has by then.
    """

    messages: int | None = None
    seconds: float | None = None


def record(source: KafkaSource, path: Path, limits: Limits, progress: Callable[[int], None] = lambda _n: None) -> int:
    """Write what a topic holds as a recording; gives the number of messages. Ctrl-C ends it in order.

    Raises:
        ServiceError: Kafka cannot be reached, or refuses.
        InputError: there is no such topic.
        StorageError: the disk is full; an earlier file of this name is untouched.
    """
    reader = source.open()
    if source.until_end and reader.missing():
        reader.close()
        raise InputError(f"there is no topic {', '.join(reader.missing())} at {source.access.bootstrap}")
    end = None if limits.seconds is None else time.monotonic() + limits.seconds

    def batches() -> Iterator[pa.RecordBatch]:
        left = limits.messages
        with suppress(KeyboardInterrupt):
            while left != 0 and (end is None or time.monotonic() < end):
                batch = reader.next_batch(1000 if left is None else min(left, 1000))
                if batch is None:
                    return
                left = None if left is None else left - batch.num_rows
                if batch.num_rows:
                    yield batch
                    progress(batch.num_rows)

    try:
        return write_recording(path, batches())
    finally:
        reader.close()


@dataclass(frozen=True)
class Tape:
    """A recording to be sent.

    Attributes:
        path: the recording.
        topic: where to; all its messages go there, whatever their topic was.
        speed: 1 as they came, 2 twice as fast, infinity: as fast as Kafka takes them.
        partitions: of the topic where it is not there yet; None: as many as the recording has. A message goes to the
            partition in which it was, or to that number modulo those there are.
    """

    path: Path
    topic: str
    speed: float = 1.0
    partitions: int | None = None


def play(tape: Tape, access: KafkaAccess, progress: Callable[[int], None] = lambda _n: None) -> int:
    """Send a recording to a topic; gives the number of messages, all of which are acknowledged.

    Raises:
        InputError: it is no recording.
        ServiceError: Kafka cannot be reached, or refuses.
        DeliveryError: it did not take a message.
    """
    messages = _messages(tape.path)
    order, seconds = schedule(messages, tape.speed)
    widest = (pc.max(messages.column("partition")).as_py() or 0) + 1
    there = make_topics(access, [tape.topic], tape.partitions or widest, replication=-1)[tape.topic]
    writer = KafkaWriter(access)
    try:
        began = time.monotonic()
        for row, due in zip(order.tolist(), seconds.tolist(), strict=True):
            while (early := began + due - time.monotonic()) > 0:
                writer.serve(min(early, 0.5))
            key, value, partition = (messages.column(name)[row].as_py() for name in ("key", "value", "partition"))
            writer.send(tape.topic, value, key, partition=partition % there)
            writer.serve()
            progress(1)
        writer.flush()
    finally:
        writer.drop()
    return len(order)


def _messages(path: Path) -> pa.Table:
    """All messages of a recording; they stay on the disk until they are sent."""
    reader = Recording(path).open()
    batches = []
    while (batch := reader.next_batch(MOST)) is not None:
        batches.append(batch)
    return pa.Table.from_batches(batches, ENVELOPE)
