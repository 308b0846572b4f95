"""The engine for one machine: one process, one writer, commits strictly in order.

The order is the promise: poll, decode, drop repeats, append and sync the raw datums, one durable transaction, deliver.
Stages overlap: while one unit is committed, the next ones are planned and decoded, and earlier ones delivered, each in
a thread of its own. What waits between two stages is bounded, so a slow stage holds up the source and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event

import pyarrow as pa

from linnet.core.envelope import Position
from linnet.core.failpoints import passing
from linnet.core.ports import Source
from linnet.engines.ages import Underway
from linnet.engines.batch_size import BatchSize
from linnet.engines.committing import Committing
from linnet.engines.corridor import Corridor
from linnet.engines.delivering import Delivering
from linnet.engines.flushing import remove_orphans
from linnet.engines.in_flight import InFlight
from linnet.engines.overlapped import Stages, run_overlapped
from linnet.engines.stages import Opening, Planning

DEFAULT_BATCH, DEFAULT_AGE = 1000, 0.25


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
        age: seconds after its first message that a batch of a live source is closed, full or not.
        patient: whether a route whose sink fails is tried again, for ever, while everything else goes on; otherwise
            its error ends the run.
        progress: called with the number of messages after each batch is committed, in the caller's thread.
    """

    def __init__(
        self,
        corridor: Corridor,
        *,
        batch: int = DEFAULT_BATCH,
        age: float = DEFAULT_AGE,
        patient: bool = False,
        progress: Callable[[int], None] = lambda _n: None,
    ) -> None:
        self._corridor = corridor
        self._batch = batch
        self._age = age
        self._patient = patient
        self._progress = progress
        self._stopping = Event()
        self._unsound = False
        self._begin()

    def recover(self) -> Recovery:
        """Bring the home to the last commit, then deliver what was committed and not sent. Repeatable.

        Where routes are patient, they deliver once `run` has begun: none of them holds up the start.
        """
        corridor = self._corridor
        cut = corridor.raw.recover(corridor.store.segments())
        passing("17")
        orphans = remove_orphans(corridor.store, corridor.science)
        self._begin()
        self._unsound = False
        if not self._patient:
            self._delivering.once()
        return Recovery(cut, orphans)

    def run(self, inputs: Sequence[Source], *, resume: bool = True) -> None:
        """Take everything that the sources have, in order; return when all of it is committed and delivered.

        A live source has no end: then this returns after `stop`.

        Args:
            inputs: descriptions of sources.
            resume: go on from committed positions; False offers everything again (repeats are recognised).

        Raises:
            StorageError: the unit in hand was not acknowledged; everything before it was.
            ServiceError: a source failed for good, or a sink where routes are not patient.
        """
        if self._unsound:
            self.recover()
        self._unsound = True
        self._follow()
        stages = Stages(self._opening, self._planning, self._committing, self._delivering, self._in_flight)
        run_overlapped(stages, inputs, self._corridor.observer, resume=resume)
        self._unsound = False

    def stop(self) -> None:
        """Poll nothing more: `run` returns when what was polled is committed and delivered. From any thread."""
        self._stopping.set()

    def finish(self) -> None:
        """Write what waits to the science archive. The home is complete without the store afterwards."""
        passing("20")
        self._committing.flush()

    def take(self, batch: pa.RecordBatch, positions: tuple[Position, ...]) -> None:
        """One batch of envelopes, all the way and nothing beside it: its units committed in order and delivered."""
        for planned in self._planning.plan(self._opening.open(batch, positions)):
            self._committing.commit(planned)
            self._delivering.once()
        self._planning.close_nights()

    def _begin(self) -> None:
        """Go on from what is committed."""
        corridor = self._corridor
        self._size = BatchSize(self._batch)
        self._in_flight = InFlight(corridor.store.last_unit())
        self._underway = Underway()
        self._opening = Opening(corridor, self._size, self._stopping, self._age)
        self._planning = Planning(corridor, self._size, self._in_flight)
        self._committing = Committing(corridor, self._size, self._in_flight, self._underway, self._progress)
        self._follow()

    def _follow(self) -> None:
        """Routes that have not heard of any end."""
        self._delivering = Delivering(self._corridor, self._underway, patient=self._patient)
