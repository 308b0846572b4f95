"""The whole trial by damaged packets: what `tests/test_mutants.py` does with some, with as many as there is time for.

    make mutants                   # a thousand of them, some five minutes; bench/mutants.json
    PYTHONPATH=scripts:tests python scripts/mutants.py DATA --mutants 10000

DATA is the folder of real packets that the tests use. Good traffic is repeats of real packets, each of which costs a
decode and hardly anything else: beside alerts that are stored, damage would cost a smaller share. Prints a table; ends
with an error at the first claim that does not hold.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from bench.machine import machine

import test_mutants as claims
from mutant_run import Need, run_apart
from mutant_traffic import Traffic
from mutant_verdicts import verdicts
from processes import linnet

RESULT = Path(__file__).parent.parent / "bench" / "mutants.json"
MUTANTS, SHARE = 1001, 0.01
"""By default; the result of fewer is shown and not kept."""

TURNS, TURN = 5, 20_000
"""Turns with and without damage, and clean messages of each, from which the cost of damage is taken."""

LEAST_PACE = 0.9

PEAK_MB = 1500
"""Ten thousand damaged packets bring hundreds of schemas that are kept ready; a million messages need hardly more than
fifty thousand do (1,335 and 1,258 MB were measured)."""


def main(traffic: Traffic, folder: Path) -> dict[str, object]:
    """Run, judge, print; gives what was found.

    Raises:
        AssertionError, SystemExit: a claim of the account or of memory does not hold.
    """
    mixed_run = claims.finished(traffic, folder / "mixed")
    alone_run = claims.finished(Traffic(traffic.data, 200, 0.0), folder / "alone", intact=True)
    with mixed_run as mixed, alone_run as alone:
        told = verdicts((s for s in traffic if s.what == "mutant"), mixed.home, traffic.data / "schemas")
        found = account(traffic, mixed, told)
        show(found)
        claims.test_every_mutant_is_refused_with_its_bytes_or_is_what_a_strict_reader_reads(traffic, told)
        claims.test_every_message_is_accounted_for(traffic, mixed, told)
        claims.test_intact_alerts_are_stored_as_without_the_mutants(traffic, mixed, alone)
        claims.test_points_and_objects_differ_only_where_an_accepted_mutant_brought_something(traffic, mixed, alone)
        if mixed.need.peak_mb > PEAK_MB:
            raise SystemExit(f"memory is not bounded: {mixed.need.peak_mb:.0f} MB")
    kept = pace_kept(traffic, folder)
    show(kept)
    return found | kept | {"missed": min(kept["pace_kept_cpu"], kept["pace_kept_wall"]) < LEAST_PACE}


def pace_kept(traffic: Traffic, folder: Path) -> dict[str, float]:
    """The pace of clean messages among damaged ones as a share of their pace alone, by the least time of all turns.

    Both kinds of turn bring as many clean messages, and they alternate.
    """
    needs: dict[bool, list[Need]] = {False: [], True: []}
    mixed = Traffic(traffic.data, round(TURN / (1 - traffic.share)), traffic.share, traffic.seed)
    for turn in range(2 * TURNS):
        damaged = turn % 4 in {1, 2}
        given = mixed if damaged else Traffic(traffic.data, TURN, 0.0, traffic.seed)
        needs[damaged].append(run_apart(given, folder / f"turn-{turn}"))
    cpu = [min(need.cpu for need in needs[damaged]) for damaged in (False, True)]
    wall = [min(need.seconds for need in needs[damaged]) for damaged in (False, True)]
    return {
        "turns": TURNS,
        "clean_messages_a_turn": TURN,
        "clean_cpu_s": round(cpu[0], 2),
        "mixed_cpu_s": round(cpu[1], 2),
        "clean_wall_s": round(wall[0], 2),
        "mixed_wall_s": round(wall[1], 2),
        "pace_kept_cpu": round(cpu[0] / cpu[1], 3),
        "pace_kept_wall": round(wall[0] / wall[1], 3),
    }


def account(traffic: Traffic, mixed: claims.Outcome, told: Counter[str]) -> dict[str, object]:
    """What was sent, what became of it, what it needed."""
    need, audit = mixed.need, mixed.account
    return {
        "messages": need.messages,
        "mutants": told.total(),
        "share": traffic.share,
        "verdicts": dict(sorted(told.items())),
        "received": audit.received,
        "archived": audit.archived,
        "duplicates": audit.duplicates,
        "dead_letters": sum(audit.dead.values()),
        "audit_ok": audit.ok,
        "problems": audit.problems,
        "seconds": round(need.seconds),
        "cpu_ms_a_message": round(1000 * need.cpu / need.messages, 3),
        "before_mb": round(need.before_mb),
        "peak_after_first_batches_mb": round(need.settled_mb),
        "peak_mb": round(need.peak_mb),
    }


def show(found: dict[str, object] | dict[str, float]) -> None:
    """A table."""
    for name, value in found.items():
        rows = value.items() if isinstance(value, dict) else [("", value)]
        for of, each in rows:
            sys.stdout.write(f"{f'{name} {of}'.strip():<44}{each!s:>12}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--mutants", type=int, default=MUTANTS)
    parser.add_argument("--share", type=float, default=SHARE)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    ran_on = machine()
    linnet("warmup")  # what is compiled only once says so, where a run must be silent
    with tempfile.TemporaryDirectory() as place:
        result = main(Traffic(given.data, round(given.mutants / given.share), given.share, given.seed), Path(place))
    if given.mutants >= MUTANTS:
        RESULT.write_text(json.dumps({"machine": ran_on, **result}, indent=2) + "\n", encoding="utf-8")
    if result["missed"]:
        sys.exit("damage costs more than a tenth of the pace")
    sys.stdout.write("every claim holds\n")
