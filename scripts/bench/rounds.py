"""CPU time of several things in turn, so that what disturbs one round disturbs all of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Work = tuple[Callable[[], object], int]
"""What to do, and of how many alerts that is."""

LEAST_S = 0.02
"""What is over sooner is repeated within its turn: a millisecond's CPU time is mostly that of caches left cold."""

MOST_REPEATS = 100


@dataclass(frozen=True)
class Spent:
    """CPU microseconds per alert of each round."""

    rounds: tuple[float, ...]

    @property
    def least(self) -> float:
        """Of the rounds: whatever else runs on a machine only adds to CPU time."""
        return min(self.rounds)


def in_turn(works: Mapping[str, Work], rounds: int, least_s: float = LEAST_S) -> dict[str, Spent]:
    """Do everything once unmeasured, then `rounds` times in turn.

    Args:
        works: what to do.
        rounds: how often.
        least_s: CPU seconds that a turn takes at least, by repeating what is shorter.
    """
    repeats = {name: _repeats(_spent(work, 1), least_s) for name, (work, _) in works.items()}
    spent: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, (work, alerts) in works.items():
            spent[name].append(_spent(work, repeats[name]) * 1e6 / alerts)
    return {name: Spent(tuple(values)) for name, values in spent.items()}


def _spent(work: Callable[[], object], repeats: int) -> float:
    """CPU seconds of one of so many repeats."""
    started = time.process_time()
    for _ in range(repeats):
        work()
    return (time.process_time() - started) / repeats


def _repeats(seconds: float, least: float) -> int:
    return min(MOST_REPEATS, max(1, round(least / max(seconds, 1e-9))))
