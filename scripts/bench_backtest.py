"""Back-test filters over a recorded home, and say how fast that is.

    python scripts/bench_backtest.py [--ztf 20000] [--lsst 3000] [--turns 3]

For each survey a home takes two nights of load, every object seen in both. Then, in turn: a filter on scalar columns
alone; one that asks for the joined light curve, so that every packet is read again; one that asks for a module that the
run did not have. Prints CPU time per alert (the least of the turns) and alerts a second of one core, beside the
yardstick of the same run: fastavro over the same packets, datum alone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parent))

from bench.rounds import Spent, in_turn
from bench.sample_packets import Reader

from linnet.adapters.memory_source import MemorySource
from linnet.app import wiring
from linnet.app.backtesting import past_of
from linnet.app.config import Settings
from linnet.app.home import create
from linnet.app.load import load_of
from linnet.core.unit import Run
from linnet.engines.local import LocalEngine
from linnet.filters.filter_set import NamedFilter
from linnet.filters.language import parse
from linnet.operations.backtest import backtest
from linnet.operations.backtest_nights import Question
from linnet.operations.recorded_nights import Past
from linnet.simulation.load_schedule import Schedule

GOALS = {"scalar columns": 20_000, "ztf": 2_000, "lsst-long": 500}
SCALAR = "young_and_rising"
JOINED = "max(lc.flux where band = 'r' and mjd > now() - 10) > 5 * median(lc.flux_err) and count(lc) >= 3"
YARDSTICK = 300


class Nothing:
    """Keeps no night, so that every turn does all of them."""

    def night(self, survey: str, night: int) -> None:
        """Never done."""

    def keep(self, facts: Mapping[str, Any], table: pa.Table) -> None:
        """Forget it."""


class OlderRuns:
    """A store whose runs had one module less."""

    def __init__(self, store: Any, module: str) -> None:
        self._store, self._module = store, module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def runs(self) -> dict[str, Run]:
        """The runs without it."""
        known = self._store.runs()
        return {
            i: replace(r, modules={m: v for m, v in r.modules.items() if m != self._module}) for i, r in known.items()
        }


def main() -> int:
    """Run it; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, least in (("ztf", 20_000), ("lsst", 3_000), ("turns", 3)):
        parser.add_argument(f"--{name}", type=int, default=least)
    wanted = parser.parse_args()
    rates = {}
    for kind, rows in (("ztf", wanted.ztf), ("lsst-long", wanted.lsst)):
        for what, rate in measured(kind, rows, wanted.turns).items():
            rates[kind, what] = rate
    goals = [("scalar columns", (k, "scalar columns")) for k in ("ztf", "lsst-long")]
    goals += [(k, (k, "packets, joined light curve")) for k in ("ztf", "lsst-long")]
    missed = [key for goal, key in goals if rates[key] < GOALS[goal]]
    print("all goals met" if not missed else f"missed: {missed}")  # noqa: T201 - a script that prints
    return int(bool(missed))


def measured(kind: str, rows: int, turns: int) -> dict[str, float]:
    """Alerts a second of each way, for one kind of load."""
    load = load_of(kind, Schedule(rows, rows // 2, nights=2, per_visit=max(1, rows // 40)))
    batches = tuple(load.batches(rows=1000))
    with tempfile.TemporaryDirectory() as folder:
        home = create(Path(folder) / "home")
        with wiring.writer(home, Settings()) as (_, corridor):
            LocalEngine(corridor).run([MemorySource(batches)])
        with wiring.reader(home, Settings()) as parts:
            past = past_of(parts)
            works = ways(past, rows)
            yardstick = Reader(batches[0], YARDSTICK)
            spent = in_turn({"fastavro, datum alone": (yardstick.alone, len(yardstick)), **works}, turns, 0.0)
    return told(kind, spent)


def ways(past: Past, rows: int) -> dict[str, tuple[Callable[[], object], int]]:
    """What is measured."""
    builtin = {f.name: f.text for f in wiring.builtin()}
    columns = past.plan.columns
    scalar = NamedFilter(SCALAR, 1, parse(builtin[SCALAR], columns))
    listed = NamedFilter("listed", 1, parse(JOINED, columns))
    newer = NamedFilter("newer", 1, parse("variability_log_p < -10", columns))
    older = replace(past, store=OlderRuns(past.store, "variability"))
    return {
        "scalar columns": (lambda: run(past, scalar, rows), rows),
        "packets, joined light curve": (lambda: run(past, listed, rows), rows),
        "packets, a newer module": (lambda: run(older, newer, rows), rows),
    }


def run(past: Past, asked: NamedFilter, rows: int) -> None:
    """One back-test of everything."""
    nights = list(backtest(past, Question(asked, 0, 99991231), Nothing()))
    if sum(night.facts.judged for night in nights) != rows:
        raise RuntimeError("not every alert was judged: the figures would mean nothing")


def told(kind: str, spent: Mapping[str, Spent]) -> dict[str, float]:
    """Print each figure; gives the rates."""
    rates = {}
    beside = spent["fastavro, datum alone"].least
    for what, each in spent.items():
        rates[what] = 1e6 / each.least
        line = f"{kind:10} {what:30} {each.least:9.1f} us/alert {rates[what]:10.0f} alerts/s"
        print(f"{line} {beside / each.least:8.2f} x fastavro")  # noqa: T201 - a script that prints
    return rates


if __name__ == "__main__":
    sys.exit(main())
