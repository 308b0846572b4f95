"""`linnet dead retry` beside a broker that runs: written down in the control database, done by the broker, answered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pyarrow as pa
import structlog

from linnet.adapters.home_lock import HomeLock
from linnet.app.home import Home
from linnet.app.wiring import Parts, open_control
from linnet.core.accounting import ranges, release
from linnet.core.ports import Control
from linnet.engines.errands import Errand, Release
from linnet.errors import HomeLockedError, InputError, LinnetError
from linnet.operations.retry import DeadLetters, Reading, settled_letters

LOOK = 0.2
"""Seconds between looks for an answer."""

log = structlog.get_logger("linnet")


class RetryErrand:
    """A request, done by the engine that runs.

    Args:
        parts: of the home.
        number: of the request.
        reason: which dead letters.

    Raises:
        InputError: those cannot be offered again.
    """

    def __init__(self, parts: Parts, number: int, reason: str) -> None:
        self._parts = parts
        self._number = number
        self._reason = reason
        self._reading = Reading({s.name: s for s in parts.surveys}, parts.schemas)
        self._letters = DeadLetters(parts.store, self._reading, reason)
        self._offered = 0
        self._released = 0

    def next_batch(self, limit: int) -> pa.RecordBatch | None:
        """Messages that can be read now."""
        batch = self._letters.next_batch(limit)
        self._offered += 0 if batch is None else batch.num_rows
        return batch

    def releases(self) -> Iterator[Release]:
        """Those whose alerts are accounted for."""
        for letters in settled_letters(self._parts.store, self._reading, self._reason):
            self._released += letters.num_rows
            yield Release(release(letters), ranges(letters.column("dead_id").to_pylist()), letters.num_rows)

    def done(self) -> None:
        """Answer."""
        left = self._parts.store.dead_counts().get(self._reason, 0)
        told = {"offered": self._offered, "released": self._released, "left": left}
        self._parts.control.answer_retry(self._number, json.dumps(told))
        log.info("dead letters offered again", reason=self._reason, **told)


def requests(parts: Parts) -> Callable[[], Errand | None]:
    """Gives the next request without an answer, whenever it is asked; one that cannot be done is answered with why."""

    def following() -> Errand | None:
        for number, reason in parts.control.retries():
            try:
                return RetryErrand(parts, number, reason)
            except LinnetError as error:
                parts.control.answer_retry(number, json.dumps({"error": str(error)}))
        return None

    return following


def ask(home: Home, reason: str, busy: HomeLockedError, patience: float) -> dict[str, int] | None:
    """Have the process that holds a home offer dead letters again, and wait for its answer.

    Args:
        home: the home.
        reason: one of `linnet.operations.retry.OFFERED`.
        busy: how the lock was refused.
        patience: seconds to wait.

    Returns:
        Messages `offered`, dead letters `released`, and `left` of this reason; None where nobody holds the home any
        more and the request is withdrawn.

    Raises:
        InputError: the broker says why it cannot be done.
        HomeLockedError: there was no answer in time; the request stays.
    """
    control = open_control(home)
    try:
        number = control.ask_retry(reason)
        end = time.monotonic() + patience
        while time.monotonic() < end:
            time.sleep(LOOK)
            answer = control.retry_answer(number)
            if answer is not None:
                return _read(answer)
            if _withdrawn(home, control, number):
                return None
    finally:
        control.close()
    raise HomeLockedError(
        f"{busy.args[0].partition(';')[0]} and has not answered; request {number} is written down and "
        "will be done by the next `linnet run` at the latest"
    )


def _read(answer: str) -> dict[str, int]:
    found = json.loads(answer)
    if "error" in found:
        raise InputError(str(found["error"]))
    return {name: int(found[name]) for name in ("offered", "released", "left")}


def _withdrawn(home: Home, control: Control, number: int) -> bool:
    """Whether nobody holds the home, so that nobody would do what was asked."""
    try:
        with HomeLock(home.path):
            control.answer_retry(number, "{}")
            return True
    except HomeLockedError:
        return False
