"""The routes that there are now, each with an open sink: read from the control database whenever it has changed."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from linnet.core.ports import Control, OpenSink, Route
from linnet.errors import LinnetError

Target = tuple[Route, OpenSink]

log = structlog.get_logger("linnet")


class RouteFeed:
    """Polls the control database for routes. A route that did not change keeps its sink.

    Args:
        control: where routes are kept.
        opened: opens the sink of a route.

    Raises:
        ConfigError: a route names a sink that there is not.
        StorageError, ServiceError: a sink cannot be opened.
    """

    def __init__(self, control: Control, opened: Callable[[Route], OpenSink]) -> None:
        self._control = control
        self._opened = opened
        self._generation = control.generation()
        self._targets: dict[str, Target] = {}
        try:
            for route in control.routes():
                self._targets[route.name] = (route, opened(route))
        except LinnetError:
            self.close()
            raise

    def __call__(self) -> tuple[Target, ...]:
        """The routes as they were last read."""
        return tuple(self._targets.values())

    def changed(self) -> tuple[Target, ...] | None:
        """The routes where they are no longer those that were last read; None where they are.

        Whoever takes them closes the sinks of those that are gone. A route whose sink there is not is left out, and
        told in the log.
        """
        generation = self._control.generation()
        if generation == self._generation:
            return None
        self._generation = generation
        before, self._targets = self._targets, {}
        for route in self._control.routes():
            known = before.get(route.name)
            if known is not None and known[0] == route:
                self._targets[route.name] = known
                continue
            try:
                self._targets[route.name] = (route, self._opened(route))
            except LinnetError as error:
                log.warning("route left out", route=route.name, reason=str(error))
        return None if self._targets == before else self._told(before)

    def is_stale(self) -> bool:
        """Whether `changed` would look again."""
        return self._control.generation() != self._generation

    def close(self) -> None:
        """Close the sinks of all routes."""
        for _, sink in self._targets.values():
            sink.close()

    def _told(self, before: dict[str, Target]) -> tuple[Target, ...]:
        for name in sorted(before.keys() - self._targets.keys()):
            log.info("route removed", route=name)
        for name, target in self._targets.items():
            if target != before.get(name):
                log.info("route changed" if name in before else "route added", route=name, sink=target[0].sink)
        return self()
