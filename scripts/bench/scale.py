"""How much is measured: minutes, two minutes, or as long as it takes."""

from __future__ import annotations

from dataclasses import dataclass, field

QUICK_PARTS = ("decoding", "modules", "filters", "store", "whole")
USUAL_PARTS = (*QUICK_PARTS, "histories", "bursts", "start")
FULL_PARTS = (*QUICK_PARTS, "histories", "bursts", "growth", "start", "setup", "memory")


@dataclass(frozen=True)
class Scale:
    """Sizes of one run.

    Attributes:
        name: `quick`, `usual` or `full`.
        parts: what is measured where nothing else is asked for.
        rounds: of what is measured in turn.
        yardstick_packets: packets that fastavro decodes in a round.
        filters: active filters.
        alerts: kind of load -> alerts of a whole run.
        stored: numbers of stored alerts at which the store is measured.
        preloaded: objects in the store before a whole run.
        burst: alerts of a burst that arrive in 3 s. at_once: alerts of one that is there at once.
        growth: few and many alerts stored before the corridor is compared; grown: alerts of those runs at most.
        steady_rate, steady_s: alerts per second, and seconds, of the even load.
    """

    name: str
    parts: tuple[str, ...]
    rounds: int
    yardstick_packets: int
    alerts: dict[str, int]
    stored: tuple[int, ...]
    preloaded: int
    filters: int = 1000
    burst: int = 0
    at_once: int = 0
    growth: tuple[int, ...] = field(default=())
    grown: int = 10_000
    steady_rate: int = 300
    steady_s: float = 1200.0

    @property
    def is_quick(self) -> bool:
        """Whether only what has a ratio to a yardstick is of interest."""
        return self.name == "quick"


SCALES = {
    "quick": Scale("quick", QUICK_PARTS, 3, 24, {"ztf": 2000}, (10_000,), 0, steady_s=60.0),
    "usual": Scale(
        "usual",
        USUAL_PARTS,
        5,
        64,
        {"ztf": 10_000, "lsst-long": 2000, "lsst": 5000},
        (10_000,),
        100_000,
        burst=10_000,
        at_once=40_000,
    ),
    "full": Scale(
        "full",
        FULL_PARTS,
        9,
        128,
        {"ztf": 40_000, "lsst-long": 8000, "lsst": 20_000},
        (10_000, 1_000_000, 10_000_000),
        1_000_000,
        burst=10_000,
        at_once=40_000,
        growth=(10_000, 10_000_000),
    ),
}
