"""One look at the end of the tag log for all streams of an application: each sleeps until its own filter matched."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from linnet.core.ports import Store
from linnet.errors import LinnetError

logger = logging.getLogger(__name__)

PERIOD = 0.1
"""Seconds between two looks, while anybody listens."""

AT_ONCE = 5000
"""Tags read in one look; where more came, everybody is woken."""


class Ear:
    """One stream that listens for matches of one filter (None: of all)."""

    def __init__(self, filter_name: str | None) -> None:
        self.filter_name = filter_name
        self._event = asyncio.Event()

    def clear(self) -> None:
        """Forget what was heard. To be called before the log is read, so that nothing falls in between."""
        self._event.clear()

    def wake(self) -> None:
        """Something may have matched."""
        self._event.set()

    async def heard(self, seconds: float) -> bool:
        """Whether something may have matched within this time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
        return self._event.is_set()


class TagWatch:
    """Wakes streams when their filters match.

    However many streams are idle, the store is asked for its newest tag number ten times a second, and each new tag is
    read once; with no stream it is not asked at all.

    Args:
        store: whose log grows, in this process or another.
        stopping: whether the server is about to stop: all streams are woken then, and should end.
    """

    def __init__(self, store: Store, stopping: Callable[[], bool] = lambda: False) -> None:
        self._store, self.stopping = store, stopping
        self._ears: set[Ear] = set()
        self._task: asyncio.Task[None] | None = None
        self._position = 0

    @contextmanager
    def ear(self, filter_name: str | None) -> Iterator[Ear]:
        """An ear for one filter, or for all. What was committed before it hears its first is read by its owner."""
        ear = Ear(filter_name)
        self._ears.add(ear)
        if self._task is None or self._task.done() or self._task.get_loop() is not asyncio.get_running_loop():
            self._position = self._store.last_tag()
            self._task = asyncio.get_running_loop().create_task(self._watch())
        try:
            yield ear
        finally:
            self._ears.discard(ear)

    async def _watch(self) -> None:
        while self._ears and not self.stopping():
            await asyncio.sleep(PERIOD)
            try:
                matched = await run_in_threadpool(self._look)
            except LinnetError as error:  # a busy disk now: the next look finds what this one did not
                logger.warning("the end of the tag log cannot be read: %s", error)
                continue
            for ear in self._ears:
                if matched is None or ear.filter_name in matched:
                    ear.wake()
        for ear in self._ears:
            ear.wake()

    def _look(self) -> set[str | None] | None:
        """Filters that matched since the last look, with None among them where any did; None: too many to say."""
        end = self._store.last_tag()
        if end <= self._position:
            return set()
        tags = self._store.tags_after(self._position, AT_ONCE)
        if tags.num_rows == AT_ONCE:
            self._position = end
            return None
        self._position = int(tags.column("seq")[-1].as_py())
        return {None, *tags.column("filter").unique().to_pylist()}


def watch_of(request: Request) -> TagWatch:
    """The watch of the application."""
    watch: TagWatch = request.app.state.watch
    return watch
