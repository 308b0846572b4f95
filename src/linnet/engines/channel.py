"""A bounded way between two stages that run in threads of their own."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from math import inf
from threading import Condition
from typing import Generic, TypeVar

Item = TypeVar("Item")


class BrokenOffError(Exception):
    """The other end is gone: nothing more is taken or given. Never leaves the engine."""


class Channel(Generic[Item]):
    """Hands items from one thread to another in order, and holds the sender up where the receiver is slower.

    Args:
        room: weight that may wait. An item heavier than that passes alone.
        items: number of items that may wait.

    Attributes:
        given: items handed over so far. weight: of those that wait.
    """

    def __init__(self, room: float, items: float = inf) -> None:
        self._room = room
        self._items = items
        self._waiting: deque[tuple[Item, float]] = deque()
        self.weight = 0.0
        self.given = 0
        self._ended = False
        self._broken = False
        self._changed = Condition()

    def put(self, item: Item, weight: float) -> bool:
        """Hand an item over; gives whether the sender was held up.

        Raises:
            BrokenOffError: `break_off` was called.
        """
        held_up = self._is_full(weight)
        self.offer(item, weight, None)
        return held_up

    def offer(self, item: Item, weight: float, seconds: float | None) -> bool:
        """Hand an item over if there is room for it within so many seconds (None: however long); gives whether.

        Raises:
            BrokenOffError: `break_off` was called.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._broken or not self._is_full(weight), seconds)
            if self._broken:
                raise BrokenOffError
            if self._is_full(weight):
                return False
            self._waiting.append((item, weight))
            self.weight += weight
            self.given += 1
            self._changed.notify_all()
            return True

    def taken(self, seconds: float | None) -> bool:
        """Whether the receiver has taken everything within so many seconds (None: however long).

        Raises:
            BrokenOffError: `break_off` was called.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._broken or not self._waiting, seconds)
            if self._broken:
                raise BrokenOffError
            return not self._waiting

    def end(self) -> None:
        """Say that nothing more comes."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def break_off(self) -> None:
        """Drop what waits, and let both ends go."""
        with self._changed:
            self._broken = True
            self._waiting.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Item]:
        """Items until the end.

        Raises:
            BrokenOffError: `break_off` was called.
        """
        return (item for item in self.ticking(None) if item is not None)

    def ticking(self, seconds: float | None) -> Iterator[Item | None]:
        """Items until the end, and None whenever so long nothing came.

        Raises:
            BrokenOffError: `break_off` was called.
        """
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._broken or self._ended or self._waiting, seconds)
                if self._broken:
                    raise BrokenOffError
                if self._ended and not self._waiting:
                    return
                item = self._take() if self._waiting else None
            yield item

    def __len__(self) -> int:
        """Items that wait."""
        return len(self._waiting)

    def _take(self) -> Item:
        item, weight = self._waiting.popleft()
        self.weight -= weight
        self._changed.notify_all()
        return item

    def _is_full(self, weight: float) -> bool:
        return bool(self._waiting) and (self.weight + weight > self._room or len(self._waiting) >= self._items)
