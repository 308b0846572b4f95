"""The commits, one after the other, and now and then a science file."""

from __future__ import annotations

import time
from collections.abc import Callable

from linnet.core.failpoints import passing
from linnet.core.unit import Unit
from linnet.engines.ages import Underway, since
from linnet.engines.batch_size import BatchSize
from linnet.engines.corridor import Corridor
from linnet.engines.flushing import FILE_ROWS, FILE_SECONDS, flush
from linnet.engines.handed_over import Planned
from linnet.engines.in_flight import InFlight


class Committing:
    """Puts units into the store and, after 10,000 alerts or 5 minutes, what waits there into science files.

    Args:
        corridor: everything connected.
        size: told how long a commit takes.
        in_flight: told what is committed.
        underway: told which alerts may be delivered.
        progress: called with the number of messages after each batch.
    """

    def __init__(
        self,
        corridor: Corridor,
        size: BatchSize,
        in_flight: InFlight,
        underway: Underway,
        progress: Callable[[int], None],
    ) -> None:
        self._corridor = corridor
        self._size = size
        self._in_flight = in_flight
        self._underway = underway
        self._progress = progress
        self._waiting = sum(t.num_rows for *_, t in corridor.store.pending())
        self._unflushed = self._waiting > 0
        self._flushed_at = time.monotonic()

    def commit(self, planned: Planned) -> None:
        """Commit one unit, once its datums are durable.

        Raises:
            StorageError: nothing of it is visible.
        """
        corridor, unit = self._corridor, self._sealed(planned)
        if unit.released:
            # Dead letters are archived before any of them is released: the archive knows all that ever were.
            self.flush()
        started = time.perf_counter()
        # Remembered first: whoever delivers may be faster than we are.
        self._underway.committed(unit, planned.sent)
        corridor.store.commit(unit)
        passing("07")
        rows = 0 if unit.alerts is None else unit.alerts.num_rows
        seconds = time.perf_counter() - started
        self._size.took("commit", rows, seconds)
        self._in_flight.commit(unit.number, batches=int(planned.rows > 0))
        corridor.observer.worked("commit", rows, seconds)
        corridor.observer.committed(unit)
        if planned.rows:
            corridor.observer.taken(since(planned.sent.messages))
            self._progress(planned.rows)
        self._waiting += rows
        self._unflushed = True
        self.idle()

    def idle(self) -> None:
        """Write a science file where it is time for one, also when nothing arrives."""
        late = time.monotonic() - self._flushed_at > FILE_SECONDS
        if self._waiting >= FILE_ROWS or (self._unflushed and late):
            self.flush()

    def _sealed(self, planned: Planned) -> Unit:
        """The unit as it is committed."""
        if planned.archiving is None:
            return planned.unit
        unit, seconds = planned.archiving.sealed(planned.unit), planned.archiving.archived().seconds
        rows = 0 if unit.alerts is None else unit.alerts.num_rows
        self._size.took("archive", rows, seconds)
        self._corridor.observer.worked("archive", rows, seconds)
        return unit

    def flush(self) -> None:
        """Write what waits to the science archive."""
        started = time.perf_counter()
        rows = flush(self._corridor.store, self._corridor.science)
        self._corridor.observer.worked("flush", rows, time.perf_counter() - started)
        self._waiting = 0
        self._unflushed = False
        self._flushed_at = time.monotonic()
