"""Bursts as a survey sends them: from arrival to delivered (P4)."""

from __future__ import annotations

from bench.figures import Figure, percentile
from bench.nights import nights
from bench.preloaded import preloaded
from bench.scale import Scale
from bench.trials import Taken, Trial, run
from bench.whole import memory

KIND = "ztf"
SECONDS = 3.0
GOALS: dict[str, dict[int, str | None]] = {"P4": {50: "<= 1.5", 98: "<= 4"}, "P4_at_once": {50: None, 98: "<= 20"}}


def figures(scale: Scale) -> list[Figure]:
    """Latencies of a burst over three seconds, and of one that is there at once."""
    found: list[Figure] = []
    for name, alerts, seconds in (("P4", scale.burst, SECONDS), ("P4_at_once", scale.at_once, 0.0)):
        if alerts:
            found += _of_burst(name, _run(alerts, seconds, scale), seconds)
    return found


def _run(alerts: int, seconds: float, scale: Scale) -> Taken:
    """All alerts are of one night and of objects of their own."""
    store = preloaded(KIND, scale.preloaded) if scale.preloaded else None
    return run(Trial(KIND, nights(alerts, alerts), store, seconds), scale)


def _of_burst(name: str, taken: Taken, seconds: float) -> list[Figure]:
    late: list[float] = taken.result["latencies"]
    what = f"{taken.alerts} alerts in {seconds:g} s" if seconds else f"{taken.alerts} alerts at once"
    note = f"of those that nothing matched: to committed; at most {max(late):.2f} s"
    times = [
        Figure(f"{name}_p{k}", f"{what}, arrival to delivered, p{k}", percentile(late, k), "s", goal, note=note)
        for k, goal in GOALS[name].items()
    ]
    return [*times, memory(name, taken)]
