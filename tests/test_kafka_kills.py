"""The live broker on a real Kafka, killed at each failpoint: the small form of `make torture` (2 minutes)."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from torture.case import Place
from torture.sabotage import is_caught
from torture.traffic import Traffic
from torture.ways import at_failpoint, at_random, under_control
from torture.world import world

from kafka_server import KafkaServer, served
from linnet.core.failpoints import FAILPOINTS, OF_SERVICES

KILLS = 3

CONTROLS = ("commit_before_write", "no_guard", "no_sync", "no_dedup_id")
"""Those of the fault plan; `make torture` has two more."""


@pytest.fixture(name="kafka", scope="module")
def kafka_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A Kafka with these topics and no others: the broker reads all that match a pattern."""
    yield from served(tmp_path_factory.mktemp("alone"))


@pytest.fixture(scope="module")
def place(kafka: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """LSST's topic of four partitions and two daily ones of ZTF, filled, and a registry."""
    with world(kafka, tmp_path_factory.mktemp("kills"), Traffic(alerts=10)) as found:
        yield found


@pytest.mark.parametrize("failpoint", sorted((*FAILPOINTS, *OF_SERVICES)))
def test_kills_at_a_failpoint_lose_and_double_nothing(failpoint: str, place: Place, kafka: KafkaServer) -> None:
    outcomes = list(at_failpoint(place, kafka, failpoint, KILLS, random.Random(int(failpoint))))
    assert sum(each.kills for each in outcomes) >= KILLS
    assert [each.verdict.problems for each in outcomes if each.verdict.problems] == []


def test_kills_at_random_moments_lose_and_double_nothing(place: Place) -> None:
    outcomes = list(at_random(place, 4, random.Random(1)))
    assert [each.verdict.problems for each in outcomes if each.verdict.problems] == []


def test_a_power_cut_takes_only_what_was_not_synced(place: Place) -> None:
    outcome = under_control(place, "noted_sync", random.Random(1))
    assert outcome.kills == 3
    assert outcome.verdict.problems == []


@pytest.mark.parametrize("control", CONTROLS)
def test_a_broker_that_is_broken_on_purpose_is_caught(control: str, place: Place) -> None:
    outcome = under_control(place, control, random.Random(2))
    assert is_caught(control, outcome.verdict.problems), outcome.verdict.problems
