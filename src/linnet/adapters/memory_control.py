"""The control database in memory: for tests, notebooks and anything that need not outlive its process."""

from __future__ import annotations

from collections.abc import Sequence

from linnet.adapters.memory_filters import MemoryFilters
from linnet.adapters.memory_lists import MemoryLists
from linnet.core.delivery_policy import Memory, Watched
from linnet.core.ports import Progress, Route
from linnet.errors import NotFoundError


class MemoryControl(MemoryFilters):
    """A `linnet.core.ports.Control` that lives in this process. Any thread may call any method."""

    def __init__(self) -> None:
        super().__init__()
        self._routes: dict[str, Route] = {}
        self._removed: dict[str, Route] = {}
        self._delivered: dict[str, Progress] = {}
        self._memory: dict[str, Memory] = {}
        self._retries: list[tuple[str, str | None]] = []
        self.lists = MemoryLists(self._bump)

    def routes(self, *, removed: bool = False) -> list[Route]:
        """Routes by name; `removed`: those too that were removed."""
        with self._lock:
            found = {**self._removed, **self._routes} if removed else self._routes
            return [found[name] for name in sorted(found)]

    def add_route(self, route: Route, begin: Progress | None = None) -> None:
        """Add or replace a route; its cursor and memory stay, and one that is new begins at `begin`."""
        with self._lock:
            if begin is not None and route.name not in self._routes:
                self._delivered.setdefault(route.name, begin)
            if self._routes.get(route.name) != route:
                self._routes[route.name] = route
                self._removed.pop(route.name, None)
                self._generation += 1

    def remove_route(self, name: str) -> None:
        """Remove a route, and forget its cursor and memory.

        Raises:
            NotFoundError: there is no such route.
        """
        with self._lock:
            if name not in self._routes:
                raise NotFoundError(f"there is no route {name}")
            self._removed[name] = self._routes.pop(name)
            self._delivered.pop(name, None)
            self._memory.pop(name, None)
            self._generation += 1

    def progress(self, route: str) -> Progress | None:
        """How far one route is; at the beginning where it has never delivered, None where it was removed."""
        with self._lock:
            return None if route in self._removed else self._delivered.get(route, Progress())

    def cursor(self, route: str) -> int:
        """Last tag-log number that this route has dealt with; 0 at first."""
        return (self.progress(route) or Progress()).seq

    def set_cursor(
        self, route: str, progress: Progress, changed: Memory | None = None, *, before: int | None = None
    ) -> bool:
        """Record how far a route is and what has changed in its memory; gives whether."""
        with self._lock:
            if route in self._removed or before not in {None, self.cursor(route)}:
                return False
            self._delivered[route] = progress
            if changed is not None:
                kept = self._memory.setdefault(route, Memory())
                kept.objects.update(changed.objects)
                kept.nights.update(changed.nights)
            return True

    def memory(self, route: str, watched: Sequence[Watched]) -> Memory:
        """What the policy of a route has let through: of these objects, and in the newest nights of all filters."""
        with self._lock:
            kept = self._memory.get(route, Memory())
            return Memory({key: kept.objects[key] for key in watched if key in kept.objects}, dict(kept.nights))

    def delivered(self) -> dict[str, Progress]:
        """Route -> how far it is, for every route that has ever delivered."""
        with self._lock:
            return dict(sorted(self._delivered.items()))

    def ask_retry(self, reason: str) -> int:
        """Ask the broker to offer the dead letters of a reason again; gives the number of the request."""
        with self._lock:
            self._retries.append((reason, None))
            return len(self._retries)

    def retries(self) -> list[tuple[int, str]]:
        """Number and reason of requests without an answer, in order."""
        with self._lock:
            return [(n, reason) for n, (reason, answer) in enumerate(self._retries, 1) if answer is None]

    def answer_retry(self, number: int, answer: str) -> None:
        """Answer a request; the first answer stays."""
        with self._lock:
            if self._retries[number - 1][1] is None:
                self._retries[number - 1] = (self._retries[number - 1][0], answer)

    def retry_answer(self, number: int) -> str | None:
        """The answer to a request, None while there is none."""
        with self._lock:
            return self._retries[number - 1][1]

    def close(self) -> None:
        """Nothing to close. May be called twice."""

    def _bump(self) -> None:
        self._generation += 1
