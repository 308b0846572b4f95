"""One route on the heels of the tag log, beside all others: a slow or broken sink holds up nobody else."""

from __future__ import annotations

import time
from threading import Lock

import pyarrow as pa

from linnet.core.ports import OpenSink, Route
from linnet.engines.ages import Underway
from linnet.engines.channel import BrokenOffError
from linnet.engines.corridor import Corridor
from linnet.engines.delivery import deliver
from linnet.engines.workers import Workers
from linnet.errors import LinnetError

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds before a failed delivery is tried again: doubled with each failure in a row, up to the longest."""

REROUTED = 0.1
"""Seconds between looks whether changes of routes have been taken up."""

GRACE = 10.0
"""Seconds that a patient route may go on sending after the last commit; what is left waits behind its cursor."""


class Following:
    """Brings one route up to the tag log's end, whenever something was committed.

    A route that lags costs no memory: it has a cursor.

    Args:
        corridor: everything connected.
        target: the route and its open sink.
        underway: knows when alerts were sent.
        patient: whether a sink that fails is tried again, for ever; otherwise its error is raised.
    """

    def __init__(
        self, corridor: Corridor, target: tuple[Route, OpenSink], underway: Underway, *, patient: bool
    ) -> None:
        self.name = target[0].name
        self._corridor = corridor
        self._underway = underway
        self._target = (target[0], _Watched(target, corridor, underway))
        self._next: tuple[tuple[Route, OpenSink] | None] | None = None
        self._patient = patient
        self._changed = Lock()
        self._workers: Workers | None = None
        self._pause = 0.0
        self._news = False
        self._busy = False
        self._ended = False

    def once(self) -> None:
        """Send what is committed and was not sent.

        Raises:
            StorageError, ServiceError: the sink failed; the cursor stays where it was.
        """
        corridor = self._corridor
        deliver(
            corridor.store,
            corridor.control,
            (self._target,),
            publish_private=corridor.publish_private,
            carry=corridor.carry,
        )

    def begin(self, workers: Workers) -> None:
        """Follow from now on, with the threads of these workers, at most one at a time."""
        self._workers = workers
        self.news()

    def _work(self) -> None:
        """One look: send what there is, and see to it that there is another one where that is needed."""
        with self._changed:
            self._news = False
            turn, self._next = self._next, None
        if turn is not None:
            self._leave()
            self._pause = 0.0
            if turn[0] is None:
                return
            self._target = (turn[0][0], _Watched(turn[0], self._corridor, self._underway))
        wait = REROUTED if self._corridor.is_rerouted() else 0.0
        if not wait:
            wait = self._pause = self._tried(self._pause)
        with self._changed:
            self._busy = self._news or self._next is not None or (wait > 0 and not self._ended)
            if self._busy and self._workers is not None:
                hurried = self._ended or self._next is not None
                self._workers.submit(self._work, 0.0 if hurried else wait)

    def news(self) -> None:
        """Something was committed."""
        with self._changed:
            self._news = True
            self._wake()

    def turn(self, target: tuple[Route, OpenSink] | None) -> None:
        """Go on as another route of this name, or not at all (None), once what is being sent is sent."""
        with self._changed:
            self._next = (target,)
            self._wake()

    def end(self) -> None:
        """Nothing more is committed."""
        with self._changed:
            self._ended = True
            if self._patient:
                self._target[1].until = time.monotonic() + GRACE

    def _leave(self) -> None:
        """Let go of a sink that this route has no more."""
        self._corridor.observer.trouble(self.name, None)
        self._target[1].close()

    def _tried(self, pause: float) -> float:
        """Seconds to wait before the next try; 0 where all went well."""
        try:
            self.once()
        except LinnetError as error:
            if not self._patient:
                raise
            self._corridor.observer.trouble(self.name, str(error))
            return min(LONGEST_PAUSE, 2 * pause or FIRST_PAUSE)
        if pause:
            self._corridor.observer.trouble(self.name, None)
        return 0.0

    def _wake(self) -> None:
        """Have somebody look, unless somebody does or will."""
        if not self._busy and self._workers is not None:
            self._busy = True
            self._workers.submit(self._work)


class _Watched:
    """A sink whose deliveries are told to the observer, and which takes nothing more once its time is up."""

    def __init__(self, target: tuple[Route, OpenSink], corridor: Corridor, underway: Underway) -> None:
        self._route, self._inner = target
        self._corridor = corridor
        self._underway = underway
        self._written: list[pa.RecordBatch] = []
        self._seconds = 0.0
        self.until = float("inf")

    def write(self, batch: pa.RecordBatch) -> None:
        """Pass rows on."""
        if time.monotonic() > self.until:
            raise BrokenOffError
        started = time.perf_counter()
        self._inner.write(batch)
        self._seconds += time.perf_counter() - started
        self._written.append(batch.select(["survey", "alert_id"]))

    def flush(self) -> None:
        """Return when it is durable, and tell of it."""
        started = time.perf_counter()
        self._inner.flush()
        seconds = self._seconds + time.perf_counter() - started
        written, self._written, self._seconds = self._written, [], 0.0
        for batch in written:
            if batch.num_rows:
                ages = self._underway.ages(batch)
                self._corridor.observer.delivered(self._route.name, batch.num_rows, seconds, ages)
                seconds = 0.0

    def close(self) -> None:
        """Let go of the sink."""
        self._inner.close()
