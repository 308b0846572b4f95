"""The whole trial by damaged packets: what `tests/test_mutants.py` does with some, with as many as there is time for.

    python scripts/mutants.py DATA [--mutants 10000] [--share 0.01] [--seed 1]

DATA is the folder of real packets that the tests use. Good traffic is repeats of real packets, each of which costs a
decode: at 1 % and 0.24 ms a message, ten thousand mutants take five minutes of one core. Prints a table; ends with an
error at the first claim that does not hold.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import test_mutants as claims
from mutant_run import run_apart
from mutant_traffic import Traffic
from mutant_verdicts import verdicts

TURNS, TURN = 3, 20_000
"""Turns with and without damage, and messages of each, from which the cost of damage is taken."""

PEAK_MB = 1500
"""Ten thousand damaged packets bring hundreds of schemas that are kept ready; a million messages need hardly more than
fifty thousand do (1,335 and 1,258 MB were measured)."""


def main(traffic: Traffic, folder: Path) -> None:
    """Run, judge, print."""
    mixed_run = claims.finished(traffic, folder / "mixed")
    alone_run = claims.finished(Traffic(traffic.data, 200, 0.0), folder / "alone", intact=True)
    with mixed_run as mixed, alone_run as alone:
        told = verdicts((s for s in traffic if s.what == "mutant"), mixed.home, traffic.data / "schemas")
        table(traffic, mixed, told)
        claims.test_every_mutant_is_refused_with_its_bytes_or_is_what_a_strict_reader_reads(traffic, told)
        claims.test_every_message_is_accounted_for(traffic, mixed, told)
        claims.test_intact_alerts_are_stored_as_without_the_mutants(traffic, mixed, alone)
        claims.test_points_and_objects_differ_only_where_an_accepted_mutant_brought_something(traffic, mixed, alone)
        if mixed.need.peak_mb > PEAK_MB:
            raise SystemExit(f"memory is not bounded: {mixed.need.peak_mb:.0f} MB")
    kept = pace_kept(traffic, folder)
    sys.stdout.write(f"{'pace of traffic without damage':<34}{kept:>12.1%}\n")
    if kept < 0.9:
        raise SystemExit("damage costs more than a tenth of the pace")
    sys.stdout.write("every claim holds\n")


def pace_kept(traffic: Traffic, folder: Path) -> float:
    """The pace of mixed traffic as a share of that of the same without damage, by the least time of the processor."""
    least: dict[float, float] = {}
    for turn in range(2 * TURNS):
        share = traffic.share if turn % 2 else 0.0
        need = run_apart(Traffic(traffic.data, TURN, share, traffic.seed), folder / f"turn-{turn}")
        least[share] = min(least.get(share, float("inf")), need.cpu / need.messages)
    return least[0.0] / least[traffic.share]


def table(traffic: Traffic, mixed: claims.Outcome, told: Counter[str]) -> None:
    """What was sent, what became of it, what it needed."""
    need, account = mixed.need, mixed.account
    rows: list[tuple[str, object]] = [
        ("messages", need.messages),
        ("  of them damaged", told.total()),
        ("  part of the mixed traffic", f"{traffic.share:.1%}"),
        *((f"    {name}", n) for name, n in sorted(told.items())),
        ("received", account.received),
        ("archived", account.archived),
        ("duplicates", account.duplicates),
        ("dead letters", sum(account.dead.values())),
        ("audit", "OK" if account.ok else f"NOT OK: {account.problems}"),
        ("seconds", f"{need.seconds:.0f}"),
        ("ms a message", f"{1000 * need.seconds / need.messages:.2f}"),
        ("resident MB before", f"{need.before_mb:.0f}"),
        ("peak MB after the first batches", f"{need.settled_mb:.0f}"),
        ("peak MB at the end", f"{need.peak_mb:.0f}"),
    ]
    for name, value in rows:
        sys.stdout.write(f"{name:<34}{value:>12}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--mutants", type=int, default=10_000)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        main(Traffic(given.data, round(given.mutants / given.share), given.share, given.seed), Path(place))
