"""Faults of the live broker on a real Kafka: rows F06 to F39 of docs/faults.md that need one (2 minutes)."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Consumer
from torture.case import Case, Place, positions
from torture.checking import behind
from torture.traffic import LSST_TOPIC, TOPICS, Traffic, drafts, send
from torture.ways import finished
from torture.world import world

from kafka_server import KafkaServer, served, until
from linnet.app.config import Settings
from linnet.app.wiring import reader
from linnet.core.accounting import GAP, SOURCE
from tcp_proxy import wire

STALL = 45.0
"""Seconds within which a broker must be through once Kafka is back."""

STORAGE, BUSY = 3, 4
"""Exit codes."""


@pytest.fixture(name="kafka", scope="module")
def kafka_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A Kafka with these topics and no others: the broker reads all that match a pattern."""
    yield from served(tmp_path_factory.mktemp("alone"))


@pytest.fixture(scope="module")
def place(kafka: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The traffic of the kill harness, and a registry."""
    with world(kafka, tmp_path_factory.mktemp("faults"), Traffic(alerts=12)) as found:
        yield found


def problems(case: Case) -> list[str]:
    """What all checks say once the broker has drained everything."""
    return finished(case, case.name).verdict.problems


def through(case: Case, meanwhile: Callable[[], None]) -> float:
    """Start; when the first units are committed let something happen; seconds from then until all is drained."""
    pid = case.start()
    assert case.until(pid, lambda: bool(positions(case.home))) is None, case.last_words()
    meanwhile()
    begun = time.monotonic()
    assert case.until(pid, case.done(pid)) is None, case.last_words()
    took = time.monotonic() - begun
    assert case.stop(pid) == 0, case.last_words()
    return took


def ends_by_itself(case: Case) -> int:
    """Exit code of a broker that cannot go on."""
    code = case.until(case.start(), lambda: False)
    assert code is not None
    return code


def test_f07_kafka_is_killed_and_restarted_under_it(place: Place, kafka: KafkaServer) -> None:
    case = Case(place, "f07", sabotage="slow_store")
    assert through(case, kafka.restart) < STALL
    assert problems(case) == []


def test_f11_kafka_is_silent_for_a_while(place: Place, kafka: KafkaServer) -> None:
    outage = 6.0

    def silent() -> None:
        kafka.freeze()
        time.sleep(outage)
        kafka.thaw()

    case = Case(place, "f11", sabotage="slow_store")
    assert through(case, silent) < 2 * outage + STALL
    assert problems(case) == []


@pytest.mark.parametrize("forgotten", [False, True], ids=["connections_survive", "connections_are_reset"])
def test_f11_the_network_is_cut_both_ways_for_a_while(place: Place, kafka: KafkaServer, forgotten: bool) -> None:
    topic, outage = f"lsst-cut-{forgotten:d}", 8.0
    kafka.create(topic)
    again = replace(place.repeatable, topic=topic, partition=0, what="repeat")
    first = send(kafka, [again])
    cut = replace(place, bootstrap=kafka.by_wire, offered=[*place.offered, *first])
    with wire(kafka.ports["wire"], kafka.ports["far"]) as between:
        case = Case(cut, f"f11_{forgotten:d}", sabotage="slow_store", topics=(*TOPICS, topic))

        def away() -> None:
            between.cut()
            time.sleep(1.0)  # what was under way arrives
            case.history.offered(send(kafka, [again] * 3))
            cut.offered.extend(replace(first[0], offset=n) for n in (1, 2, 3))
            time.sleep(outage)
            assert between.held > 0
            assert positions(case.home).get((topic, 0), 0) <= 1
            between.mend(forgotten=forgotten)

        assert through(case, away) < 2 * outage + STALL
        assert problems(case) == []


def test_f12_a_topic_that_is_missing_holds_up_no_other_and_is_read_once_it_is_there(
    place: Place, kafka: KafkaServer
) -> None:
    late = "lsst-late"
    case = Case(place, "f12", topics=(*TOPICS, late))

    def appears() -> None:
        until(case.is_drained, STALL)
        kafka.create(late)
        case.history.offered(send(kafka, [replace(place.repeatable, topic=late, partition=0, what="repeat")]))
        until(lambda: positions(case.home).get((late, 0)) == 1, STALL)

    through(case, appears)
    assert problems(case) == []


def test_f13_what_retention_took_before_it_was_read_stops_us_and_is_recorded_when_skipped(
    place: Place, kafka: KafkaServer
) -> None:
    topic = "lsst-gap"
    kafka.create(topic)
    alerts = [each for each in drafts(Traffic(alerts=12)) if each.topic == LSST_TOPIC and each.what == "alert"]
    alerts = [replace(each, topic=topic, partition=0) for each in alerts[:8]]
    first = send(kafka, alerts[:2])
    case = Case(replace(place, offered=first), "f13", topics=(topic,))
    assert case.drain() == 0
    rest = send(kafka, alerts[2:])
    kafka.truncate(topic, 0, 5)
    assert ends_by_itself(case) != 0
    assert "messages 2 to 4 were deleted" in case.last_words()
    assert positions(case.home) == {(topic, 0): 2}
    kept = rest[3:]
    case.place = replace(place, offered=[*first, *kept])
    case.history.offered(kept)
    case.options = ("--skip-gap",)
    assert problems(case) == []
    with reader(case.home, Settings()) as parts:
        gaps = [row for row in parts.store.counts().to_pylist() if (row["stage"], row["outcome"]) == (SOURCE, GAP)]
    assert [(row["topic"], row["partition"], row["n"]) for row in gaps] == [(topic, 0, 3)]


def test_f14_the_offsets_of_the_group_are_deleted(place: Place, kafka: KafkaServer) -> None:
    case = Case(place, "f14")
    assert case.drain() == 0
    admin = kafka.admin()
    admin.delete_consumer_groups([case.name])[case.name].result(20)
    assert case.drain() == 0
    found = finished(case, case.name).verdict
    assert (found.problems, found.sent_again) == ([], 0)


def test_f17_where_dead_letters_cannot_be_kept_it_stops_and_skips_nothing(place: Place) -> None:
    case = Case(place, "f17")
    assert case.killed_at("06:2")
    with closing(sqlite3.connect(case.home.store)) as store:
        full = "SELECT RAISE(FAIL, 'database or disk is full')"
        store.execute(f"CREATE TRIGGER full BEFORE INSERT ON dead BEGIN {full}; END")
    assert ends_by_itself(case) == STORAGE
    assert "full" in case.last_words()
    assert behind(case.home, case.history) == []
    with closing(sqlite3.connect(case.home.store)) as store:
        store.execute("DROP TRIGGER full")
    assert problems(case) == []


def test_f26_the_clock_is_wrong_by_an_hour_and_steps_back_all_the_time(place: Place) -> None:
    case = Case(place, "f26", sabotage="wrong_clock")
    assert case.killed_at("07:3")
    assert problems(case) == []


def test_f27_a_reader_of_one_message_a_second_holds_up_nobody(place: Place, kafka: KafkaServer) -> None:
    case = Case(place, "f27")
    kafka.create(f"linnet.{case.name}")
    ended, read = threading.Event(), []

    def slowly() -> None:
        settings = {"group.id": "slow", "auto.offset.reset": "earliest", "log_level": 0}
        consumer = Consumer({"bootstrap.servers": kafka.bootstrap, **settings})
        consumer.subscribe([f"linnet.{case.name}"])
        while not ended.wait(1.0):
            read.extend(consumer.consume(1, 0.1))
        consumer.close()

    slow = threading.Thread(target=slowly)
    slow.start()
    try:
        assert problems(case) == []
    finally:
        ended.set()
        slow.join()
    assert len(read) < 36


def test_f32_a_store_ten_times_slower_pauses_kafka(place: Place) -> None:
    case = Case(place, "f32", sabotage="slow_store")
    most = 0

    def watched() -> bool:
        nonlocal most
        status = Path(f"/proc/{pid}/status").read_text()
        most = max(most, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")))
        return case.done(pid)()

    pid = case.start()
    assert case.until(pid, watched) is None, case.last_words()
    assert case.stop(pid) == 0
    assert "paused" in case.notes.read_text()
    assert most < 900_000
    assert problems(case) == []


def test_f39_a_second_broker_on_one_home_is_refused(place: Place) -> None:
    case = Case(place, "f39")
    first = case.start()
    assert case.until(first, lambda: case.is_up(first)) is None
    begun = time.monotonic()
    second = case.start()
    assert case.until(second, lambda: False) == BUSY
    assert time.monotonic() - begun < 30
    assert case.until(first, case.done(first)) is None
    assert case.stop(first) == 0
    assert problems(case) == []


@contextmanager
def small_disk(folder: Path) -> Iterator[Callable[[int], None]]:
    """A file system in a folder; called, it has so many megabytes."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: a full disk needs root, to mount a small one")
    folder.mkdir()
    mounted: list[int] = []

    def sized(megabytes: int) -> None:
        options = f"{'remount,' if mounted else ''}size={megabytes}m"
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False)
        if done.returncode:
            pytest.skip("NOT TESTED: a small disk cannot be mounted here")
        mounted.append(megabytes)

    try:
        yield sized
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


def test_f06_a_full_disk_ends_the_broker_and_with_room_it_completes(place: Place, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as sized:
        sized(2)
        case = Case(replace(place, folder=tmp_path / "disk"), "f06")
        case.output, case.history.path = tmp_path / "output", tmp_path / "history"
        case.history.offered(place.offered)
        for megabytes in (2, 3):
            sized(megabytes)
            assert ends_by_itself(case) == STORAGE, case.last_words()
            assert "full" in case.last_words() or "No space" in case.last_words()
            assert behind(case.home, case.history) == []
        sized(60)
        begun = time.monotonic()
        assert problems(case) == []
        assert time.monotonic() - begun < 60
