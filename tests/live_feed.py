"""A live source for tests: fed by hand, and it notes how it is treated."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

import pyarrow as pa

from linnet.core.envelope import Gap, Message, Position, envelopes
from linnet.core.ports import Source
from linnet.engines.local import LocalEngine

TOPIC = "feed"
WAIT = 0.02
PATIENCE = 30.0


@dataclass
class Feed:
    """Messages put in while it is read.

    Attributes:
        taken: number of messages of each batch handed over. told: what `committed` was called with, and when.
        pauses: times at which it was paused. paused_batches: batches asked for while paused.
        threads: names of threads that called it. found: gaps to tell.
        fails: raised once everything was handed over.
    """

    waiting: SimpleQueue[bytes] = field(default_factory=SimpleQueue)
    taken: list[int] = field(default_factory=list)
    told: list[tuple[float, tuple[Position, ...]]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    paused_batches: int = 0
    threads: set[str] = field(default_factory=set)
    found: list[Gap] = field(default_factory=list)
    fails: Exception | None = None
    topic: str = TOPIC
    closed: bool = False

    def put(self, *values: bytes) -> None:
        """Let these messages arrive."""
        for value in values:
            self.waiting.put(value)

    def open(self, positions: Sequence[Position] = ()) -> OpenFeed:
        """Begin, numbering behind the position."""
        return OpenFeed(self, next((p.offset for p in positions if p.topic == self.topic), 0))


class OpenFeed:
    """The reader; keeps to what `LiveSource` promises."""

    def __init__(self, feed: Feed, offset: int) -> None:
        self._feed = feed
        self._offset = offset
        self._paused = False

    def next_batch(self, limit: int) -> pa.RecordBatch | None:
        """What waits, after a short wait."""
        self._note()
        if self._paused:
            self._feed.paused_batches += 1
            time.sleep(WAIT)
            return envelopes([])
        values: list[bytes] = []
        try:
            while len(values) < limit:
                values.append(self._feed.waiting.get(timeout=0 if values else WAIT))
        except Empty:
            if not values and self._feed.fails:
                raise self._feed.fails from None
        if values:
            self._feed.taken.append(len(values))
        found = [Message(value, self._feed.topic, 0, self._offset + n) for n, value in enumerate(values)]
        self._offset += len(values)
        return envelopes(found)

    def position(self) -> tuple[Position, ...]:
        """Behind the last message."""
        self._note()
        return (Position(self._feed.topic, 0, self._offset),)

    def committed(self, positions: Sequence[Position]) -> None:
        """Note it."""
        self._note()
        self._feed.told.append((time.monotonic(), tuple(positions)))

    def pause(self) -> None:
        """Note it."""
        self._note()
        assert not self._paused
        self._paused = True
        self._feed.pauses.append(time.monotonic())

    def resume(self) -> None:
        """Go on."""
        self._note()
        assert self._paused
        self._paused = False

    def gaps(self) -> tuple[Gap, ...]:
        """As told."""
        self._note()
        return tuple(self._feed.found)

    def lag(self) -> dict[tuple[str, int], int]:
        """What waits."""
        self._note()
        return {(self._feed.topic, 0): self._feed.waiting.qsize()}

    def trouble(self) -> str | None:
        """None."""
        self._note()
        return None

    def close(self) -> None:
        """Note it."""
        self._feed.closed = True

    def _note(self) -> None:
        self._feed.threads.add(threading.current_thread().name)


def until(happened: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait for something."""
    last = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < last, "it never happened"
        time.sleep(0.005)


@contextmanager
def running(engine: LocalEngine, *sources: Source) -> Iterator[list[BaseException]]:
    """An engine at work; stopped at the end of the block. Gives its errors."""
    errors: list[BaseException] = []

    def work() -> None:
        try:
            engine.run(list(sources))
        except BaseException as error:  # noqa: BLE001 - shown to the test
            errors.append(error)

    thread = threading.Thread(target=work, name="engine")
    thread.start()
    try:
        yield errors
    finally:
        engine.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()
