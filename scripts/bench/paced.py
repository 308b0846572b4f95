"""Sources that hand messages over when they would have arrived, and sinks that note when they were delivered."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from linnet.core.envelope import Position
from linnet.core.ports import OpenSink, OpenSource, Source

PAUSE = 0.005


@dataclass
class Paced:
    """A source whose messages arrive evenly over some seconds, beginning when it is opened.

    Attributes:
        inner: what hands the messages over.
        alerts: how many there are. seconds: 0 means that all are there at once.
    """

    inner: Source
    alerts: int
    seconds: float
    started: float = 0.0

    def open(self, positions: Sequence[Position] = ()) -> OpenSource:
        """Begin."""
        reader = self.inner.open(positions)
        self.started = time.perf_counter()
        return OpenPaced(self, reader)

    def arrival(self, number: int) -> float:
        """When a message arrived."""
        return self.started + self.seconds * number / self.alerts


@dataclass
class OpenPaced:
    """The same, begun."""

    of: Paced
    reader: OpenSource
    taken: int = 0

    def next_batch(self, limit: int) -> pa.RecordBatch | None:
        """What has arrived; waits until something has."""
        if self.taken >= self.of.alerts:
            return None
        while (here := self._here()) <= self.taken:
            time.sleep(PAUSE)
        batch = self.reader.next_batch(min(limit, here - self.taken))
        if batch is None:
            return None
        self.taken += batch.num_rows
        return batch

    def position(self) -> tuple[Position, ...]:
        """Where to go on."""
        return self.reader.position()

    def close(self) -> None:
        """Let go."""
        self.reader.close()

    def _here(self) -> int:
        if not self.of.seconds:
            return self.of.alerts
        return min(self.of.alerts, int((time.perf_counter() - self.of.started) / self.of.seconds * self.of.alerts))


@dataclass
class Clocked:
    """A sink that notes when each alert's last message was durable in another one."""

    inner: OpenSink
    when: dict[int, float] = field(default_factory=dict)
    waiting: list[int] = field(default_factory=list)

    def write(self, batch: pa.RecordBatch) -> None:
        """Hand over."""
        self.inner.write(batch)
        self.waiting += batch.column("alert_id").to_pylist()

    def flush(self) -> None:
        """Make durable, then look at the clock."""
        self.inner.flush()
        now = time.perf_counter()
        self.when.update(dict.fromkeys(self.waiting, now))
        self.waiting = []

    def close(self) -> None:
        """Let go."""
        self.inner.close()
