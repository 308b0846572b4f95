"""A source whose messages are in memory: the double of every other source, and a way to feed a broker by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from linnet.core.envelope import Message, Position, envelopes
from linnet.core.replay import Replay


@dataclass(frozen=True)
class MemorySource:
    """Messages in the order of their batches, with the topics, partitions and offsets that they carry.

    Attributes:
        batches: in the `ENVELOPE` schema; within a (topic, partition) offsets ascend.
    """

    batches: tuple[pa.RecordBatch, ...]

    @classmethod
    def of(cls, values: Iterable[bytes], topic: str = "memory", first: int = 0) -> MemorySource:
        """A source of one topic whose messages hold these values, numbered from `first`."""
        messages = [Message(value, topic, offset=offset) for offset, value in enumerate(values, first)]
        return cls((envelopes(messages),))

    def open(self, positions: Sequence[Position] = ()) -> Replay:
        """Hand the messages over from the beginning, or from these positions."""
        return Replay(self.batches, positions)
