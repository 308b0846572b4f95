"""Taking messages from one open source: batches close by size or age, and a live source is paused, never kept waiting.

All calls to the source are made here, from one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pyarrow as pa

from linnet.core.envelope import MAX_BATCH_BYTES, Gap
from linnet.core.ports import LiveSource, OpenSource
from linnet.engines.batch_size import BatchSize
from linnet.engines.corridor import Corridor

AT_ONCE = 0.01
"""Seconds within which a stage that has nothing to do takes what is offered."""

PAUSED_AFTER = 1.0
"""Seconds that a live source waits for room before it is paused; pausing costs what was fetched ahead."""

LOOK = 0.05
"""Seconds between looks for room while a source is paused."""

TOLD_EVERY = 1.0
"""Seconds between hints to a live source of what is committed."""


class Polling:
    """Batches of one open source.

    Args:
        reader: the source.
        corridor: its store knows what is committed, its observer is told the lag.
        size: how much to ask for.
        age: seconds after its first message that a batch of a live source is closed, full or not.
        stopping: once true, nothing more is polled.
    """

    def __init__(
        self, reader: OpenSource, corridor: Corridor, size: BatchSize, *, age: float, stopping: Callable[[], bool]
    ) -> None:
        self._reader = reader
        self._live = reader if isinstance(reader, LiveSource) else None
        self._corridor = corridor
        self._size = size
        self._age = age
        self._stopping = stopping
        self._held: list[pa.RecordBatch] = []
        self._told = (0.0, corridor.store.positions() if self._live else ())
        self._gaps = 0

    def batches(self) -> Iterator[pa.RecordBatch | None]:
        """Batches with messages until the end, or until `stopping`; None where it was waited and nothing came."""
        ended = False
        while not ended and not self._stopping():
            batch, ended = self._gather()
            if batch is not None:
                self._corridor.observer.polled(batch.num_rows, batch.nbytes)
            yield batch

    def hand_over(self, offered: Callable[[float | None], bool]) -> bool:
        """Try until something is taken; gives whether that was not at once.

        Args:
            offered: tries so many seconds (None: however long) and tells whether it was taken.
        """
        if offered(AT_ONCE):
            return False
        if self._live is None or offered(PAUSED_AFTER):
            return self._live is not None or offered(None)
        self._live.pause()
        try:
            while not offered(LOOK):
                self._keep_alive()
                self.tell(self._live)
        finally:
            self._live.resume()
        return True

    def new_gaps(self) -> tuple[Gap, ...]:
        """What was passed over since this was last asked."""
        if self._live is None:
            return ()
        gaps = self._live.gaps()[self._gaps :]
        self._gaps += len(gaps)
        return gaps

    def finish(self, settled: Callable[[], None]) -> None:
        """Tell a live source all that is committed in the end.

        Args:
            settled: returns when everything that was offered is committed.
        """
        if self._live is not None:
            settled()
            self._told = (0.0, self._told[1])
            self.tell(self._live)

    def tell(self, live: LiveSource) -> None:
        """Now and then tell the source what is committed, and the observer how far the source is ahead."""
        at, last = self._told
        if time.monotonic() - at < TOLD_EVERY:
            return
        committed = self._corridor.store.positions()
        if committed != last:
            live.committed(committed)
        self._told = (time.monotonic(), committed)
        self._corridor.observer.lag(live.lag())
        self._corridor.observer.trouble("source", live.trouble())

    def _gather(self) -> tuple[pa.RecordBatch | None, bool]:
        """A batch with messages or None, and whether the source is at its end."""
        parts, self._held = self._held, []
        rows, size = sum(p.num_rows for p in parts), sum(p.nbytes for p in parts)
        since, limit = time.monotonic(), self._size.limit()
        while rows < limit and size < MAX_BATCH_BYTES // 2:
            batch = self._reader.next_batch(limit - rows)
            if batch is None:
                return _joined(parts), True
            if batch.num_rows:
                since = since if parts else time.monotonic()
                parts.append(batch)
                rows, size = rows + batch.num_rows, size + batch.nbytes
            if self._live is None:
                break
            self.tell(self._live)
            if not parts or self._stopping() or time.monotonic() - since >= self._age:
                break
        return _joined(parts), False

    def _keep_alive(self) -> None:
        """A paused source is still asked: Kafka takes a client that does not poll for dead."""
        batch = self._reader.next_batch(1)
        if batch is not None and batch.num_rows:
            self._held.append(batch)


def _joined(parts: list[pa.RecordBatch]) -> pa.RecordBatch | None:
    if len(parts) <= 1:
        return parts[0] if parts else None
    (whole,) = pa.Table.from_batches(parts).combine_chunks().to_batches()
    return whole
