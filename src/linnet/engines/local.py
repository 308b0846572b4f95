"""The engine for one machine: one process, one writer, commits strictly in order.

The order is the promise: poll, decode, drop repeats, append and sync the raw datums, one durable transaction, deliver.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from linnet.core.envelope import Position
from linnet.core.failpoints import passing
from linnet.core.ports import OpenSource, Source
from linnet.core.unit import Unit
from linnet.engines.arrivals import open_batch
from linnet.engines.assembling import assemble, drafts
from linnet.engines.corridor import Corridor
from linnet.engines.delivery import deliver
from linnet.engines.flushing import FILE_ROWS, FILE_SECONDS, flush, remove_orphans

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
        batch: messages per poll.
        progress: called with the number of messages after each batch is committed.
    """

    def __init__(
        self, corridor: Corridor, *, batch: int = DEFAULT_BATCH, progress: Callable[[int], None] = lambda _n: None
    ) -> None:
        self._corridor = corridor
        self._batch = batch
        self._progress = progress
        self._wanted = {s.name: s.fields() for s in corridor.surveys}
        self._number = corridor.store.last_unit()
        self._nights = corridor.store.open_nights()
        self._waiting = sum(t.num_rows for *_, t in corridor.store.pending())
        self._flushed_at = time.monotonic()

    def recover(self) -> Recovery:
        """Bring the home to the last commit, then deliver what was committed and not sent. Repeatable."""
        corridor = self._corridor
        cut = corridor.raw.recover(corridor.store.segments())
        passing("17")
        orphans = remove_orphans(corridor.store, corridor.science)
        self._deliver()
        return Recovery(cut, orphans)

    def run(self, inputs: Sequence[Source], *, resume: bool = True) -> None:
        """Take everything that the sources have, in order.

        Args:
            inputs: descriptions of sources.
            resume: go on from committed positions; False offers everything again (repeats are recognised).

        Raises:
            StorageError: the unit in hand was not acknowledged; everything before it was.
        """
        for source in inputs:
            reader = source.open(self._corridor.store.positions() if resume else ())
            try:
                self._drain(reader)
            finally:
                reader.close()

    def finish(self) -> None:
        """Write what waits to the science archive. The home is complete without the store afterwards."""
        passing("20")
        flush(self._corridor.store, self._corridor.science)
        self._waiting = 0

    def _drain(self, reader: OpenSource) -> None:
        while (batch := reader.next_batch(self._batch)) is not None:
            passing("01")
            if batch.num_rows:
                self.take(batch, reader.position())
                self._progress(batch.num_rows)

    def take(self, batch: pa.RecordBatch, positions: tuple[Position, ...]) -> None:
        """One batch of envelopes, all the way: its units committed in order and delivered."""
        corridor = self._corridor
        opened = open_batch(batch, corridor.surveys, corridor.schemas, self._wanted)
        for draft in drafts(opened, self._nights, positions):
            self._commit(assemble(draft, self._number + 1, corridor, corridor.filters()))
            self._deliver()

    def _commit(self, unit: Unit) -> None:
        corridor = self._corridor
        corridor.store.commit(unit)
        passing("07")
        self._number = unit.number
        if unit.survey is not None and unit.night is not None:
            before = self._nights.get(unit.survey, unit.night)
            self._nights[unit.survey] = max(before, unit.night)
            if before < unit.night:
                corridor.raw.close_night(unit.survey, before)
        self._waiting += 0 if unit.alerts is None else unit.alerts.num_rows
        if self._waiting >= FILE_ROWS or (self._waiting and time.monotonic() - self._flushed_at > FILE_SECONDS):
            flush(corridor.store, corridor.science)
            self._waiting = 0
            self._flushed_at = time.monotonic()

    def _deliver(self) -> None:
        corridor = self._corridor
        deliver(corridor.store, corridor.control, corridor.routes, publish_private=corridor.publish_private)
