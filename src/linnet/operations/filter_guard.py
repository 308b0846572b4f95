"""Judging by filters that people wrote: what one of them does wrong costs nobody else anything.

All filters are judged together, since they share clauses. Where that raises, or takes longer than one filter may, each
is judged alone, so that it is known which one it was. One that fails in three batches is switched off, and its owner is
told. A filter that takes long still gives its verdicts; one that raises has none in that batch, which is counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.control_port import Places
from linnet.core.filter_port import NoticeKind
from linnet.filters.filter_set import FilterSet, NamedFilter

STRIKES = 3
"""Batches in which a filter may fail before it is switched off."""

BUDGET_ROWS = 1000
"""Alerts of the batch for which the budget is meant. A smaller batch has it too; a larger one has more."""

ROOM = 2.0
"""How much more than was found to be nobody's fault all filters may take before each is timed again."""

SwitchOff: TypeAlias = Callable[[str, int, NoticeKind, str], None]
"""Told filter, version, kind and reason, once."""

Lookup: TypeAlias = Callable[[str], pa.Array]


@dataclass
class Guard:
    """What is known of the filters' behaviour since the process began; goes on over changes of filters.

    Attributes:
        budget: CPU seconds that one filter may take for a thousand alerts.
        switch_off: called for a filter that has failed in `STRIKES` batches.
    """

    budget: float
    switch_off: SwitchOff
    _raised: dict[tuple[str, int], int] = field(default_factory=dict)
    _slow: dict[tuple[str, int], int] = field(default_factory=dict)
    _failed: list[str] = field(default_factory=list)
    _cleared: float = 0.0

    def around(self, filters: Sequence[NamedFilter]) -> GuardedFilters:
        """These filters, guarded. One that cannot even be compiled is switched off at once and left out."""
        self._cleared = 0.0
        try:
            return GuardedFilters(self, filters, FilterSet(filters))
        except Exception:  # noqa: BLE001 - whatever it was, it is found by compiling each alone
            sound = [each for each in filters if self._compiles(each)]
        try:
            return GuardedFilters(self, sound, FilterSet(sound))
        except Exception:  # noqa: BLE001 - each compiles, all together do not: they are judged one by one
            return GuardedFilters(self, sound, None)

    def failures(self) -> list[str]:
        """Names of filters that failed since this was last asked, one for each batch."""
        found, self._failed = self._failed, []
        return found

    def raised(self, one: NamedFilter, error: Exception) -> None:
        """Count a batch for which a filter has no verdicts."""
        told = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        self._strike(one, self._raised, "failed", f"it failed in {STRIKES} batches, the last time with {told}")

    def took(self, one: NamedFilter, seconds: float, rows: int) -> None:
        """Count the time of a filter that was judged alone, where it is too long."""
        if seconds > self.allowed(rows):
            told = f"it took {seconds:.2f} s for {rows} alerts, more than its budget of {self.allowed(rows):.2f} s"
            self._strike(one, self._slow, "budget", f"{told}, in {STRIKES} batches in a row")
        else:
            self._slow.pop((one.name, one.version), None)

    def allowed(self, rows: int) -> float:
        """CPU seconds that one filter may take."""
        return self.budget * max(rows, BUDGET_ROWS) / BUDGET_ROWS

    def is_suspicious(self, seconds: float, rows: int) -> bool:
        """Whether all together took longer than one may, and longer than what was looked into before."""
        if seconds <= self.allowed(rows):
            self._slow.clear()
            return False
        return seconds > self._cleared * max(rows, BUDGET_ROWS)

    def clear(self, seconds: float, rows: int) -> None:
        """Remember that so much together was nobody's fault."""
        if not self._slow:
            self._cleared = ROOM * seconds / max(rows, BUDGET_ROWS)

    def _strike(self, one: NamedFilter, strikes: dict[tuple[str, int], int], kind: NoticeKind, reason: str) -> None:
        self._failed.append(one.name)
        key = (one.name, one.version)
        strikes[key] = strikes.get(key, 0) + 1
        if strikes[key] >= STRIKES:
            del strikes[key]
            self.switch_off(*key, kind, reason)

    def _compiles(self, one: NamedFilter) -> bool:
        try:
            FilterSet([one])
        except Exception as error:  # noqa: BLE001 - any fault of a filter costs only itself
            self._failed.append(one.name)
            self.switch_off(one.name, one.version, "failed", f"it cannot be compiled: {type(error).__name__}: {error}")
            return False
        return True


class GuardedFilters:
    """A `linnet.core.ports.ActiveFilters` that no filter can break. Made by `Guard.around`.

    Attributes:
        versions: name and version of each filter.
        needs: sorted names of the columns that any of them reads.
    """

    def __init__(self, guard: Guard, filters: Sequence[NamedFilter], together: FilterSet | None) -> None:
        self.versions: tuple[tuple[str, int], ...] = tuple((f.name, f.version) for f in filters)
        self.needs: tuple[str, ...] = tuple(sorted({name for f in filters for name in f.condition.columns}))
        self._guard, self._filters, self._together = guard, filters, together

    def hits(self, lookup: Lookup, length: int) -> tuple[Places, Places]:
        """Rows and places in `versions` of everything that passes, by row, then by filter. Never raises for a filter.

        Args:
            lookup: gives the Arrow array of a column by its name.
            length: rows of the batch.
        """
        look_up = cache(lookup)
        if self._together is None:
            return self._alone(look_up, length)
        started = time.thread_time()
        try:
            found = self._together.hits(look_up, length)
        except Exception:  # noqa: BLE001 - whatever it was, it is found by judging each alone
            return self._alone(look_up, length)
        seconds = time.thread_time() - started
        if self._guard.is_suspicious(seconds, length):
            self._alone(look_up, length)
            self._guard.clear(seconds, length)
        return found

    def _alone(self, look_up: Lookup, length: int) -> tuple[Places, Places]:
        found = [self._rows(each, look_up, length) for each in self._filters]
        rows = np.concatenate([np.empty(0, np.int64), *found])
        places = np.repeat(np.arange(len(found), dtype=np.int64), [len(each) for each in found])
        order = np.lexsort((places, rows))
        return rows[order], places[order]

    def _rows(self, one: NamedFilter, look_up: Lookup, length: int) -> Places:
        """Rows that pass one filter; none where it raises."""
        started = time.thread_time()
        try:
            verdicts = one.condition.evaluate(look_up, length)
        except Exception as error:  # noqa: BLE001 - any fault of a filter costs only its own tags of this batch
            self._guard.raised(one, error)
            return np.empty(0, np.int64)
        self._guard.took(one, time.thread_time() - started, length)
        passed = pc.fill_null(verdicts, False).to_numpy(zero_copy_only=False)
        return np.flatnonzero(passed).astype(np.int64)
