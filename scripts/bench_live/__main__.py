"""`python -m bench_live`: measure, print, keep."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from bench.machine import machine

import services
from bench_live.delays import PER_VISIT, Trial
from bench_live.slow_readers import ROUNDS, slow_readers
from kafka_server import started

RESULT = Path(__file__).parent.parent.parent / "bench" / "live.json"
PARTS = ("burst", "at-once", "slow-readers")
VISITS, AT_ONCE = 20, (10_000, 40_000)
GOALS = {"burst": {50: 2.0, 98: 6.0}, "at_once_10000": {98: 10.0}, "at_once_40000": {98: 40.0}}

Found = dict[str, object]
"""What is kept of one part; `missed` is true where a goal is."""


def main(arguments: Sequence[str]) -> int:
    """Measure; gives 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="bench_live", description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="only these; others stay as kept")
    parser.add_argument("--visits", type=int, default=VISITS, help="of a burst; other than 20: not kept")
    parser.add_argument("--at-once", type=int, nargs="*", default=AT_ONCE, help="other than 10000 40000: not kept")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of slow readers; other than 10: not kept")
    given = parser.parse_args(arguments)
    why = services.missing("kafka")
    if why is not None:
        sys.exit(why)
    ran_on = machine()
    missed = False
    for name, found, is_whole in measured(given):
        missed |= bool(found["missed"])
        if is_whole:
            keep(RESULT, ran_on, name, found)
    return int(missed)


def measured(given: argparse.Namespace) -> Iterator[tuple[str, Found, bool]]:
    """Name, result, and whether it was measured at the scale that is kept, of every part that was asked for."""
    if "burst" in given.parts:
        yield "burst", delays("burst", given.visits * PER_VISIT), given.visits == VISITS
    for alerts in given.at_once if "at-once" in given.parts else ():
        yield f"at_once_{alerts}", delays(f"at_once_{alerts}", alerts), alerts in AT_ONCE
    if "slow-readers" in given.parts:
        yield "slow_readers", slow(given.rounds), given.rounds == ROUNDS


def slow(rounds: int) -> Found:
    """What slow readers cost the others."""
    with tempfile.TemporaryDirectory(prefix="live-") as folder, started(Path(folder) / "kafka") as kafka:
        found = slow_readers(kafka, Path(folder), rounds)
    say(f"slow_readers: {json.dumps(found, indent=2)}")
    return found


def delays(name: str, alerts: int) -> Found:
    """The delays of so many alerts."""
    with tempfile.TemporaryDirectory(prefix="live-") as folder, started(Path(folder) / "kafka") as kafka:
        found = Trial(kafka, Path(folder), name, alerts).run()
    percentiles = {k: round(float(np.percentile(found, k)), 2) for k in (50, 98, 100)}
    say(f"{name}: {alerts} alerts, p50 {percentiles[50]} s, p98 {percentiles[98]} s, most {percentiles[100]} s")
    missed = any(percentiles[k] > goal for k, goal in GOALS.get(name, {}).items())
    return {"alerts": alerts, **{f"p{k}_s": value for k, value in percentiles.items()}, "missed": missed}


def keep(path: Path, ran_on: Mapping[str, object], name: str, found: Found) -> None:
    """Put a result beside those that are kept; what was measured another day says so."""
    kept: dict[str, object] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    kept |= {"machine": ran_on, name: found | {"commit": ran_on["commit"], "date": ran_on["date"]}}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def say(line: str) -> None:
    """A line on standard output, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
