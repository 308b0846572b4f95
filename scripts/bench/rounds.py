"""CPU time of several things in turn, so that what disturbs one round disturbs all of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Work = tuple[Callable[[], object], int]
"""What to do, and of how many alerts that is."""

LEAST_S = 0.02
"""What is over sooner is repeated within its turn, and the least counts: a single millisecond tells more about the
caches that the work before it left cold."""

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
    spent: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, (work, alerts) in works.items():
            used = _spent(work, least_s if number else 0.0)
            if number:
                spent[name].append(used * 1e6 / alerts)
    return {name: Spent(tuple(values)) for name, values in spent.items()}


def _spent(work: Callable[[], object], least_s: float) -> float:
    """CPU seconds of the least of as many repeats as it takes to fill a turn."""
    taken: list[float] = []
    while not taken or (sum(taken) < least_s and len(taken) < MOST_REPEATS):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken)
