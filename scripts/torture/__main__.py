"""`python -m torture`: kill the broker everywhere, check everything, print a table, write `bench/torture.json`."""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import services
from kafka_server import KafkaServer, started
from linnet.core.failpoints import FAILPOINTS, OF_SERVICES
from torture.case import Place
from torture.rows import Row, commit_now, heading, result, row_of, say, write
from torture.sabotage import CONTROLS, is_caught
from torture.traffic import Traffic
from torture.ways import at_failpoint, at_random, in_recovery, under_control
from torture.world import world

POINTS = tuple(sorted((*FAILPOINTS, *OF_SERVICES)))


def main(arguments: Sequence[str]) -> int:
    """Run; gives the exit code: 1 where anything was lost or doubled, or a control was not caught."""
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="at each failpoint")
    parser.add_argument("--random", type=int, default=60, help="at random moments")
    parser.add_argument("--recovery", type=int, default=30, help="while it recovers")
    parser.add_argument("--points", nargs="+", choices=POINTS, default=POINTS, help="only these; nothing is written")
    parser.add_argument("--alerts", type=int, default=24, help="of each of three topics")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder in which homes and histories are kept")
    given = parser.parse_args(arguments)
    why = services.missing("kafka")
    if why is not None:
        sys.exit(why)
    commit = commit_now()
    folder = given.keep or Path(tempfile.mkdtemp(prefix="torture-"))
    try:
        with (
            started(folder / "kafka") as kafka,
            world(kafka, folder / "cases", Traffic(alerts=given.alerts, seed=given.seed)) as place,
        ):
            rows = killed(place, kafka, given)
            controls = controlled(place, given.seed)
    finally:
        if given.keep is None:
            shutil.rmtree(folder)
    found = result(rows, controls, commit)
    if given.points == POINTS:
        write(found)
    say(
        f"{found['kills']} kills: {found['lost']} lost, {found['doubled']} doubled, {found['problems']} problems;"
        f" {found['controls_caught']} of {found['controls']} controls caught"
    )
    return 0 if not found["problems"] and all(controls.values()) else 1


def killed(place: Place, kafka: KafkaServer, given: argparse.Namespace) -> list[Row]:
    """Every way of killing an honest broker, and the power cut that must cost nothing."""
    chance = random.Random(given.seed)  # noqa: S311 - reproducible moments, no secret
    heading()
    rows = [
        row_of(f"failpoint {point}", at_failpoint(place, kafka, point, given.kills, chance)) for point in given.points
    ]
    rows.append(row_of("random", at_random(place, given.random, chance)))
    rows.append(row_of("recovery", in_recovery(place, given.recovery, chance)))
    rows.append(row_of("power cut", [under_control(place, "noted_sync", chance, kills=6)]))
    return rows


def controlled(place: Place, seed: int) -> dict[str, bool]:
    """Whether the checks catch each broker that is broken on purpose; with other chances before one is not."""
    found: dict[str, bool] = {}
    for control in CONTROLS:
        for turn in range(2):
            outcome = under_control(place, control, random.Random(seed + turn))  # noqa: S311 - as above
            found[control] = is_caught(control, outcome.verdict.problems)
            if found[control]:
                break
        say(f"{control:<28}{'caught' if found[control] else 'NOT CAUGHT':>14}")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
