"""A thread that looks at something again and again while a block runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Looking:
    """Calls `look` every so many seconds, on a thread of its own.

    Args:
        look: what to do; it takes no longer than it must, since it holds up what is measured.
        every: seconds between two looks.
    """

    def __init__(self, look: Callable[[], None], every: float) -> None:
        self._look = look
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._again, daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def _again(self) -> None:
        while not self._stop.wait(self._every):
            self._look()
