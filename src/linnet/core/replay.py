"""Handing over kept messages again: what a recording and the source in memory have in common.

A batch ends at the limit asked for or before `MAX_BATCH_BYTES`, whichever comes first, so the same messages may be
handed over in batches of any size, and a reader goes on from any position whatever the sizes were before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.envelope import MAX_BATCH_BYTES, Position, envelopes
from linnet.errors import InputError

_Partition = tuple[str, int]
_Whole = npt.NDArray[np.int64]


class Replay:
    """An open source over batches of envelopes that are already there.

    Within each (topic, partition) offsets ascend; gaps are allowed, as in Kafka after compaction.
    """

    def __init__(
        self,
        batches: Iterable[pa.RecordBatch],
        positions: Sequence[Position] = (),
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._batches: Iterator[pa.RecordBatch] = iter(batches)
        self._waiting = envelopes([])
        self._next = {(place.topic, place.partition): place for place in positions}
        self._read: dict[_Partition, int] = {}
        self._close = close

    def next_batch(self, limit: int) -> pa.RecordBatch | None:
        """Up to `limit` messages in order, at least one; None at the end.

        Raises:
            InputError: offsets of a partition do not ascend, so that no position could say where to go on.
        """
        while self._waiting.num_rows == 0:
            batch = next(self._batches, None)
            if batch is None:
                return None
            self._waiting = self._unread(batch)
        count = fitting(self._waiting.column("value"), limit)
        batch = self._waiting.slice(0, count)
        self._waiting = self._waiting.slice(count)
        for (topic, partition), offsets in _by_partition(batch):
            self._next[topic, partition] = Position(topic, partition, int(offsets[-1]) + 1)
        return batch

    def position(self) -> tuple[Position, ...]:
        """Where to go on after the last batch, for every partition handed over or given at the start, sorted."""
        return tuple(sorted(self._next.values()))

    def close(self) -> None:
        """Let go of the messages. May be called twice."""
        self._batches, self._waiting = iter(()), envelopes([])
        self._close()

    def _unread(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The messages of a batch that the positions have not passed; checks that offsets ascend."""
        passed = np.zeros(batch.num_rows, bool)
        everywhere = batch.column("offset").to_numpy()
        for partition, offsets in _by_partition(batch):
            if not ascending(offsets, self._read.get(partition, -1)):
                raise InputError(
                    f"offsets of {partition[0]}, partition {partition[1]}, do not ascend: no replay from here"
                )
            self._read[partition] = int(offsets[-1])
            start = self._next.get(partition)
            if start is not None and offsets[0] < start.offset:
                here = pc.and_(
                    pc.equal(batch.column("topic"), partition[0]), pc.equal(batch.column("partition"), partition[1])
                )
                passed |= here.to_numpy(zero_copy_only=False) & (everywhere < start.offset)
        return batch if not passed.any() else batch.filter(pa.array(~passed))


def fitting(values: pa.Array, limit: int, most_bytes: int = MAX_BATCH_BYTES) -> int:
    """How many of these values go into the next batch: at most `limit` and `most_bytes`, but at least one."""
    ends = np.cumsum(pc.fill_null(pc.binary_length(values), 0).to_numpy(zero_copy_only=False), dtype=np.int64)
    return max(1, min(limit, int(np.searchsorted(ends, most_bytes, side="right"))))


def ascending(offsets: _Whole, last: int = -1) -> bool:
    """True where every offset is larger than the one before it, the first larger than `last`."""
    return bool(offsets[0] > last and (np.diff(offsets) > 0).all())


def _by_partition(batch: pa.RecordBatch) -> Iterator[tuple[_Partition, _Whole]]:
    """Each (topic, partition) of a batch with its offsets in order; never without any."""
    topics = batch.column("topic").dictionary_encode()
    names = topics.dictionary.to_pylist()
    codes = topics.indices.to_numpy().astype(np.int64)
    partitions = batch.column("partition").to_numpy().astype(np.int64)
    offsets = batch.column("offset").to_numpy()
    groups, members = np.unique(codes << 32 | partitions, return_inverse=True)
    order = np.argsort(members, kind="stable")
    bounds = np.searchsorted(members[order], np.arange(len(groups) + 1))
    for number, group in enumerate(groups):
        rows = order[bounds[number] : bounds[number + 1]]
        yield (names[int(group >> 32)], int(group & 0xFFFFFFFF)), offsets[rows]
