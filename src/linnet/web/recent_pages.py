"""Pages of event streams, made once for all readers that are at the same place.

The log only grows, so a page that was made stays true: it may end before the log does, and the reader looks again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from starlette.concurrency import run_in_threadpool

KEPT = 8
"""Pages kept, each of some 600 kB at most."""

Place = tuple[str | None, int, frozenset[str]]
"""Filter (None: all), cursor, and names of filters that the reader does not see."""


@dataclass(frozen=True)
class TextPage:
    """What is sent next: pieces of text, the cursor behind them, and whether another look may find more at once."""

    pieces: tuple[bytes, ...]
    cursor: int
    more: bool


class RecentPages:
    """The newest pages, and those that are being made.

    A hundred readers that follow one filter wake together and are at one place: one of them has the page made.

    Args:
        make: makes the page of a place; called in a thread.
    """

    def __init__(self, make: Callable[[Place], TextPage]) -> None:
        self._make = make
        self._kept: OrderedDict[Place, TextPage] = OrderedDict()
        self._making: dict[Place, asyncio.Task[TextPage]] = {}

    async def page(self, place: Place) -> TextPage:
        """The page of a place; an empty one was read after the call, a full one perhaps before it.

        Raises:
            LinnetError: what `make` raises.
        """
        if place in self._kept:
            self._kept.move_to_end(place)
            return self._kept[place]
        begun = self._making.get(place)
        if begun is not None and begun.get_loop() is asyncio.get_running_loop():
            found = await asyncio.shield(begun)
            if found.pieces:
                return replace(found, more=True)
            # It may have read before the match that woke this reader.
        return await self._made(place)

    async def _made(self, place: Place) -> TextPage:
        task = asyncio.get_running_loop().create_task(run_in_threadpool(self._make, place))
        self._making[place] = task
        task.add_done_callback(lambda done: self._finished(place, done))
        # Others may be waiting for it when this reader hangs up.
        return await asyncio.shield(task)

    def _finished(self, place: Place, task: asyncio.Task[TextPage]) -> None:
        if self._making.get(place) is task:
            del self._making[place]
        if not task.cancelled() and task.exception() is None and task.result().pieces:
            self._kept[place] = replace(task.result(), more=True)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
