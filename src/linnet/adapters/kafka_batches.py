"""What a consumer has fetched, as batches of envelopes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pyarrow as pa

from linnet.adapters.kafka_access import kafka_errors
from linnet.core.envelope import ENVELOPE, MAX_BATCH_BYTES

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message

POLL = 0.1
"""Seconds for which an empty topic is watched in one call."""

SPOONFUL = 100
"""Messages taken from the client at once; between two the size of the batch is looked at."""

Note = Callable[["KafkaError", tuple[str, int]], None]


def waiting(consumer: Consumer, limit: int, note: Note) -> list[Message]:
    """Messages that were fetched already, without waiting; where there are none, the first that comes within `POLL`.

    Args:
        consumer: connected and assigned.
        limit: at most so many messages.
        note: called with what the client tells between the messages, and of which partition.

    Raises:
        ServiceError: the client is broken.
    """
    taken: list[Message] = []
    size, seconds = 0, POLL
    # At most a spoonful more than fits is taken, and the client holds no more than its queue.
    while len(taken) < limit and size < MAX_BATCH_BYTES // 2:
        with kafka_errors("read from Kafka"):
            some = consumer.consume(min(SPOONFUL, limit - len(taken)), 0)
            if not some and not taken and seconds:
                some, seconds = consumer.consume(1, seconds), 0.0
        if not some:
            break
        for message in some:
            error = message.error()
            if error is None:
                taken.append(message)
                size += len(message)
            else:
                note(error, (message.topic() or "", message.partition() or 0))
    return taken


def batch_of(messages: list[Message]) -> pa.RecordBatch:
    """Messages in the `ENVELOPE` schema, in order; the time is the broker's or the sender's, as the topic has it.

    A message without a value, which a compacted topic has for what was deleted, is an empty one.
    """
    stamps = [each.timestamp() for each in messages]
    columns = [
        pa.array([each.key() for each in messages], pa.binary()),
        pa.array([each.value() or b"" for each in messages], pa.binary()),
        pa.array([each.topic() for each in messages], pa.string()),
        pa.array([each.partition() for each in messages], pa.int32()),
        pa.array([each.offset() for each in messages], pa.int64()),
        pa.array([stamp * 1000 if kind else None for kind, stamp in stamps], pa.timestamp("us", tz="UTC")),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=ENVELOPE)
