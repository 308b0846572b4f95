"""Delivery policies: which of its matches a route sends, decided one after the other in the order of the tag log.

What was let through so far is a `Memory`, kept with the route's cursor in one transaction: after a crash between
sending and that transaction the same matches meet the same memory, so the same ones are sent again. Filters stay
stateless; whether an object was sent before is a question of the route, not of the filter. A new version of a filter
goes on with the memory of the earlier ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isfinite
from typing import TypeAlias

import pyarrow as pa

from linnet.errors import InputError

Watched: TypeAlias = tuple[str, str, str]
"""Filter, survey, object_id: whose messages a policy keeps apart. Each filter of a route is a stream of its own."""


@dataclass(frozen=True)
class Policy:
    """What a route holds back. By default nothing.

    Attributes:
        once_per_object: one message of an object and a filter, ever.
        per_night: at most so many messages of a filter, a survey and a `known_night`, the first ones.
        min_gap: least days between two messages of an object and a filter, by `mjd`; an alert that comes late, from
            before the last message, is held back.

    An alert without object_id is bound by `per_night` alone.

    Raises:
        InputError: a limit that lets nothing through or everything, or two that say the same.
    """

    once_per_object: bool = False
    per_night: int | None = None
    min_gap: float | None = None

    def __post_init__(self) -> None:
        if self.per_night is not None and self.per_night < 1:
            raise InputError(f"at most {self.per_night} per night: that sends nothing; give 1 or more")
        if self.min_gap is not None and not (isfinite(self.min_gap) and self.min_gap > 0):
            raise InputError(f"a gap of {self.min_gap} days: give a number above 0")
        if self.once_per_object and self.min_gap is not None:
            raise InputError("once per object leaves no second message for a minimum gap: choose one of the two")

    @property
    def by_object(self) -> bool:
        """Whether it asks what was sent of an object."""
        return self.once_per_object or self.min_gap is not None

    def __bool__(self) -> bool:
        return self.by_object or self.per_night is not None

    def __str__(self) -> str:
        said = [
            "once per object" if self.once_per_object else "",
            f"at most {self.per_night} per night" if self.per_night is not None else "",
            f"{self.min_gap:g} d apart" if self.min_gap is not None else "",
        ]
        return ", ".join(filter(None, said)) or "everything"


EVERYTHING = Policy()
"""Holds nothing back."""


@dataclass(frozen=True)
class Memory:
    """What a route has let through.

    Attributes:
        objects: mjd of the last message of each.
        nights: (filter, survey) -> newest night with a message, and messages in it.
    """

    objects: dict[Watched, float] = field(default_factory=dict)
    nights: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)


def watched(matches: pa.RecordBatch) -> list[Watched]:
    """The distinct objects of matches, by filter."""
    keys = zip(*(matches.column(name).to_pylist() for name in ("filter", "survey", "object_id")), strict=True)
    return list(dict.fromkeys(key for key in keys if key[2] is not None))


def let_through(policy: Policy, matches: pa.RecordBatch, memory: Memory) -> tuple[pa.Array, Memory]:
    """Judge matches in their order.

    Args:
        policy: of the route.
        matches: `filter`, `survey`, `object_id`, `known_night`, `mjd`, in the order of the tag log.
        memory: what was let through before; of objects only those of `watched(matches)` are asked.

    Returns:
        Whether each match is sent (bool, aligned, never null), and what has changed in the memory.
    """
    judge = _Judge(policy, memory)
    names = ("filter", "survey", "object_id", "known_night", "mjd")
    rows: Iterable[tuple[str, str, str | None, int, float]] = zip(
        *(matches.column(name).to_pylist() for name in names), strict=True
    )
    return pa.array([judge.lets(*row) for row in rows], pa.bool_()), judge.changed


class _Judge:
    def __init__(self, policy: Policy, memory: Memory) -> None:
        self._policy, self._before, self.changed = policy, memory, Memory()

    def lets(self, name: str, survey: str, object_id: str | None, night: int, mjd: float) -> bool:
        """Whether this match is sent; if so it is remembered."""
        key = None if object_id is None or not self._policy.by_object else (name, survey, object_id)
        if key is not None and not self._far_enough(key, mjd):
            return False
        if not self._room(name, survey, night):
            return False
        if key is not None:
            self.changed.objects[key] = mjd
        return True

    def _far_enough(self, key: Watched, mjd: float) -> bool:
        last = self.changed.objects.get(key, self._before.objects.get(key))
        gap = self._policy.min_gap
        return last is None or (gap is not None and mjd >= last + gap)

    def _room(self, name: str, survey: str, night: int) -> bool:
        """Whether the night has room for one more, which then is taken."""
        if self._policy.per_night is None:
            return True
        newest, n = self.changed.nights.get((name, survey), self._before.nights.get((name, survey), (night, 0)))
        if night > newest:
            newest, n = night, 0
        if n >= self._policy.per_night:
            return False
        self.changed.nights[name, survey] = newest, n + 1
        return True
