"""The client on a real Kafka: where it begins, how it goes on, and what it finds while it listens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from kafka_server import KafkaServer
from linnet_client import Listener, UnknownStreamError, kafka_log, listen

BEGIN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=20)
"""Kafka keeps an hour."""

MJD = BEGIN.timestamp() / 86400 + 40587 + 37 / 86400
"""The same in TAI."""


def send(kafka: KafkaServer, name: str, number: int, partition: int = 0) -> str:
    """Send a match of a filter as if so many seconds after the beginning; gives its `dedup_id`."""
    dedup_id = f"ztf:{number}:{name}:1"
    alert = {"dedup_id": dedup_id, "survey": "ztf", "alert_id": str(number), "filter": name, "version": 1}
    headers: list[tuple[str, str | bytes | None]] = [("dedup-id", dedup_id), ("filter", name)]
    sent = round((BEGIN + timedelta(seconds=number)).timestamp() * 1000)
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
    producer.produce(f"linnet.{name}", json.dumps(alert), partition=partition, headers=headers, timestamp=sent)
    assert producer.flush(30) == 0
    return dedup_id


def taken(stream: Listener, count: int) -> set[str]:
    """The next so many; nothing else may be there."""
    found = [next(stream).dedup_id for _ in range(count)]
    assert stream.poll(timeout=1.0) == []
    assert len(set(found)) == count
    return set(found)


def address(kafka: KafkaServer) -> str:
    """Where the client finds it."""
    return f"kafka://{kafka.bootstrap}"


@pytest.mark.parametrize(
    ("name", "since"),
    [("by_datetime", BEGIN), ("by_text", BEGIN.replace(tzinfo=None).isoformat()), ("by_mjd", MJD)],
    ids=["datetime", "text", "mjd"],  # the values are of this moment, and every process that runs tests has its own
)
def test_it_begins_with_what_was_sent_at_a_time_or_later_in_every_partition(
    kafka: KafkaServer, name: str, since: object
) -> None:
    kafka.create(f"linnet.{name}", 3)
    for number in (-30, -20, -1):
        send(kafka, name, number, partition=number % 2)
    wanted = {send(kafka, name, number, partition=number % 2) for number in (0, 1, 2, 7)}
    send(kafka, name, -5, partition=2)
    with listen(name, address(kafka), since=since) as stream:
        assert taken(stream, len(wanted)) == wanted
        later = {send(kafka, name, 8, partition=2), send(kafka, name, 9, partition=1)}
        assert taken(stream, 2) == later


def test_a_cursor_goes_before_a_time_and_gives_exactly_the_rest(kafka: KafkaServer, tmp_path: Path) -> None:
    name, kept = "resumed", tmp_path / "my.cursor"
    kafka.create(f"linnet.{name}", 2)
    first = {send(kafka, name, number, partition=number % 2) for number in range(6)}
    with listen(name, address(kafka), since=BEGIN, cursor=kept) as stream:
        half = {next(stream).dedup_id for _ in range(3)}
    second = {send(kafka, name, number, partition=number % 2) for number in range(6, 9)}
    with listen(name, address(kafka), since=BEGIN + timedelta(seconds=8), cursor=kept) as stream:
        assert taken(stream, 6) == (first - half) | second
    with listen(name, address(kafka), cursor=kept) as stream:
        assert stream.poll(timeout=1.0) == []


@pytest.mark.parametrize("since", [None, "now"])
def test_all_filters_means_also_those_whose_topics_appear_while_it_listens(
    kafka: KafkaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, since: str | None
) -> None:
    monkeypatch.setattr(kafka_log, "LOOK_EVERY", 0.5)
    names = [f"{name}_{since}" for name in ("early", "late", "later")]

    def ours(headers: Mapping[str, str]) -> bool:
        """This Kafka has topics of other tests."""
        return headers.get("filter") in names

    options: dict[str, Any] = {"where": ours, "cursor": tmp_path / "c", **({"since": since} if since else {})}
    kafka.create(f"linnet.{names[0]}")
    with listen("*", address(kafka), **options) as stream:
        early = send(kafka, names[0], 1)
        assert next(stream).dedup_id == early
        kafka.create(f"linnet.{names[1]}", 2)
        # Sent before it was found: nothing of a topic that is new may be passed over.
        late = {send(kafka, names[1], 2), send(kafka, names[1], 3, partition=1)}
        assert {next(stream).dedup_id, next(stream).dedup_id} == late
    kafka.create(f"linnet.{names[2]}")
    last = {send(kafka, names[2], 4), send(kafka, names[1], 5)}
    with listen("*", address(kafka), **options) as stream:
        assert taken(stream, 2) == last


def test_partitions_that_a_topic_is_given_are_read_too(kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_log, "LOOK_EVERY", 0.5)
    name = "widened"
    kafka.create(f"linnet.{name}")
    with listen(name, address(kafka)) as stream:
        first = send(kafka, name, 1)
        assert next(stream).dedup_id == first
        kafka.widen(f"linnet.{name}", 3)
        wanted = {send(kafka, name, 2, partition=2), send(kafka, name, 3, partition=1)}
        assert {next(stream).dedup_id, next(stream).dedup_id} == wanted
    with pytest.raises(UnknownStreamError, match=r"no topic linnet.widenned there; near: linnet.widened"):
        listen("widenned", address(kafka))
