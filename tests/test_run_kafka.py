"""`linnet run` on a real Kafka: from own positions, over kills and gaps, with the numbers that it tells."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from kafka_server import KafkaServer
from kafka_topics import fill
from linnet.app.console import USAGE
from live_home import LiveHome, numbers, running, stop, until
from processes import linnet, one_line


@pytest.fixture(name="live")
def a_home_that_knows_kafka(tmp_path: Path, kafka: KafkaServer) -> LiveHome:
    home = LiveHome.make(tmp_path)
    with (home.path / "linnet.toml").open("a") as file:
        file.write(f'[kafka]\nbootstrap = "{kafka.bootstrap}"\n')
    return home


@pytest.fixture(name="packets", scope="module")
def packets_of_one_object(samples: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((samples / "ztf/transient").iterdir())]


def sums_to(home: LiveHome, count: int) -> Callable[[], bool]:
    """Whether so many messages are committed."""
    return lambda: home.committed() == count


def test_kills_in_the_middle_of_a_topic_lose_and_double_nothing(
    live: LiveHome, kafka: KafkaServer, packets: list[bytes]
) -> None:
    kafka.create("run-kills", 3)
    fill(kafka, "run-kills", [*packets, b"no packet"], partitions=3)
    arguments = ("kafka:run-kills",)
    for failpoint in ("01:2", "06:2", "07:2", "10:1"):
        with live.start_on(*arguments, LINNET_FAILPOINT=failpoint) as broker:
            broker.communicate(timeout=60)
            assert broker.returncode == -signal.SIGKILL, failpoint
    with running(live, sources=arguments) as (broker, client):
        until(sums_to(live, len(packets) + 1), broker)
        until(lambda: json.loads(client.get("/health").content)["lag"] == 0, broker)
        caught_up = {"0": 0.0, "1": 0.0, "2": 0.0}
        until(
            lambda: numbers(client.get("/metrics").text, "linnet_source_lag_messages", "partition") == caught_up, broker
        )
        stop(broker)
    found = live.audit(deep=True)
    assert (found["archived"], sum(found["dead"].values())) == (len(packets), 1)
    assert found["received"] == found["archived"] + found["duplicates"] + 1
    assert found["delivered"]["files"] == sum(found["matched"].values())


def test_a_gap_stops_the_run_and_is_recorded_when_told_to(
    live: LiveHome, kafka: KafkaServer, packets: list[bytes]
) -> None:
    kafka.create("run-gap")
    fill(kafka, "run-gap", packets[:4])
    with running(live, sources=("kafka:run-gap",)) as (broker, _):
        until(sums_to(live, 4), broker)
        stop(broker)
    fill(kafka, "run-gap", packets[4:10])
    kafka.truncate("run-gap", 0, 7)
    stopped = linnet("run", "kafka:run-gap", "--home", live.path)
    assert stopped.returncode == USAGE
    assert "run-gap" in stopped.stderr.splitlines()[-1]
    with running(live, "--skip-gap", sources=("kafka:run-gap",)) as (broker, _):
        until(sums_to(live, 10), broker)
        stop(broker)
    found = live.audit(deep=True)
    assert (found["gone"], found["archived"]) == (3, 7)


def test_a_topic_and_a_folder_are_read_side_by_side(
    live: LiveHome, kafka: KafkaServer, samples: Path, packets: list[bytes]
) -> None:
    kafka.create("run-both")
    sources = ("kafka:run-both", str(live.folder))
    with running(live, sources=sources) as (broker, _):
        fill(kafka, "run-both", packets[:5])
        live.drop(sorted((samples / "ztf/forced-photometry").iterdir())[:3])
        until(sums_to(live, 8), broker)
        stop(broker)
    assert live.audit(deep=True)["archived"] == 8


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("kafka:",), "name a topic"),
        (("kafka:t",), "no Kafka is named"),
        (("kafka:t", "--share", "3/2"), "the second of three parts"),
    ],
)
def test_what_cannot_be_read_is_one_clear_line(arguments: tuple[str, ...], told: str, tmp_path: Path) -> None:
    done = linnet("run", *arguments, "--home", tmp_path / "home")
    assert done.returncode == USAGE
    assert told in one_line(done)
