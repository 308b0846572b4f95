"""CPU time of several things in turn, so that what disturbs one round disturbs all of it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Work = tuple[Callable[[], object], int]
"""What to do, and of how many alerts that is."""


@dataclass(frozen=True)
class Spent:
    """CPU microseconds per alert of each round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Of the rounds."""
        return statistics.median(self.rounds)


def in_turn(works: Mapping[str, Work], rounds: int) -> dict[str, Spent]:
    """Do everything once unmeasured, then `rounds` times in turn."""
    spent: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, (work, alerts) in works.items():
            started = time.process_time()
            work()
            used = time.process_time() - started
            if number:
                spent[name].append(used * 1e6 / alerts)
    return {name: Spent(tuple(values)) for name, values in spent.items()}
