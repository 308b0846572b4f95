"""Stopping a process that would run for ever: in order at the first signal, at once at the second."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from linnet.app.command_line import STOPPED

TOGETHER = 1.0
"""Seconds within which a second signal is the first one again: `timeout` and some shells send each of them twice."""


@contextmanager
def until_signal(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at the first SIGTERM or SIGINT; end the process with 143 or 130 at one that comes later.

    Args:
        stop: called in the main thread between two of its steps; must only set something.
    """
    stopped_at: list[float] = []

    def signalled(number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if not stopped_at:
            stopped_at.append(now)
            stop()
        elif now - stopped_at[0] > TOGETHER:
            os.write(sys.stderr.fileno(), f"{STOPPED}\n".encode())
            os._exit(128 + number)

    before = {each: signal.signal(each, signalled) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
