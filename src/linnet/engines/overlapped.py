"""Stages side by side: opening, planning and delivery in threads, the commits in the caller's.

Most of the work is done in code that lets other threads run meanwhile: decoding, kernels, compression, the database,
syncing. What waits between two stages is bounded by its bytes, so a slow stage holds up the source and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock, Thread

from linnet.core.observing import Observer
from linnet.core.ports import Source
from linnet.engines.channel import BrokenOffError, Channel
from linnet.engines.committing import Committing
from linnet.engines.delivering import Delivering
from linnet.engines.errands import Release
from linnet.engines.handed_over import Offer, Planned
from linnet.engines.in_flight import InFlight
from linnet.engines.stages import Opening, Planning

ROOM = 192 * 1024 * 1024
"""Bytes of messages that may wait between two stages: more than two batches of ZTF's, or one of LSST's longest."""

UNITS = 2
"""Units that may wait for their commit: where commits are slower than plans, batches are to grow."""

TICK = 1.0
"""Seconds between looks whether a science file is due while nothing comes."""


@dataclass(frozen=True)
class Stages:
    """The stages of one engine, and what is between planning and commit."""

    opening: Opening
    planning: Planning
    committing: Committing
    delivering: Delivering
    in_flight: InFlight


def run_overlapped(stages: Stages, inputs: Sequence[Source], observer: Observer, *, resume: bool) -> None:
    """Take everything that the sources have; return when all of it is committed and delivered.

    The first error of any stage ends all of them and is raised here. What was planned and not committed is dropped:
    its datums lie beyond the committed end of the raw archive.
    """
    to_plan: Channel[Offer | Release] = Channel(ROOM)
    to_commit: Channel[Planned] = Channel(ROOM, UNITS)
    ending = _Ending(to_plan, to_commit, stages)

    def settled() -> None:
        if not stages.in_flight.wait_through(to_plan.given):
            raise BrokenOffError

    def commits() -> None:
        for planned in to_commit.ticking(TICK):
            if planned is None:
                stages.committing.idle()
            else:
                stages.committing.commit(planned)
                stages.delivering.news()
            stages.delivering.look()
            observer.waiting("plan", len(to_plan), to_plan.weight)
            observer.waiting("commit", len(to_commit), to_commit.weight)
        stages.delivering.look()

    work: dict[str, Callable[[], None]] = {
        "open": lambda: stages.opening.run(inputs, to_plan, resume=resume, settled=settled),
        "plan": lambda: stages.planning.run(to_plan, to_commit),
    }
    threads = [Thread(target=ending.guard, args=(each,), name=f"linnet-{name}") for name, each in work.items()]
    for thread in threads:
        thread.start()
    stages.delivering.start(ending.guard)
    ending.guard(commits)
    stages.delivering.end()
    for thread in threads:
        thread.join()
    stages.delivering.join()
    if ending.error is not None:
        raise ending.error
    stages.planning.close_nights()


class _Ending:
    """Ends all stages with the first error of any."""

    def __init__(self, to_plan: Channel[Offer | Release], to_commit: Channel[Planned], stages: Stages) -> None:
        self._broken_off = (
            stages.opening.break_off,
            to_plan.break_off,
            to_commit.break_off,
            stages.in_flight.break_off,
            stages.delivering.end,
        )
        self._lock = Lock()
        self.error: BaseException | None = None

    def guard(self, work: Callable[[], None]) -> None:
        """Run a stage."""
        try:
            work()
        except BrokenOffError:
            return
        except BaseException as error:  # noqa: BLE001  # also Ctrl-C: raised again in the caller's thread
            with self._lock:
                self.error = self.error or error
            for break_off in self._broken_off:
                break_off()
