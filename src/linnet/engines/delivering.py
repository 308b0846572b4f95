"""Delivery beside the commits: whenever something was committed, every route is brought up to the tag log's end."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, Thread

from linnet.core.ports import OpenSink, Route
from linnet.engines.ages import Underway
from linnet.engines.corridor import Corridor
from linnet.engines.following import Following

Guard = Callable[[Callable[[], None]], None]


class Delivering:
    """All routes, each independent of the others.

    Args:
        corridor: everything connected.
        underway: knows when alerts were sent.
        patient: see `Following`.
    """

    def __init__(self, corridor: Corridor, underway: Underway, *, patient: bool = False) -> None:
        self._corridor = corridor
        self._underway = underway
        self._patient = patient
        self._targets = {target[0].name: target for target in corridor.routes}
        self._routes = {name: self._following(target) for name, target in self._targets.items()}
        self._threads: list[Thread] = []
        self._lock = Lock()
        self._ended = False

    def once(self) -> None:
        """Send what is committed and was not sent, in the caller's thread.

        Raises:
            StorageError, ServiceError: a sink failed; its cursor stays where it was.
        """
        for route in self._routes.values():
            route.once()

    def start(self, guard: Guard) -> None:
        """Follow from now on, each route in a thread of its own; `guard` is called with what it runs."""
        for route in self._routes.values():
            self._begin(route, guard)

    def news(self) -> None:
        """Something was committed."""
        for route in self._routes.values():
            route.news()

    def reroute(self, guard: Guard) -> None:
        """Take up routes that somebody has added meanwhile, and leave those that were removed."""
        found = self._corridor.rerouted()
        if found is None:
            return
        with self._lock:
            if self._ended:
                return
            before, self._targets = self._targets, {target[0].name: target for target in found}
            for name in before.keys() - self._targets.keys():
                self._routes.pop(name).turn(None)
            for name, target in self._targets.items():
                if name not in before:
                    self._routes[name] = self._following(target)
                    self._begin(self._routes[name], guard)
                elif target != before[name]:
                    self._routes[name].turn(target)

    def end(self) -> None:
        """Nothing more is committed."""
        with self._lock:
            self._ended = True
            for route in self._routes.values():
                route.end()

    def join(self) -> None:
        """Return when no route sends any more."""
        for thread in self._threads:
            thread.join()

    def _following(self, target: tuple[Route, OpenSink]) -> Following:
        return Following(self._corridor, target, self._underway, patient=self._patient)

    def _begin(self, route: Following, guard: Guard) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = Thread(target=guard, args=(route.run,), name=f"linnet-route-{route.name}")
        self._threads.append(thread)
        thread.start()
