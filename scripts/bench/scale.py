"""How much is measured: minutes, two minutes, or as long as it takes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Sizes of one run.

    Attributes:
        name: `quick`, `usual` or `full`.
        rounds: of what is measured in turn.
        yardstick_packets: packets that fastavro decodes in a round.
        filters: generated filters.
        alerts: kind of load -> alerts of a whole run.
        stored: numbers of stored alerts at which the store is measured.
        preloaded: objects in the store before a whole run.
        burst: alerts of a burst that arrive in 3 s. at_once: alerts of one that is there at once.
    """

    name: str
    rounds: int
    yardstick_packets: int
    filters: int
    alerts: dict[str, int]
    stored: tuple[int, ...]
    preloaded: int
    burst: int = 0
    at_once: int = 0


SCALES = {
    "quick": Scale("quick", 3, 24, 1000, {"ztf": 2000}, (10_000,), 0),
    "usual": Scale(
        "usual", 5, 64, 1000, {"ztf": 10_000, "lsst-long": 2000, "lsst": 5000}, (10_000,), 10_000, 10_000, 0
    ),
    "full": Scale(
        "full",
        9,
        128,
        1000,
        {"ztf": 40_000, "lsst-long": 8000, "lsst": 20_000},
        (10_000, 1_000_000, 10_000_000),
        1_000_000,
        10_000,
        40_000,
    ),
}
