"""The stages before the commit: opening (poll and decode) and planning (dedupe, archive, enrich, filter).

Each may run in a thread of its own, or one after the other in the caller's.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from threading import Event

import pyarrow as pa

from linnet.core.envelope import Gap, Position
from linnet.core.failpoints import passing
from linnet.core.ports import ActiveFilters, OpenSource, Source
from linnet.core.unit import Unit
from linnet.engines.ages import Sent
from linnet.engines.archiving import Appends
from linnet.engines.arrivals import open_batch
from linnet.engines.assembling import Draft, assemble, drafts
from linnet.engines.batch_size import BatchSize
from linnet.engines.channel import BrokenOffError, Channel
from linnet.engines.corridor import Corridor
from linnet.engines.errands import Release
from linnet.engines.handed_over import Offer, Planned
from linnet.engines.in_flight import InFlight, Seen
from linnet.engines.polling import Polling

TICK = 1.0
"""Seconds between looks at the filters while nothing comes."""


class Opening:
    """Polls sources and decodes what they hand over.

    Args:
        corridor: everything connected.
        size: how much to ask for.
        stopping: once set, nothing more is polled.
        age: seconds after which a batch of a live source is closed, full or not.
    """

    def __init__(self, corridor: Corridor, size: BatchSize, stopping: Event, age: float = 0.25) -> None:
        self._corridor = corridor
        self._size = size
        self._stopping = stopping
        self._age = age
        self._broken = Event()
        self._wanted = {s.name: s.fields() for s in corridor.surveys}

    def run(
        self, inputs: Sequence[Source], out: Channel[Offer | Release], *, resume: bool, settled: Callable[[], None]
    ) -> None:
        """Everything that the sources have, one source after the other.

        Args:
            inputs: descriptions of sources.
            out: takes the opened batches, and the end.
            resume: go on from committed positions.
            settled: returns when all that was offered is committed: the next source may go on behind this one.
        """
        for number, source in enumerate(inputs):
            if resume and number:
                settled()
            reader = source.open(self._corridor.store.positions() if resume else ())
            try:
                self._drain(reader, out, settled)
            finally:
                reader.close()
        out.end()

    def open(self, batch: pa.RecordBatch, positions: tuple[Position, ...], gaps: tuple[Gap, ...] = ()) -> Offer:
        """Decode one batch of envelopes."""
        started, now = time.perf_counter(), time.time()
        opened = open_batch(batch, self._corridor.surveys, self._corridor.schemas, self._wanted, now)
        seconds = time.perf_counter() - started
        self._size.took("open", batch.num_rows, seconds)
        self._corridor.observer.worked("open", batch.num_rows, seconds)
        sent = Sent.of(batch, opened.arrivals, now)
        return Offer(opened, positions, batch.num_rows, int(batch.nbytes), sent, gaps)

    def break_off(self) -> None:
        """Poll nothing more: what was polled will not be committed."""
        self._broken.set()

    def _is_over(self) -> bool:
        return self._stopping.is_set() or self._broken.is_set()

    def _drain(self, reader: OpenSource, out: Channel[Offer | Release], settled: Callable[[], None]) -> None:
        polling = Polling(reader, self._corridor, self._size, age=self._age, stopping=self._is_over)
        beside = self._errands(settled)
        for batch in polling.batches():
            if batch is not None:
                passing("01")
                offer = self.open(batch, reader.position(), polling.new_gaps())
                polling.hand_over(partial(out.offer, offer, offer.weight))
                # Polled only now: what arrives while the plan is busy makes one batch, not many small ones.
                self._size.held_up(polling.hand_over(out.taken))
            more = next(beside)
            if more is not None:
                polling.hand_over(partial(out.offer, more, more.weight))
        polling.finish(settled)

    def _errands(self, settled: Callable[[], None]) -> Iterator[Offer | Release | None]:
        """What is to be handed over beside the source, step by step and for ever; None where there is nothing to do."""
        while True:
            errand = self._corridor.errand()
            if errand is None:
                yield None
                continue
            while (batch := errand.next_batch(self._size.limit())) is not None:
                yield self.open(batch, ())
            settled()
            yield from errand.releases()
            settled()
            errand.done()


class Planning:
    """Makes units out of opened batches, in order. Owns the raw archive while it runs.

    Args:
        corridor: everything connected.
        size: told how long planning takes.
        in_flight: what is planned and not committed yet.
    """

    def __init__(self, corridor: Corridor, size: BatchSize, in_flight: InFlight) -> None:
        self._corridor = corridor
        self._size = size
        self._in_flight = in_flight
        self._appends = Appends(corridor.raw)
        self._seen = Seen(corridor.store, in_flight)
        self._nights = corridor.store.open_nights()
        self._newest: dict[str, tuple[int, int]] = {}
        self._filters: ActiveFilters | None = None
        self._passed: deque[tuple[str, int]] = deque()

    def run(self, offers: Channel[Offer | Release], out: Channel[Planned]) -> None:
        """Plan what comes until the end; while nothing comes, take up filters that somebody changes.

        Nothing is written to the archive any more when this returns.
        """
        try:
            for offer in offers.ticking(TICK):
                if offer is None:
                    self._look()
                    continue
                for planned in (self._released(offer),) if isinstance(offer, Release) else self.plan(offer):
                    out.put(planned, planned.weight)
            out.end()
        finally:
            self._appends.rest()

    def plan(self, offer: Offer) -> Iterator[Planned]:
        """The units of one batch, the next one only when it is asked for. The append of their datums is begun."""
        units = drafts(offer.opened, self._nights, offer.positions, offer.gaps)
        for place, draft in enumerate(units):
            filters = self._settle(draft)
            started = time.perf_counter()
            number = self._in_flight.planned + 1
            unit, archiving = assemble(draft, number, self._corridor, filters, self._seen, self._appends)
            rows = 0 if unit.alerts is None else unit.alerts.num_rows
            seconds = time.perf_counter() - started
            self._size.took("plan", rows, seconds)
            self._corridor.observer.worked("plan", rows, seconds)
            self._note(unit)
            is_last = place == len(units) - 1
            weight = offer.weight * rows // max(1, offer.rows)
            yield Planned(unit, offer.rows if is_last else 0, weight, offer.sent, archiving)

    def close_nights(self) -> None:
        """Close the raw segments of nights that a committed unit has ended."""
        while self._passed and self._newest_committed(self._passed[0][0]):
            survey, night = self._passed.popleft()
            self._appends.close_night(survey, night)

    def _released(self, release: Release) -> Planned:
        """The unit that lets dead letters go."""
        filters = self._corridor.filters() if self._filters is None else self._filters
        number, run = self._in_flight.planned + 1, self._corridor.run_of(filters)
        unit = Unit(number, run, counts=release.counts, released=release.numbers)
        self._note(unit)
        return Planned(unit, release.rows, 0)

    def _note(self, unit: Unit) -> None:
        self._in_flight.plan(unit)
        if unit.survey is None or unit.night is None:
            return
        before = self._nights.get(unit.survey, unit.night)
        if unit.night > before:
            self._passed.append((unit.survey, before))
        self._nights[unit.survey] = max(before, unit.night)
        night, number = self._newest.get(unit.survey, (0, 0))
        self._newest[unit.survey] = (unit.night, number if night == unit.night else unit.number)

    def _newest_committed(self, survey: str) -> bool:
        """Whether the first unit of the survey's open night is committed."""
        return self._in_flight.committed >= self._newest[survey][1]

    def _look(self) -> None:
        """Take up other filters while no unit is under way: they hold from the next number of the tag log."""
        if self._in_flight.committed == self._in_flight.planned and self._corridor.filters_changed():
            self._filters = self._corridor.filters()

    def _settle(self, draft: Draft) -> ActiveFilters:
        """Wait for commits on which this unit depends, few do; gives the filters that judge it.

        The first unit of a night sees the points of all nights before it. A filter that was changed holds from a
        number of the tag log, so all tags before it must have theirs.
        """
        self.close_nights()
        part = draft.part
        new_night = part is not None and part.night > self._nights.get(part.arrivals.survey.name, part.night)
        changed = self._filters is None or self._corridor.filters_changed()
        if (new_night or changed) and not self._in_flight.wait_for(self._in_flight.planned):
            raise BrokenOffError
        if self._filters is None or changed:
            self._filters = self._corridor.filters()
        return self._filters
