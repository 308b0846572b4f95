"""`python -m soak`: run, judge, print, keep."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.machine import machine

import services
from kafka_server import started
from soak.run import Given, Soaked, soak
from soak.watch import levels, problems, rows

RESULT = Path(__file__).parent.parent.parent / "bench" / "soak.json"
WHOLE = 30.0
"""Minutes of the run that is kept."""

ON_DISK = 20_000
"""Bytes of an alert in both archives, the store and the outbox, generously."""


def main(arguments: Sequence[str]) -> int:
    """Run; gives the exit code: 1 where memory or a lag grew, or an alert is not accounted for."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=WHOLE, help="less than 30: nothing is kept")
    parser.add_argument("--rate", type=int, default=300, help="alerts a second")
    parser.add_argument("--earlier", type=int, default=0, help="alerts before, as fast as the broker takes them")
    parser.add_argument("--every", type=float, help="seconds between two looks (default: 10 of 30 minutes)")
    given = parser.parse_args(arguments)
    seconds = 60 * given.minutes
    why = services.missing("kafka")
    if why is not None:
        sys.exit(why)
    ran_on = machine()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        need = ON_DISK * (given.earlier + given.rate * seconds) + 2e9
        if (free := shutil.disk_usage(folder).free) < need:
            sys.exit(f"this needs {need / 1e9:.0f} GB below {folder}: {free / 1e9:.0f} are free")
        with started(Path(folder) / "kafka") as kafka:
            every = given.every or min(10.0, seconds / 180)
            found = soak(kafka, Path(folder), Given(given.earlier, given.rate, seconds, every))
    result = {"machine": ran_on, "earlier": given.earlier, **judged(found, given.rate, seconds)}
    if given.minutes >= WHOLE:
        RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    shown = {name: value for name, value in result.items() if name not in {"machine", "looks"}}
    sys.stdout.write(json.dumps(shown, indent=2) + "\n")
    return int(bool(result["problems"]))


def judged(found: Soaked, rate: int, seconds: float) -> dict[str, object]:
    """Everything as plain values."""
    level = levels(found.looks, seconds)
    told = [*problems(level, found.looks, rate), *_unaccounted(found)]
    return {
        "minutes": seconds / 60,
        "rate": rate,
        "alerts": found.sent,
        "problems": told,
        **asdict(level),
        "most_mb": max(each.anonymous_mb for each in found.looks),
        "most_lag": max(each.lag for each in found.looks),
        "deleted_by_kafka": found.looks[-1].deleted,
        "cores": round(found.cpu_s / seconds, 3),
        "audit_ok": found.audit["ok"],
        "exit_code": found.code,
        "looks": rows(found.looks),
    }


def _unaccounted(found: Soaked) -> list[str]:
    """What the audit and the exit code say."""
    told = []
    if found.code:
        told.append(f"the broker ended with exit code {found.code}")
    if not found.audit["ok"]:
        told.append(f"audit: {found.audit['problems']}")
    if not found.sent == found.audit["received"] == found.audit["archived"]:
        told.append(f"{found.sent} sent, {found.audit['received']} received, {found.audit['archived']} archived")
    return told


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
