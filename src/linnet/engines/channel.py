"""A bounded way between two stages that run in threads of their own."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from threading import Condition
from typing import Generic, TypeVar

Item = TypeVar("Item")


class BrokenOffError(Exception):
    """The other end is gone: nothing more is taken or given. Never leaves the engine."""


class Channel(Generic[Item]):
    """Hands items from one thread to another in order, and holds the sender up where the receiver is slower.

    Args:
        room: weight that may wait. An item heavier than that passes alone.

    Attributes:
        given: items handed over so far.
    """

    def __init__(self, room: float) -> None:
        self._room = room
        self._waiting: deque[tuple[Item, float]] = deque()
        self._weight = 0.0
        self.given = 0
        self._ended = False
        self._broken = False
        self._changed = Condition()

    def put(self, item: Item, weight: float) -> bool:
        """Hand an item over; gives whether the sender was held up.

        Raises:
            BrokenOffError: `break_off` was called.
        """
        with self._changed:
            held_up = self._is_full(weight)
            self._changed.wait_for(lambda: self._broken or not self._is_full(weight))
            if self._broken:
                raise BrokenOffError
            self._waiting.append((item, weight))
            self._weight += weight
            self.given += 1
            self._changed.notify_all()
            return held_up

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
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._broken or self._ended or self._waiting)
                if self._broken:
                    raise BrokenOffError
                if not self._waiting:
                    return
                item, weight = self._waiting.popleft()
                self._weight -= weight
                self._changed.notify_all()
            yield item

    def __len__(self) -> int:
        """Items that wait."""
        return len(self._waiting)

    def _is_full(self, weight: float) -> bool:
        return bool(self._waiting) and self._weight + weight > self._room
