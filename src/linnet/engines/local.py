"""The engine for one machine: one process, one writer, commits strictly in order.

The order is the promise: poll, decode, drop repeats, append and sync the raw datums, one durable transaction, deliver.
Stages overlap: while one unit is committed, the next ones are planned and decoded, and earlier ones delivered, each in
a thread of its own. What waits between two stages is bounded, so a slow stage holds up the source and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event

import pyarrow as pa

from linnet.core.envelope import Position
from linnet.core.failpoints import passing
from linnet.core.ports import Source
from linnet.engines.batch_size import BatchSize
from linnet.engines.corridor import Corridor
from linnet.engines.delivering import Delivering
from linnet.engines.flushing import FILE_ROWS, FILE_SECONDS, flush, remove_orphans
from linnet.engines.in_flight import InFlight
from linnet.engines.overlapped import Stages, run_overlapped
from linnet.engines.stages import Opening, Planned, Planning

DEFAULT_BATCH = 1000


@dataclass(frozen=True)
class Recovery:
    """What start-up found: bytes of uncommitted raw tail cut off, orphaned science files removed."""

    cut_bytes: int
    orphans: int


class LocalEngine:
    """Runs sources through a corridor.

    Args:
        corridor: everything connected.
        batch: most messages per poll; fewer are taken where that serves latency.
        progress: called with the number of messages after each batch is committed, in the caller's thread.
    """

    def __init__(
        self, corridor: Corridor, *, batch: int = DEFAULT_BATCH, progress: Callable[[int], None] = lambda _n: None
    ) -> None:
        self._corridor = corridor
        self._batch = batch
        self._progress = progress
        self._stopping = Event()
        self._unsound = False
        self._waiting = sum(t.num_rows for *_, t in corridor.store.pending())
        self._flushed_at = time.monotonic()
        self._begin()

    def recover(self) -> Recovery:
        """Bring the home to the last commit, then deliver what was committed and not sent. Repeatable."""
        corridor = self._corridor
        cut = corridor.raw.recover(corridor.store.segments())
        passing("17")
        orphans = remove_orphans(corridor.store, corridor.science)
        self._begin()
        self._unsound = False
        self._delivering.once()
        return Recovery(cut, orphans)

    def run(self, inputs: Sequence[Source], *, resume: bool = True) -> None:
        """Take everything that the sources have, in order; return when all of it is committed and delivered.

        Args:
            inputs: descriptions of sources.
            resume: go on from committed positions; False offers everything again (repeats are recognised).

        Raises:
            StorageError: the unit in hand was not acknowledged; everything before it was.
        """
        if self._unsound:
            self.recover()
        self._unsound = True
        stages = Stages(self._opening, self._planning, self._delivering, self._in_flight)
        run_overlapped(stages, self._commit, inputs, resume=resume)
        self._unsound = False

    def stop(self) -> None:
        """Poll nothing more: `run` returns when what was polled is committed and delivered. From any thread."""
        self._stopping.set()

    def finish(self) -> None:
        """Write what waits to the science archive. The home is complete without the store afterwards."""
        passing("20")
        flush(self._corridor.store, self._corridor.science)
        self._waiting = 0

    def take(self, batch: pa.RecordBatch, positions: tuple[Position, ...]) -> None:
        """One batch of envelopes, all the way and nothing beside it: its units committed in order and delivered."""
        for planned in self._planning.plan(self._opening.open(batch, positions)):
            self._commit(planned)
            self._delivering.once()
        self._planning.close_nights()

    def _begin(self) -> None:
        """Go on from what is committed."""
        corridor = self._corridor
        self._size = BatchSize(self._batch)
        self._in_flight = InFlight(corridor.store.last_unit())
        self._opening = Opening(corridor, self._size, self._stopping)
        self._planning = Planning(corridor, self._size, self._in_flight)
        self._delivering = Delivering(corridor)

    def _commit(self, planned: Planned) -> None:
        corridor, unit = self._corridor, planned.unit
        started = time.perf_counter()
        corridor.store.commit(unit)
        passing("07")
        rows = 0 if unit.alerts is None else unit.alerts.num_rows
        self._size.took("commit", rows, time.perf_counter() - started)
        self._in_flight.commit(unit.number, batches=int(planned.rows > 0))
        if planned.rows:
            self._progress(planned.rows)
        self._waiting += rows
        if self._waiting >= FILE_ROWS or (self._waiting and time.monotonic() - self._flushed_at > FILE_SECONDS):
            flush(corridor.store, corridor.science)
            self._waiting = 0
            self._flushed_at = time.monotonic()
