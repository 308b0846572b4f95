"""Reading from a real Kafka: every message once, from our own positions, whatever happens to broker or topic."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, Producer, TopicPartition

from kafka_server import PASSWORD, KafkaServer, free_ports, until
from kafka_topics import fill, plain, quiet, read, secured, until_read
from linnet.adapters.kafka_access import KafkaAccess
from linnet.adapters.kafka_partitions import Selection
from linnet.adapters.kafka_source import KafkaSource, OpenKafka
from linnet.core.envelope import Gap, Position
from linnet.core.ports import LiveSource
from linnet.errors import ConfigError, GapError, ServiceError


@contextmanager
def opened(source: KafkaSource, positions: tuple[Position, ...] = ()) -> Iterator[OpenKafka]:
    reader = source.open(positions)
    try:
        yield reader
    finally:
        reader.close()
        reader.close()


def _source(kafka: KafkaServer, *topics: str, **more: Any) -> KafkaSource:
    return KafkaSource(plain(kafka), topics, **{"look_every": 0.3, **more})


def test_real_packets_of_45_partitions_come_once_and_whole_to_a_user_with_a_password(
    kafka: KafkaServer, samples: Path
) -> None:
    packets = [path.read_bytes() for path in sorted(samples.rglob("*.avro"))]
    assert len(packets) > 80
    kafka.create("lsst-alerts-v9", 45)
    fill(kafka, "lsst-alerts-v9", packets, 45)
    before = datetime.now(UTC).timestamp()
    with opened(KafkaSource(secured(kafka), ("lsst-alerts-v9",))) as reader:
        assert isinstance(reader, LiveSource)
        got = read(reader, len(packets), 20)
        assert quiet(reader, 0.5)
        assert sum(reader.lag().values()) == 0
        ends = reader.position()
    by_number = sorted(zip(map(int, got["key"].to_pylist()), got["value"].to_pylist(), strict=True))
    assert by_number == list(enumerate(packets))
    assert {(row["partition"], int(row["key"]) % 45) for row in got.to_pylist()} == {(n, n) for n in range(45)}
    assert all(abs(stamp.timestamp() - before) < 60 for stamp in got["timestamp"].to_pylist())
    assert ends == tuple(Position("lsst-alerts-v9", n, len(packets[n::45])) for n in range(45))


def test_a_restart_goes_on_from_our_positions_whatever_the_group_says(kafka: KafkaServer) -> None:
    kafka.create("resumed", 3)
    fill(kafka, "resumed", [b"%d" % n for n in range(300)], 3)
    source = _source(kafka, "resumed")
    got: list[bytes] = []
    place: tuple[Position, ...] = ()
    for limit in (7, 50, 30):
        with opened(source, (*place, Position("elsewhere", 0, 5))) as reader:
            got += read(reader, 60, limit)["value"].to_pylist()
            place = reader.position()
            reader.committed([Position("resumed", 0, 1)])  # a hint that is wrong
    with opened(source, place) as reader:
        got += read(reader, 300 - len(got))["value"].to_pylist()
        assert quiet(reader, 0.5)
    assert sorted(map(int, got)) == list(range(300))


def test_the_group_hears_of_what_was_committed(kafka: KafkaServer) -> None:
    kafka.create("hinted", 2)
    fill(kafka, "hinted", [b"x"] * 10, 2)
    with opened(KafkaSource(secured(kafka), ("hinted",), group="broker")) as reader:
        read(reader, 10)
        admin = kafka.admin()
        asked = [ConsumerGroupTopicPartitions("alice-broker", [TopicPartition("hinted", n) for n in (0, 1)])]

        def told() -> list[int]:
            reader.committed(reader.position())
            assert quiet(reader, 0.2)
            with suppress(KafkaException):  # the first group of a new broker takes a moment
                found = admin.list_consumer_group_offsets(asked)["alice-broker"].result(10)
                return [each.offset for each in found.topic_partitions]
            return []

        until(lambda: told() == [5, 5], 10)


def test_a_message_without_a_key_has_none_and_one_without_a_value_is_empty(kafka: KafkaServer) -> None:
    kafka.create("nulls")
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
    producer.produce("nulls", None, key=None)
    producer.produce("nulls", b"", key=b"", timestamp=1_700_000_000_123)
    assert producer.flush(10) == 0
    with opened(_source(kafka, "nulls")) as reader:
        first, second = read(reader, 2).to_pylist()
    assert (first["key"], first["value"], second["key"], second["value"]) == (None, b"", b"", b"")
    assert second["timestamp"] == datetime.fromtimestamp(1_700_000_000.123, UTC)


@pytest.mark.parametrize("tls", [False, True])
def test_a_wrong_password_is_one_clear_line_within_seconds(kafka: KafkaServer, tls: bool) -> None:
    right = secured(kafka, tls=tls)
    with opened(KafkaSource(right, ("nothing-yet",))) as reader:
        assert quiet(reader, 0.2)
        assert reader.trouble() == "there is no topic nothing-yet (yet)"
    wrong = replace(right, password=PASSWORD.replace("right", "wrong"))
    assert "horse" not in repr(wrong)
    started = time.monotonic()
    with pytest.raises(ServiceError, match=r"^Kafka at 127\S+ refuses the user 'alice': wrong user or password$"):
        KafkaSource(wrong, ("nothing-yet",)).open()
    assert time.monotonic() - started < 6


def test_a_kafka_that_does_not_answer_or_is_spoken_to_wrongly_is_told(kafka: KafkaServer, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    away = KafkaAccess(f"127.0.0.1:{port}", patience=1.5)
    with pytest.raises(ServiceError, match=rf"^no Kafka answers at 127.0.0.1:{port}: .*refused"):
        KafkaSource(away, ("t",)).open()
    with pytest.raises(ServiceError, match="if it wants a user and a password or TLS"):
        KafkaSource(KafkaAccess(kafka.with_password, patience=1.5), ("t",)).open()
    untrusted = replace(secured(kafka, tls=True), authority=None, patience=1.5)
    with pytest.raises(ServiceError, match="certificate"):
        KafkaSource(untrusted, ("t",)).open()
    with pytest.raises(ConfigError, match="cannot be reached with these settings"):
        KafkaSource(replace(untrusted, authority=tmp_path / "none.pem"), ("t",)).open()


def test_a_broker_that_is_killed_and_comes_back_costs_time_and_no_message(kafka: KafkaServer) -> None:
    kafka.create("killed", 3)
    fill(kafka, "killed", [b"%d" % n for n in range(300)], 3)
    with opened(_source(kafka, "killed", queue_kb=1)) as reader:
        got = read(reader, 100, 10)["value"].to_pylist()
        kafka.kill()
        got += until_read(reader, lambda: reader.trouble() is not None)["value"].to_pylist()
        kafka.start()
        fill(kafka, "killed", [b"%d" % n for n in range(300, 330)], 3)
        started = time.monotonic()
        got += read(reader, 330 - len(got), seconds=45)["value"].to_pylist()
        assert time.monotonic() - started < 40
        assert reader.trouble() is None
        assert quiet(reader, 0.5)
    assert sorted(map(int, got)) == list(range(330))


def test_a_broker_that_is_frozen_for_a_while_costs_time_and_no_message(kafka: KafkaServer) -> None:
    kafka.create("frozen")
    fill(kafka, "frozen", [b"%d" % n for n in range(10)])
    with opened(_source(kafka, "frozen")) as reader:
        got = read(reader, 10)["value"].to_pylist()
        kafka.freeze()
        calls = []
        try:
            for _ in range(40):
                started = time.monotonic()
                assert reader.next_batch(10).num_rows == 0  # type: ignore[union-attr] # a live topic has no end
                calls.append(time.monotonic() - started)
        finally:
            kafka.thaw()
        assert max(calls) < 1, "who reads from another Kafka as well is not held up"
        fill(kafka, "frozen", [b"%d" % n for n in range(10, 20)])
        got += read(reader, 10)["value"].to_pylist()
    assert list(map(int, got)) == list(range(20))


def test_a_position_that_has_fallen_off_the_topic_stops_us_and_names_the_gap(kafka: KafkaServer) -> None:
    kafka.create("truncated", 2)
    fill(kafka, "truncated", [b"%d" % n for n in range(40)], 2)
    kafka.truncate("truncated", 0, 12)
    places = (Position("truncated", 0, 3), Position("truncated", 1, 5))
    with opened(_source(kafka, "truncated"), places) as reader:
        with pytest.raises(GapError) as caught:
            read(reader, 100)
        assert str(caught.value) == (
            "truncated, partition 0: messages 3 to 11 were deleted before they were read, the first one there is 12; "
            "`--skip-gap` goes on with it and records the gap"
        )
        assert reader.gaps() == ()
        assert places[0] in reader.position()
    with opened(_source(kafka, "truncated", skip_gap=True), places) as reader:
        got = read(reader, 8 + 15)
        assert reader.gaps() == (Gap("truncated", 0, 3, 12),)
        assert reader.gaps()[0].lost == 9
        assert {row["offset"] for row in got.to_pylist() if row["partition"] == 0} == set(range(12, 20))


def test_a_topic_that_was_made_anew_stops_us(kafka: KafkaServer) -> None:
    kafka.create("anew")
    fill(kafka, "anew", [b"%d" % n for n in range(20)])
    with opened(_source(kafka, "anew")) as reader:
        read(reader, 20)
        place = reader.position()
        kafka.delete("anew")
        kafka.create("anew")
        fill(kafka, "anew", [b"again"] * 3)
        with pytest.raises(GapError, match=r"^anew, partition 0: the next message to read is 20, but .* ends at 3"):
            read(reader, 1)
    with opened(_source(kafka, "anew", skip_gap=True), place) as reader:
        assert read(reader, 3)["value"].to_pylist() == [b"again"] * 3
        assert reader.gaps() == (Gap("anew", 0, 20, 0),)
        assert reader.position() == (Position("anew", 0, 3),)


def test_daily_topics_are_found_while_it_runs_and_dead_ones_left(kafka: KafkaServer) -> None:
    def day(number: int) -> str:
        return f"ztf_202611{number:02}_programid1"

    kafka.create(day(1), 2)
    kafka.create("ztf_20261101_programid2")
    fill(kafka, day(1), [b"1"] * 4, 2)
    fill(kafka, "ztf_20261101_programid2", [b"private"])
    with opened(_source(kafka, "^ztf_[0-9]{8}_programid1", "named-later", start="latest")) as reader:
        assert quiet(reader, 0.3)
        assert reader.missing() == ("named-later",)
        kafka.create(day(2), 2)
        fill(kafka, day(2), [b"2"] * 6, 2)
        assert read(reader, 6)["value"].to_pylist() == [b"2"] * 6
        kafka.delete(day(1))
        until_read(reader, lambda: {place.topic for place in reader.position()} == {day(2)})
        fill(kafka, day(2), [b"3"] * 6, 2)
        started = time.monotonic()
        assert read(reader, 6)["value"].to_pylist() == [b"3"] * 6
        assert time.monotonic() - started < 4
        kafka.create("named-later")
        fill(kafka, "named-later", [b"4"])
        assert read(reader, 1)["value"].to_pylist() == [b"4"]
        kafka.widen(day(2), 4)
        fill(kafka, day(2), [b"5"] * 4, 4)
        assert read(reader, 4)["value"].to_pylist() == [b"5"] * 4
        assert reader.trouble() is None


def test_from_the_end_is_meant_once_and_nothing_after_it_is_passed_over(kafka: KafkaServer) -> None:
    source = _source(kafka, "^tail-[a-z]", start="latest")
    kafka.create("tail-a", 2)
    fill(kafka, "tail-a", [b"old"] * 10, 2)
    with opened(source) as reader:
        place = reader.position()
    assert place == (Position("tail-a", 0, 5), Position("tail-a", 1, 5))
    fill(kafka, "tail-a", [b"a"] * 2, 2)
    kafka.create("tail-b")
    fill(kafka, "tail-b", [b"b"] * 2)
    with opened(source, place) as reader:
        assert sorted(read(reader, 4)["value"].to_pylist()) == [b"a", b"a", b"b", b"b"]
        assert quiet(reader, 0.3)


def test_while_it_is_paused_nothing_comes_and_afterwards_all_of_it(kafka: KafkaServer) -> None:
    kafka.create("paused", 2)
    fill(kafka, "paused", [b"%d" % n for n in range(100)], 2)
    with opened(_source(kafka, "paused")) as reader:
        got = read(reader, 9, 9)["value"].to_pylist()
        reader.pause()
        fill(kafka, "paused", [b"%d" % n for n in range(100, 140)], 2, 100)
        kafka.widen("paused", 3)
        assert quiet(reader, 1)
        assert len(reader.position()) <= 2
        reader.resume()
        got += read(reader, 131)["value"].to_pylist()
        fill(kafka, "paused", [b"140"] * 3, 3)
        read(reader, 3)
    assert sorted(map(int, got)) == list(range(140))


def test_processes_share_the_partitions_without_overlap(kafka: KafkaServer) -> None:
    kafka.create("shared", 7)
    fill(kafka, "shared", [b"%d" % n for n in range(70)], 7)
    got = []
    for number in (1, 2, 3):
        with opened(_source(kafka, "shared", share=(number, 3), until_end=True)) as reader:
            while (batch := reader.next_batch(1000)) is not None:
                got += batch.column("value").to_pylist()
    assert sorted(map(int, got)) == list(range(70))


def test_who_reads_slowly_holds_nobody_up_and_misses_nothing(kafka: KafkaServer) -> None:
    kafka.create("slow")
    fill(kafka, "slow", [b"%d" % n for n in range(2000)])
    with opened(_source(kafka, "slow")) as slow, opened(_source(kafka, "slow")) as quick:
        got = [read(slow, 1, 1)["value"][0].as_py()]
        started = time.monotonic()
        read(quick, 2000)
        assert time.monotonic() - started < 8
        for _ in range(3):
            time.sleep(1)
            got += read(slow, 1, 1)["value"].to_pylist()
        assert slow.position() == (Position("slow", 0, 4),)
        assert slow.lag() == {("slow", 0): 1996}
        assert quick.lag() == {("slow", 0): 0}
        got += read(slow, 1996)["value"].to_pylist()
    assert list(map(int, got)) == list(range(2000))


def test_shares_of_many_topics_are_even() -> None:
    topics = {f"ztf_2026{n:04}_programid1": range(1) for n in range(600)}
    parts = [Selection(("^ztf_.*",), (number, 3)).of(topics) for number in (1, 2, 3)]
    assert set().union(*parts) == {(name, 0) for name in topics}
    assert [len(part) for part in parts] == pytest.approx([200] * 3, abs=40)
    assert [len(Selection(("a",), (n, 3)).of({"a": range(45), "b": range(9)})) for n in (1, 2, 3)] == [15] * 3


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"topics": ()}, "no topic to read from"),
        ({"topics": ("^ztf_[",)}, "is no regular expression"),
        ({"topics": ("t",), "share": (3, 2)}, "share 3/2: it is i/n"),
        ({"topics": ("t",), "share": (0, 2)}, "share 0/2"),
    ],
)
def test_descriptions_that_cannot_be_meant_are_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        KafkaSource(KafkaAccess("127.0.0.1:1"), **given).open()


def test_a_description_can_be_pickled_and_a_group_begins_with_the_user() -> None:
    source = KafkaSource(KafkaAccess("127.0.0.1:1", "alice", "secret"), ("t",), share=(1, 2))
    assert pickle.loads(pickle.dumps(source)) == source  # noqa: S301 - our own bytes
    assert [source.access.group(name) for name in ("linnet", "alice-x")] == ["alice-linnet", "alice-x"]
    assert KafkaAccess("127.0.0.1:1").group("linnet") == "linnet"
