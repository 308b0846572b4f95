"""One watch for all streams: what it costs, and that nobody sleeps through a match."""

from __future__ import annotations

import asyncio
from collections import Counter

import pyarrow as pa
import pytest

from alert_batches import alert
from linnet.adapters.memory_store import MemoryStore
from linnet.errors import StorageError
from linnet.web import tag_watch
from linnet.web.tag_watch import Ear, TagWatch
from web_broker import COLUMNS, FIRST_NIGHT, unit


class Asked(MemoryStore):
    """A store that counts what it is asked, and fails when told to."""

    def __init__(self) -> None:
        super().__init__(COLUMNS)
        self.asked: Counter[str] = Counter()
        self.broken = False

    def last_tag(self) -> int:
        """Counted; fails while broken."""
        self.asked["last_tag"] += 1
        if self.broken:
            raise StorageError("busy")
        return super().last_tag()

    def tags_after(self, seq: int, limit: int, filter_name: str | None = None) -> pa.Table:
        """Counted."""
        self.asked["tags_after"] += 1
        return super().tags_after(seq, limit, filter_name)

    def match(self, number: int, *filters: str) -> None:
        """One alert that these filters match."""
        self.commit(unit(number, "ztf", FIRST_NIGHT, [(number, f) for f in filters], alert(number, object_id="o")))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tag_watch, "PERIOD", 0.01)


def test_a_match_wakes_the_streams_of_its_filter_and_of_all_and_nobody_else() -> None:
    async def run() -> None:
        store = Asked()
        watch = TagWatch(store)
        with watch.ear("a") as a, watch.ear("b") as b, watch.ear(None) as every:
            store.match(1, "a")
            assert await a.heard(5)
            assert await every.heard(5)
            assert not await b.heard(0.05)
            a.clear()
            assert not await a.heard(0.05)

    asyncio.run(run())


def test_a_thousand_idle_streams_ask_the_store_no_more_than_one() -> None:
    async def run(streams: int) -> Counter[str]:
        store = Asked()
        watch = TagWatch(store)
        ears = [watch.ear(f"f{i}") for i in range(streams)]
        for ear in ears:
            ear.__enter__()
        for number in range(1, 6):
            store.match(number, "other")
            await asyncio.sleep(0.05)
        for ear in ears:
            ear.__exit__(None, None, None)
        return store.asked

    one, many = asyncio.run(run(1)), asyncio.run(run(1000))
    assert 5 <= many["last_tag"] <= one["last_tag"] + 10
    assert many["tags_after"] <= 5


def test_without_streams_the_store_is_left_alone_and_a_later_stream_is_served() -> None:
    async def run() -> None:
        store = Asked()
        watch = TagWatch(store)
        with watch.ear("a"):
            pass
        await asyncio.sleep(0.05)
        before = store.asked["last_tag"]
        await asyncio.sleep(0.1)
        assert store.asked["last_tag"] == before
        with watch.ear("a") as ear:
            store.match(1, "a")
            assert await ear.heard(5)

    asyncio.run(run())


def test_more_matches_than_one_look_reads_wake_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tag_watch, "AT_ONCE", 2)

    async def run() -> None:
        store = Asked()
        with TagWatch(store).ear("z") as ear:
            store.match(1, "a", "b", "c")
            assert await ear.heard(5)

    asyncio.run(run())


def test_a_store_that_fails_for_a_while_delays_and_loses_nothing() -> None:
    async def run() -> None:
        store = Asked()
        with TagWatch(store).ear("a") as ear:
            store.broken = True
            store.match(1, "a")
            assert not await ear.heard(0.1)
            store.broken = False
            assert await ear.heard(5)

    asyncio.run(run())


def test_a_server_that_stops_wakes_all_streams() -> None:
    async def run() -> None:
        stopping = False
        watch = TagWatch(Asked(), lambda: stopping)
        with watch.ear("a") as ear:
            assert not await ear.heard(0.05)
            stopping = True
            assert await ear.heard(5)

    asyncio.run(run())


def test_what_was_heard_before_stays_heard_until_it_is_forgotten() -> None:
    async def run() -> None:
        ear = Ear("a")
        ear.wake()
        assert await ear.heard(0)
        ear.clear()
        assert not await ear.heard(0)

    asyncio.run(run())
