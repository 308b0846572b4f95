"""Envelopes: messages as a source hands them over, in the columns of Spark's Kafka reader.

Both engines, recordings and all sources share this one form.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

ENVELOPE = pa.schema(
    [
        pa.field("key", pa.binary()),
        pa.field("value", pa.binary()),
        pa.field("topic", pa.string(), nullable=False),
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("timestamp", pa.timestamp("us", tz="UTC")),
    ]
)
"""key: the message key, or the file name; timestamp: the broker's append time, null for files."""

MAX_BATCH_BYTES = 128 * 1024 * 1024
"""A source closes a batch before its values exceed this."""


@dataclass(frozen=True, order=True)
class Position:
    """Where to go on in one partition: the offset of the next message to read.

    `index` is the alert within a container from which to go on; 0 unless a container is split.
    """

    topic: str
    partition: int
    offset: int
    index: int = 0


@dataclass(frozen=True)
class Gap:
    """Messages that were passed over, because they are not there any more.

    Attributes:
        expected: offset of the next message that was to be read.
        found: offset at which reading goes on; smaller where a topic was made anew.
    """

    topic: str
    partition: int
    expected: int
    found: int

    @property
    def lost(self) -> int:
        """How many messages are gone, at most; 0 where that is not known."""
        return max(0, self.found - self.expected)


@dataclass(frozen=True)
class Message:
    """One message before it is put in a batch."""

    value: bytes
    topic: str
    partition: int = 0
    offset: int = 0
    key: bytes | None = None
    timestamp_us: int | None = None


def envelopes(messages: Iterable[Message]) -> pa.RecordBatch:
    """A batch in the `ENVELOPE` schema, in the order given."""
    rows = list(messages)
    columns = [
        pa.array([m.key for m in rows], pa.binary()),
        pa.array([m.value for m in rows], pa.binary()),
        pa.array([m.topic for m in rows], pa.string()),
        pa.array([m.partition for m in rows], pa.int32()),
        pa.array([m.offset for m in rows], pa.int64()),
        pa.array([m.timestamp_us for m in rows], pa.timestamp("us", tz="UTC")),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=ENVELOPE)
