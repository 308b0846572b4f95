"""Delivery beside the commits: whenever something was committed, every route is brought up to the tag log's end."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from linnet.core.ports import OpenSink, Route
from linnet.engines.ages import Underway
from linnet.engines.corridor import Corridor
from linnet.engines.following import Following
from linnet.engines.workers import Job, Workers


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
        self._workers: Workers | None = None
        self._lock = Lock()
        self._ended = False

    def once(self) -> None:
        """Send what is committed and was not sent, in the caller's thread.

        Raises:
            StorageError, ServiceError: a sink failed; its cursor stays where it was.
        """
        for route in self._routes.values():
            route.once()

    def start(self, guard: Callable[[Job], None]) -> None:
        """Follow from now on; `guard` is called with what is run in other threads."""
        self._workers = Workers(guard)
        for route in self._routes.values():
            route.begin(self._workers)

    def news(self) -> None:
        """Something was committed."""
        for route in self._routes.values():
            route.news()

    def look(self) -> None:
        """Take up routes that somebody has added meanwhile, and leave those that were removed. Every second or so."""
        found = self._corridor.rerouted()
        with self._lock:
            if self._ended or self._workers is None:
                return
            self._workers.look()
            if found is None:
                return
            before, self._targets = self._targets, {target[0].name: target for target in found}
            for name in before.keys() - self._targets.keys():
                self._routes.pop(name).turn(None)
            for name, target in self._targets.items():
                if name not in before:
                    self._routes[name] = self._following(target)
                    self._routes[name].begin(self._workers)
                elif target != before[name]:
                    self._routes[name].turn(target)

    def end(self) -> None:
        """Nothing more is committed."""
        with self._lock:
            self._ended = True
            for route in self._routes.values():
                route.end()
            if self._workers is not None:
                self._workers.hurry()

    def join(self) -> None:
        """Return when no route sends any more."""
        if self._workers is not None:
            self._workers.join()

    def _following(self, target: tuple[Route, OpenSink]) -> Following:
        return Following(self._corridor, target, self._underway, patient=self._patient)
