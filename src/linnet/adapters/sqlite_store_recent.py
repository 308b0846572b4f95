"""Objects that a history join has just read, kept for the commit that follows, so that nothing is read twice."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

from linnet.adapters.sqlite_store_objects import Held

MOST_BATCHES = 3
"""Batches kept: one that is being committed, and those that were joined ahead of it."""

MOST_POINTS = 2_000_000
"""Batches with more points than this are not kept: they are 150 MB."""

Key = tuple[str, tuple[str, ...]]


class Recent:
    """What joins read, by survey and object ids. Whatever a commit touches is forgotten with it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._generation = 0
        self._kept: OrderedDict[Key, Held] = OrderedDict()

    def generation(self) -> int:
        """A number to be asked for before a snapshot begins; it changes with every commit."""
        with self._lock:
            return self._generation

    def keep(self, survey: str, found: Held, generation: int) -> None:
        """Keep what a snapshot showed, unless a commit came between."""
        if len(found.points) > MOST_POINTS:
            return
        with self._lock:
            if generation == self._generation:
                self._kept[survey, tuple(found.object_ids)] = found
                while len(self._kept) > MOST_BATCHES:
                    self._kept.popitem(last=False)

    def get(self, survey: str, object_ids: Sequence[str]) -> Held | None:
        """These objects as they are stored now, if they were kept."""
        with self._lock:
            return self._kept.get((survey, tuple(object_ids)))

    def committed(self, survey: str | None, object_ids: Sequence[str]) -> None:
        """Forget what holds one of these objects, which a commit has changed."""
        changed = set(object_ids)
        with self._lock:
            self._generation += 1
            for key in [k for k in self._kept if k[0] == survey and not changed.isdisjoint(k[1])]:
                del self._kept[key]

    def forget(self) -> None:
        """Forget everything: someone else has written the file."""
        with self._lock:
            self._generation += 1
            self._kept.clear()
