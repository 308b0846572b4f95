"""How many messages to take at once: few while the engine keeps up, as many as allowed while it lags."""

from __future__ import annotations

from threading import Lock

TARGET_SECONDS = 0.25
"""How long the slowest stage should need for one batch: what waits behind it waits at least so long."""

LEAST = 64
"""Below this a batch costs nearly as much as a larger one."""

_MEMORY = 0.3
"""Weight of the newest batch in the running mean of a rate."""


class BatchSize:
    """Adapts the size of batches to the rate of the slowest stage, and to whether messages are waiting.

    Args:
        most: never more than so many.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._seconds: dict[str, float] = {}
        self._lags = True

    def limit(self) -> int:
        """Messages to ask for now."""
        with self._lock:
            slowest = max(self._seconds.values(), default=0.0)
            if self._lags or not slowest:
                # Throughput counts now: the cost of a batch as such is spread over most alerts.
                return self._most
            return min(self._most, max(LEAST, int(TARGET_SECONDS / slowest)))

    def took(self, stage: str, rows: int, seconds: float) -> None:
        """A stage needed so long for one batch."""
        if rows:
            with self._lock:
                each = seconds / rows
                self._seconds[stage] = each + (1 - _MEMORY) * (self._seconds.get(stage, each) - each)

    def held_up(self, lags: bool) -> None:
        """Whether the source had to wait for the stages behind it."""
        with self._lock:
            self._lags = lags
