"""One figure, with everything that is needed to judge it later and elsewhere."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Attributes:
        id: stands for good; later results are compared by it.
        name: what it is, for a person.
        value, unit: where it is made of CPU times, of the least of the rounds.
        goal: the bound, with its sense: ">= 3333", "<= 15"; None where the figure is only stated.
        cpu_us: CPU microseconds per alert, where the figure has any.
        yardstick: name of what ran beside it. yardstick_us: its CPU microseconds per alert.
        rounds: the value in each round.
        note: how to read it.
    """

    id: str
    name: str
    value: float
    unit: str
    goal: str | None = None
    cpu_us: float | None = None
    yardstick: str | None = None
    yardstick_us: float | None = None
    rounds: tuple[float, ...] = ()
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.goal is None:
            return None
        sense, bound = self.goal.split()
        return self.value >= float(bound) if sense == ">=" else self.value <= float(bound)

    @property
    def ratio(self) -> float | None:
        """How many times the yardstick's CPU fits: more is better."""
        if not self.cpu_us or not self.yardstick_us:
            return None
        return self.yardstick_us / self.cpu_us

    def beside(self, cpu_us: float, yardstick: str, yardstick_us: float) -> Figure:
        """The same with its CPU and that of what ran beside it."""
        return replace(self, cpu_us=cpu_us, yardstick=yardstick, yardstick_us=yardstick_us)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        rounds = self.rounds or (self.value,)
        return {
            "name": self.name,
            "value": _short(self.value),
            "unit": self.unit,
            "goal": self.goal,
            "met": self.met,
            "cpu_us_per_alert": _short(self.cpu_us),
            "yardstick": self.yardstick,
            "yardstick_us_per_alert": _short(self.yardstick_us),
            "ratio": _short(self.ratio),
            "min": _short(min(rounds)),
            "median": _short(statistics.median(rounds)),
            "max": _short(max(rounds)),
            "rounds": len(rounds),
            "note": self.note,
        }


def percentile(values: Sequence[float], percent: float) -> float:
    """A percentile by the nearest rank: a value that occurred."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * int(percent * 10) // 1000) - 1))]


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
