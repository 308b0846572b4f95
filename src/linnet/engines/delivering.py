"""Delivery beside the commits: whenever something was committed, every route is brought up to the tag log's end."""

from __future__ import annotations

from threading import Condition

from linnet.engines.corridor import Corridor
from linnet.engines.delivery import deliver


class Delivering:
    """Follows the tag log in a thread of its own, or once when asked.

    A route that lags costs no memory: it has a cursor.
    """

    def __init__(self, corridor: Corridor) -> None:
        self._corridor = corridor
        self._changed = Condition()
        self._news = True
        self._ended = False

    def once(self) -> None:
        """Send what is committed and was not sent.

        Raises:
            StorageError: a sink failed; its cursor stays where it was.
        """
        corridor = self._corridor
        deliver(corridor.store, corridor.control, corridor.routes, publish_private=corridor.publish_private)

    def run(self) -> None:
        """Send until the end was told and everything before it is sent."""
        while self._wait():
            self.once()

    def news(self) -> None:
        """Something was committed."""
        with self._changed:
            self._news = True
            self._changed.notify_all()

    def end(self) -> None:
        """Nothing more is committed."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _wait(self) -> bool:
        """Whether there may be something to send; False at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._news or self._ended)
            found, self._news = self._news, False
            return found
