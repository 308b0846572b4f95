"""What an alert costs the whole corridor where much is stored, against where little is (P8)."""

from __future__ import annotations

from bench.figures import Figure
from bench.preloaded import preloaded
from bench.scale import Scale
from bench.storing import ALERTS_PER_OBJECT
from bench.trials import YARDSTICK, Taken, Trial, run
from linnet.simulation.load_schedule import Schedule

KIND = "ztf"
GOAL = "<= 1.2"
ROUNDS = 2


def figures(scale: Scale) -> list[Figure]:
    """CPU per alert of runs whose objects lie at random among those stored."""
    if not scale.growth:
        return []
    turns = [[_run(stored, scale) for stored in scale.growth] for _ in range(ROUNDS)]
    few, many = (min(taken, key=lambda each: each.cpu_us) for taken in zip(*turns, strict=True))
    size = " against ".join(f"{stored:.0e}".replace("e+0", "e") for stored in reversed(scale.growth))
    stores = many.store_us / few.store_us
    note = f"the store's share {few.store_us:.0f} and {many.store_us:.0f} us/alert, {stores:.2f} times as much"
    what = f"the corridor's CPU per alert at {size} stored, objects at random over the sky"
    rounds = tuple(after.cpu_us / before.cpu_us for before, after in turns)
    growth = Figure("P8", what, many.cpu_us / few.cpu_us, "x", GOAL, rounds=rounds, note=note)
    base = Figure("P8_few", f"the corridor at {scale.growth[0]} stored", few.cpu_us, "us/alert")
    return [
        growth.beside(many.cpu_us, YARDSTICK, many.fastavro_us),
        base.beside(few.cpu_us, YARDSTICK, few.fastavro_us),
    ]


def _run(stored: int, scale: Scale) -> Taken:
    """Every alert is of another object that is stored; where much is, the store is that of the part `store`."""
    alerts = min(scale.grown, stored)
    objects = stored if stored == min(scale.growth) else int(stored / ALERTS_PER_OBJECT)
    given = Schedule(alerts, alerts, per_visit=250, by_field=False, seed=5)
    return run(Trial(KIND, given, preloaded(KIND, stored, objects), renamed=True), scale)
