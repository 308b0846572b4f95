"""A flame graph of the whole corridor: `python -m bench.profiling [KIND] [ALERTS]` writes `bench/profile.svg`."""

from __future__ import annotations

import sys

from bench.enriched import home
from bench.filtering import control
from bench.flame import Sampler, svg, tree
from bench.results import ROOT
from linnet.adapters.memory_source import MemorySource
from linnet.app.load import load_of
from linnet.engines.local import LocalEngine
from linnet.simulation.load_schedule import Schedule

FILTERS = 1000
TARGET = ROOT / "bench" / "profile.svg"


def main(kind: str = "ztf", alerts: str = "3000") -> None:
    """Run a load through a new broker with all filters, and draw where the time went."""
    number = int(alerts)
    batches = tuple(load_of(kind, Schedule(number, max(1, number // 2), nights=2)).batches())
    with home(control(kind, FILTERS)) as (_, corridor):
        corridor.filters()
        engine = LocalEngine(corridor)
        engine.take(batches[0].slice(0, 16), ())
        with Sampler() as sampler:
            engine.run([MemorySource(batches)])
            engine.finish()
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(svg(tree(sampler.stacks), f"{number} alerts, {kind}, {FILTERS} filters"), encoding="utf-8")
    sys.stdout.write(f"wrote {TARGET}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
