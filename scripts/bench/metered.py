"""A store that notes what CPU its calls take, whichever thread they come from."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

METERED = frozenset({"commit", "hashes", "points", "flushed"})


class Metered:
    """Another store, and the CPU seconds of its `METERED` calls so far (not of its own threads)."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._spent: list[float] = []

    @property
    def seconds(self) -> float:
        """CPU seconds."""
        return sum(self._spent)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._metered(found) if name in METERED else found

    def _metered(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def metered(*arguments: Any, **named: Any) -> Any:
            started = time.thread_time()
            try:
                return call(*arguments, **named)
            finally:
                self._spent.append(time.thread_time() - started)

        return metered
