"""Delivery beside the commits: whenever something was committed, every route is brought up to the tag log's end."""

from __future__ import annotations

from linnet.engines.ages import Underway
from linnet.engines.corridor import Corridor
from linnet.engines.following import Following


class Delivering:
    """All routes, each independent of the others.

    Args:
        corridor: everything connected.
        underway: knows when alerts were sent.
        patient: see `Following`.

    Attributes:
        routes: one follower each.
    """

    def __init__(self, corridor: Corridor, underway: Underway, *, patient: bool = False) -> None:
        self.routes = tuple(Following(corridor, each, underway, patient=patient) for each in corridor.routes)

    def once(self) -> None:
        """Send what is committed and was not sent, in the caller's thread.

        Raises:
            StorageError, ServiceError: a sink failed; its cursor stays where it was.
        """
        for route in self.routes:
            route.once()

    def news(self) -> None:
        """Something was committed."""
        for route in self.routes:
            route.news()

    def end(self) -> None:
        """Nothing more is committed."""
        for route in self.routes:
            route.end()
