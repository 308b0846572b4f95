"""F41: the password of a running broker is changed at its Kafka, which is then restarted (a minute)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer

from future_lsst import sent
from kafka_server import KafkaServer
from kafka_topics import fill
from linnet.app.console import OK, STORAGE
from live_home import LiveHome, running, stop, until
from processes import call

OLD, NEW = "old-horse", "new-horse"


def configure(home: LiveHome, kafka: KafkaServer, user: str, password: str) -> None:
    """Write the settings."""
    address = f'bootstrap = "{kafka.with_password}"\nuser = "{user}"\npassword = "{password}"\n'
    (home.path / "linnet.toml").write_text(f"age = 0.05\nreport_every = 0.3\n[kafka]\n{address}")


def prepared(where: Path, kafka: KafkaServer, user: str) -> LiveHome:
    """A home that reads and sends as a user of its own, and a topic of the same name."""
    home = LiveHome.make(where)
    kafka.add_user(user, OLD)
    kafka.create(user)
    configure(home, kafka, user, OLD)
    for arguments in (
        ("filter", "add", user, "alert_id is not null"),
        ("route", "add", "out", "--sink", f"kafka:{kafka.with_password}", "--filters", user),
    ):
        done = call(*arguments, "--home", home.path)
        assert done.returncode == OK, done.stderr
    return home


def trouble(client: httpx.Client) -> str:
    """What the broker says of itself."""
    told: list[str] = client.get("/health").json()["trouble"]
    return "; ".join(told)


def received(kafka: KafkaServer, user: str, count: int) -> set[str]:
    """`dedup-id` of the messages of a route, at least so many different ones."""
    settings = {"group.id": f"{user}-reader", "auto.offset.reset": "earliest", "log_level": 0}
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, **settings})
    consumer.subscribe([f"linnet.{user}"])
    found: set[str] = set()
    for _ in range(300):
        message = consumer.poll(0.1)
        if message is not None and message.error() is None:
            found.add(json.loads(message.value() or b"")["dedup_id"])
        if len(found) >= count:
            break
    consumer.close()
    return found


def account(home: LiveHome, count: int) -> dict[str, Any]:
    """Everything came once."""
    found = home.audit(deep=True)
    assert (found["received"], found["archived"], found["duplicates"], found["dead"]) == (count, count, 0, {})
    return found


@pytest.fixture(scope="module")
def values() -> list[bytes]:
    return sent(15)


def test_f41_a_password_that_is_refused_is_told_and_tried_again_until_it_is_right(
    kafka: KafkaServer, tmp_path: Path, values: list[bytes]
) -> None:
    user = "lsst_f41_again"
    home = prepared(tmp_path, kafka, user)
    with running(home, sources=[f"kafka:{user}"]) as (broker, client):
        fill(kafka, user, values[:5])
        until(lambda: home.committed() == 5, broker)
        kafka.add_user(user, NEW)
        fill(kafka, user, values[5:10], first=5)
        until(lambda: home.committed() == 10, broker)  # who is connected stays so
        kafka.restart()
        until(lambda: "uthentication" in trouble(client), broker)
        kafka.add_user(user, OLD)
        fill(kafka, user, values[10:], first=10)
        until(lambda: home.committed() == 15 and trouble(client) == "", broker)
        until(lambda: len(received(kafka, user, 15)) == 15, broker)
        stop(broker)
    assert account(home, 15)["delivered"]["out"] == 15


def test_f41_a_password_that_stays_refused_ends_it_in_one_line_and_the_right_one_goes_on(
    kafka: KafkaServer, tmp_path: Path, values: list[bytes]
) -> None:
    user = "lsst_f41_ends"
    home = prepared(tmp_path, kafka, user)
    with running(home, sources=[f"kafka:{user}"]) as (broker, client):
        fill(kafka, user, values[:5])
        until(lambda: home.committed() == 5, broker)
        kafka.add_user(user, NEW)
        kafka.restart()
        fill(kafka, user, values[5:10], first=5)
        until(lambda: "uthentication" in trouble(client), broker)
        _, told = broker.communicate(timeout=120)
        assert broker.returncode == STORAGE
    assert f"refuses the user '{user}': wrong user or password" in told.strip().splitlines()[-1]
    assert "Traceback" not in told
    assert OLD not in told
    assert home.committed() == 5
    configure(home, kafka, user, NEW)
    with running(home, sources=[f"kafka:{user}"]) as (broker, _):
        fill(kafka, user, values[10:], first=10)
        until(lambda: home.committed() == 15, broker)
        until(lambda: len(received(kafka, user, 15)) == 15, broker)
        stop(broker)
    assert account(home, 15)["delivered"]["out"] == 15
