"""How long to wait before the next attempt at a broker that is away."""

from __future__ import annotations

import random

FIRST, LONGEST = 0.5, 30.0
"""Seconds."""


class Backoff:
    """Twice as long after each failure, each time shortened at random by up to a half.

    A broker that comes back is not met by all its readers at once.
    """

    def __init__(self) -> None:
        self._next = FIRST

    def seconds(self, asked: float | None = None) -> float:
        """Seconds to wait after one more failure; at least what the broker asked for."""
        chosen = self._next * random.uniform(0.5, 1.0)  # noqa: S311 - spreads readers, keeps no secret
        self._next = min(2 * self._next, LONGEST)
        return max(chosen, asked or 0.0)

    def reset(self) -> None:
        """An attempt succeeded."""
        self._next = FIRST
