"""Pages made once for many readers, and never an old empty one."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter

import pytest

from linnet.errors import StorageError
from linnet.web.recent_pages import KEPT, Place, RecentPages, TextPage

ALL_SEEN: frozenset[str] = frozenset()


class Log:
    """A log of numbers that grows; each page holds what is behind the cursor, three at most."""

    def __init__(self) -> None:
        self.end = 0
        self.made: Counter[Place] = Counter()
        self.gate = threading.Event()
        self.gate.set()

    def make(self, place: Place) -> TextPage:
        """Read first, then wait at the gate, as a slow disk would."""
        self.made[place] += 1
        numbers = range(place[1] + 1, min(place[1] + 3, self.end) + 1)
        end = self.end
        assert self.gate.wait(10)
        return TextPage(tuple(b"%d" % n for n in numbers), place[1] + len(numbers), place[1] + len(numbers) < end)


def test_readers_at_one_place_have_one_page_made() -> None:
    async def run() -> None:
        log = Log()
        log.end = 2
        log.gate.clear()
        pages = RecentPages(log.make)
        asked = [asyncio.create_task(pages.page(("f", 0, ALL_SEEN))) for _ in range(100)]
        await asyncio.sleep(0.1)
        log.gate.set()
        found = await asyncio.gather(*asked)
        assert {f.pieces for f in found} == {(b"1", b"2")}
        assert log.made == {("f", 0, ALL_SEEN): 1}
        log.end = 3
        # Kept, and true as far as it goes: the reader is told to look again, and finds the rest.
        again = await pages.page(("f", 0, ALL_SEEN))
        assert (again.pieces, again.more) == ((b"1", b"2"), True)
        assert (await pages.page(("f", again.cursor, ALL_SEEN))).pieces == (b"3",)

    asyncio.run(run())


def test_an_empty_page_that_others_began_to_read_before_is_read_again() -> None:
    async def run() -> None:
        log = Log()
        log.gate.clear()
        pages = RecentPages(log.make)
        first = asyncio.create_task(pages.page(("f", 0, ALL_SEEN)))
        await asyncio.sleep(0.1)
        log.end = 1
        second = asyncio.create_task(pages.page(("f", 0, ALL_SEEN)))
        await asyncio.sleep(0.1)
        log.gate.set()
        assert (await first).pieces == ()
        assert (await second).pieces == (b"1",)

    asyncio.run(run())


def test_a_reader_that_hangs_up_takes_the_page_from_nobody() -> None:
    async def run() -> None:
        log = Log()
        log.end = 1
        log.gate.clear()
        pages = RecentPages(log.make)
        first, second = (asyncio.create_task(pages.page(("f", 0, ALL_SEEN))) for _ in range(2))
        await asyncio.sleep(0.1)
        first.cancel()
        log.gate.set()
        assert (await second).pieces == (b"1",)
        assert log.made == {("f", 0, ALL_SEEN): 1}

    asyncio.run(run())


def test_few_pages_are_kept_and_failures_are_not() -> None:
    def fails(place: Place) -> TextPage:
        raise StorageError("the disk is away")

    async def run() -> None:
        log = Log()
        log.end = 1000
        pages = RecentPages(log.make)
        for cursor in range(50):
            await pages.page(("f", cursor, ALL_SEEN))
        assert len(pages._kept) == KEPT
        broken = RecentPages(fails)
        for _ in range(2):
            with pytest.raises(StorageError):
                await broken.page(("f", 0, ALL_SEEN))
        assert not broken._making

    asyncio.run(run())
