"""What arrives faster than it is dealt with comes in large batches, and little of it waits between the stages."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Thread

import pytest

from corridors import Bench, in_memory
from linnet.adapters.memory_source import MemorySource
from linnet.core.unit import Unit
from linnet.engines import overlapped
from linnet.engines.channel import BrokenOffError, Channel
from linnet.engines.local import LocalEngine
from live_feed import Feed, running, until

BUSY = 0.4
"""Seconds that a slow stage takes for a batch of any size."""


@pytest.fixture(name="packets", scope="module")
def packets_of_one_object(samples: Path) -> list[bytes]:
    found = [path.read_bytes() for path in sorted((samples / "ztf/transient").iterdir())]
    in_memory().engine().run([MemorySource.of(found[:2])])  # compiles before anything is timed
    return found


def archived(bench: Bench) -> int:
    return sum(len(ids) for ids in bench.store.alert_ids().values())


def test_what_arrives_while_the_plan_is_busy_makes_one_batch(packets: list[bytes]) -> None:
    bench, feed, sizes = in_memory(), Feed(), list[int]()
    points = bench.store.points

    def slow(survey: str, objects: object, *, before: int) -> object:
        time.sleep(BUSY)
        return points(survey, objects, before=before)

    bench.store.points = slow  # type: ignore[method-assign,assignment]  # a slow join
    engine = LocalEngine(bench.corridor, age=0.001, progress=sizes.append)
    with running(engine, feed) as errors:
        for value in packets:
            feed.put(value)
            time.sleep(BUSY / len(packets))
        until(lambda: archived(bench) == len(packets))
    assert errors == []
    assert sum(sizes) == len(packets) > 10
    assert len(sizes) <= 5
    assert max(sizes) >= len(packets) // 2


def test_few_units_wait_for_a_slow_commit_so_that_batches_grow(packets: list[bytes]) -> None:
    bench, feed, sizes = in_memory(), Feed(), list[int]()
    commit = bench.store.commit

    def slow(unit: Unit) -> None:
        time.sleep(BUSY)
        commit(unit)

    bench.store.commit = slow  # type: ignore[method-assign]  # a slow disk
    engine = LocalEngine(bench.corridor, age=0.001, progress=sizes.append)
    with running(engine, feed) as errors:
        for value in packets:
            feed.put(value)
            time.sleep(2 * BUSY / len(packets))
        until(lambda: archived(bench) == len(packets))
    assert errors == []
    assert sum(sizes) == len(packets)
    # One in the commit, those that wait for it, one that was planned, one that was decoded; all others come together.
    assert len(sizes) <= overlapped.UNITS + 5


def test_a_channel_takes_no_more_items_than_it_was_told() -> None:
    channel: Channel[str] = Channel(100.0, 2)
    assert channel.offer("a", 1.0, 0.0)
    assert channel.offer("b", 1.0, 0.0)
    assert not channel.offer("c", 1.0, 0.0)
    assert next(iter(channel)) == "a"
    assert channel.offer("c", 1.0, 0.0)


def test_a_channel_tells_when_everything_was_taken() -> None:
    channel: Channel[str] = Channel(100.0)
    assert channel.taken(0.0)
    channel.put("a", 1.0)
    assert not channel.taken(0.01)
    thread = Thread(target=lambda: next(iter(channel)))
    thread.start()
    assert channel.taken(None)
    thread.join()
    channel.break_off()
    with pytest.raises(BrokenOffError):
        channel.taken(None)
