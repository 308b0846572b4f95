"""Ways to kill: at a failpoint, at a random moment, while it recovers; after some kills of a case, the check."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kafka_server import KafkaServer
from torture.case import Case, Place, positions
from torture.checking import Verdict, behind, check
from torture.sabotage import KINDS
from torture.sinks import in_files, in_kafka
from torture.traffic import send

RARE = {"10": 1, "11": 1, "14": 1, "15": 1, "16": 1, "17": 1, "20": 1, "08": 6, "04": 3, "05": 3}
"""Most passages of a failpoint before the kill, where it is not 2: rare ones are never passed twice in one run."""

DAMAGE = 5
"""Kills of one case, before it is let go and checked."""


GIVING_UP = "16"
"""The failpoint that is passed only where a partition is given up."""

GIVEN_UP = 20.0
"""Seconds after which a broker must have given up a topic that is gone."""


@dataclass(frozen=True)
class Outcome:
    """What became of one case."""

    way: str
    kills: int
    verdict: Verdict


def at_failpoint(
    place: Place, kafka: KafkaServer, failpoint: str, kills: int, chance: random.Random
) -> Iterator[Outcome]:
    """Cases with so many kills at one failpoint altogether."""
    left, number = kills, 0
    while left > 0 and number < 2 * kills:
        number += 1
        case = Case(place, f"fp{failpoint}_{number}")
        for _ in range(min(DAMAGE, left)):
            passages = chance.randint(1, RARE.get(failpoint, 2))
            dying = _Dying(kafka, case) if failpoint == GIVING_UP else None
            died = case.killed_at(f"{failpoint}:{passages}", dying)
            if dying is not None:
                dying.gone()
            if not died:
                break
            case.trouble += behind(case.home, case.history)
        left -= case.kills
        yield finished(case, f"failpoint {failpoint}")


def at_random(place: Place, kills: int, chance: random.Random, longest: float = 2.0) -> Iterator[Outcome]:
    """Cases killed at random moments, from its start on."""
    left, number = kills, 0
    while left > 0 and number < 2 * kills:
        number += 1
        case = Case(place, f"random_{number}")
        for _ in range(min(DAMAGE, left)):
            if not case.killed_after(chance.uniform(0.05, longest)):
                break
            case.trouble += behind(case.home, case.history)
        left -= case.kills
        yield finished(case, "random")


def in_recovery(place: Place, kills: int, chance: random.Random) -> Iterator[Outcome]:
    """Cases killed once while they wrote, then again and again while they recover from it."""
    left, number = kills, 0
    while left > 0 and number < 2 * kills:
        number += 1
        case = Case(place, f"recovery_{number}")
        case.killed_at(f"{chance.choice(('03', '05', '06', '07', '09'))}:{chance.randint(1, 4)}")
        for turn in range(DAMAGE):
            at = f"17:{1 + turn % 2}"
            case.killed_at(at) if chance.random() < 0.7 else case.killed_after(chance.uniform(0.02, 0.25))
            case.trouble += behind(case.home, case.history)
        left -= case.kills
        yield finished(case, "recovery")


def under_control(place: Place, control: str, chance: random.Random, kills: int = 3) -> Outcome:
    """A broker broken on purpose, killed where that matters; what the checks say of it."""
    kind = KINDS[control]
    case = Case(place, f"control_{control}_{chance.randrange(10**6)}", sabotage=control)
    for _ in range(kills):
        case.killed_at(f"{chance.choice(kind.failpoints)}:{chance.randint(1, 2)}")
    return finished(case, control)


def finished(case: Case, way: str) -> Outcome:
    """Let the broker drain everything, read the sinks, check."""
    case.drain()
    for found in (in_files(case.home.outbox, case.name), in_kafka(case.place.bootstrap, case.name)):
        case.history.received(found)
    verdict = check(case.home, case.history, case.name)
    verdict.problems[:0] = case.trouble
    case.history.happened(
        "verdict", way=way, kills=case.kills, lost=verdict.lost, doubled=verdict.doubled, problems=verdict.problems
    )
    return Outcome(way, case.kills, verdict)


@dataclass
class _Dying:
    """A topic that the broker follows, and that is deleted while it does: for failpoint 16.

    Its one message repeats an alert of another topic. Called, it tells whether the broker has had enough time to give
    the partition up.
    """

    kafka: KafkaServer
    case: Case
    deleted: float | None = None

    def __post_init__(self) -> None:
        self.topic = f"ztf_{20270000 + len(self.case.history.events('start')):08d}_programid1"
        self.kafka.create(self.topic)
        (some,) = send(self.kafka, [replace(self.case.place.repeatable, topic=self.topic, partition=0, what="repeat")])
        self.case.history.offered([some])

    def __call__(self) -> bool:
        if self.deleted is None and positions(self.case.home).get((self.topic, 0)):
            self.gone()
        return self.deleted is not None and time.monotonic() - self.deleted > GIVEN_UP

    def gone(self) -> None:
        """Delete it, unless that was done."""
        if self.deleted is None:
            self.kafka.delete(self.topic)
            self.deleted = time.monotonic()
