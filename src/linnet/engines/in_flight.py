"""What is planned but not committed yet: repeats of it are repeats as well."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from threading import Condition

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core.ports import Store
from linnet.core.unit import DEAD, Unit

DEAD_IDENTITY = ("topic", "partition", "position", "key", "sha256")
"""What tells one dead letter from another."""

Identity = tuple[object, ...]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Planned:
    """Identities of one unit: alert ids ascending, with their hashes."""

    survey: str | None
    ids: Ints
    hashes: Ints
    dead: AbstractSet[Identity]


class InFlight:
    """The units between planning and commit, in order. One thread plans, another commits.

    Args:
        committed: number of the last unit that is in the store.

    Attributes:
        committed, planned: numbers of the last unit that is in the store, and that is planned.
        through: batches of which every unit is in the store.
    """

    def __init__(self, committed: int) -> None:
        self._units: dict[int, _Planned] = {}
        self._changed = Condition()
        self._broken = False
        self.committed = committed
        self.planned = committed
        self.through = 0

    def plan(self, unit: Unit) -> None:
        """A unit is on its way to the commit."""
        found = _planned(unit)
        with self._changed:
            self._units[unit.number] = found
            self.planned = unit.number

    def commit(self, number: int, *, batches: int = 0) -> None:
        """A unit is in the store, and with it the last of so many batches."""
        with self._changed:
            self._units.pop(number, None)
            self.committed = number
            self.through += batches
            self._changed.notify_all()

    def wait_for(self, number: int) -> bool:
        """Return when this unit is committed; False where it never will be."""
        with self._changed:
            self._changed.wait_for(lambda: self._broken or self.committed >= number)
            return not self._broken

    def wait_through(self, batches: int) -> bool:
        """Return when so many batches are through; False where they never will be."""
        with self._changed:
            self._changed.wait_for(lambda: self._broken or self.through >= batches)
            return not self._broken

    def break_off(self) -> None:
        """Let go whoever waits: nothing more is committed."""
        with self._changed:
            self._broken = True
            self._changed.notify_all()

    def units(self) -> list[_Planned]:
        """Units that are not committed yet, in order."""
        with self._changed:
            return list(self._units.values())


class Seen:
    """Every identity that was taken before: in flight or stored. Answers as a `Store` does.

    Of a unit that is committed while we ask, the store is asked after the units in flight: so none is missed.
    """

    def __init__(self, store: Store, in_flight: InFlight) -> None:
        self._store = store
        self._in_flight = in_flight

    def hashes(self, survey: str, alert_ids: pa.Array) -> pa.Array:
        """Content hashes (int64) of alerts taken before, aligned with the ids; null for those that were not."""
        units = [unit for unit in self._in_flight.units() if unit.survey == survey and len(unit.ids)]
        stored = self._store.hashes(survey, alert_ids)
        if not units:
            return stored
        ids = alert_ids.to_numpy()
        known = stored.is_valid().to_numpy(zero_copy_only=False)
        values = stored.fill_null(0).to_numpy().copy()
        for unit in units:
            place = np.minimum(np.searchsorted(unit.ids, ids), len(unit.ids) - 1)
            here = (unit.ids[place] == ids) & ~known
            values[here] = unit.hashes[place[here]]
            known |= here
        return pa.array(values, mask=~known)

    def dead_seen(self, dead: pa.Table) -> list[bool]:
        """Whether each of these dead letters (`DEAD`) was taken before, aligned."""
        flying: set[Identity] = set()
        for unit in self._in_flight.units():
            flying |= unit.dead
        stored = self._store.dead_seen(dead).to_pylist()
        return [known or each in flying for known, each in zip(stored, dead_identities(dead), strict=True)]


def dead_identities(dead: pa.Table) -> list[Identity]:
    """The identity of each dead letter."""
    return list(zip(*(dead.column(name).to_pylist() for name in DEAD_IDENTITY), strict=True))


def _planned(unit: Unit) -> _Planned:
    nothing = np.empty(0, np.int64)
    dead = frozenset(dead_identities(unit.dead)) if unit.dead.num_rows else frozenset()
    if unit.alerts is None:
        return _Planned(unit.survey, nothing, nothing, dead)
    ids = unit.alerts.column("alert_id").to_numpy()
    order = np.argsort(ids)
    return _Planned(unit.survey, ids[order], unit.alerts.column("content_hash").to_numpy()[order], dead)


assert set(DEAD_IDENTITY) <= set(DEAD.names)  # noqa: S101  # a mistake in this file, told at import
