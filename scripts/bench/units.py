"""Units as the corridor commits them, any number: one real unit, again and again about other objects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bench.enriched import home
from bench.sample_packets import load_batch
from linnet.core import sky
from linnet.core.unit import POINT, TAG, Unit
from linnet.core.vocabulary import DETECTION
from linnet.engines.local import LocalEngine

Ints = npt.NDArray[np.int64]

ROWS = 1000
EARLY_MJD = 61000.125
"""Nights before those of the loads that are measured."""

BELOW, BLOCK = 10**13, 10**9
"""How far below the loads' ids these are, and what lies between the history's ids of two objects of one row."""

TURN = 10**8
"""More than there are objects: ids of alerts rise with the turns, as a survey's do with time."""

FILTER = ("preloaded", 1)
TAGGED = 50
"""Of so many alerts one has a tag."""


class _Capturing:
    """A store that keeps what is committed."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.units: list[Unit] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def commit(self, unit: Unit) -> None:
        self.units.append(unit)
        self._inner.commit(unit)


class Sky:
    """Objects over the whole sky, numbered in its order; their names have another order.

    Args:
        objects: how many.
    """

    def __init__(self, objects: int) -> None:
        chance = np.random.default_rng(objects)
        ra, dec = chance.uniform(0, 360, objects), np.degrees(np.arcsin(chance.uniform(-1, 1, objects)))
        cell = sky.healpix29(ra, dec)
        order = np.argsort(cell)
        self.ra, self.dec, self.cell = ra[order], dec[order], cell[order]
        self.names = chance.permutation(objects)

    def __len__(self) -> int:
        """Number of objects."""
        return len(self.ra)


@dataclass(frozen=True)
class Model:
    """One unit of new objects, and how others are made of it.

    Attributes:
        unit: as the corridor committed it.
        name_of: object ids of numbers, key_of: their keys.
    """

    unit: Unit
    name_of: Callable[[Ints], list[str]]
    key_of: Callable[[str], int | None]

    @property
    def rows(self) -> int:
        """Alerts of the unit."""
        return len(self.alerts)

    @cached_property
    def alerts(self) -> pa.Table:
        """Its alerts."""
        assert self.unit.alerts is not None  # noqa: S101  # a captured unit of alerts
        return self.unit.alerts

    @cached_property
    def _points(self) -> tuple[Ints, Ints]:
        """Rows of the points of each alert: places in one array, and where each alert's begin there."""
        of = pc.index_in(self.unit.points.column("object_id"), self.alerts.column("object_id").combine_chunks())
        owner = of.combine_chunks().to_numpy(zero_copy_only=False).astype(np.int64)
        order = np.argsort(owner, kind="stable")
        return order, np.searchsorted(owner[order], np.arange(self.rows + 1))

    def about(self, over: Sky, objects: Ints, turn: int, number: int, *, history: bool = True) -> Unit:
        """A unit in which these objects (by number) are seen for the turn-th time, counted from 0.

        Their history stays as it was, with one new point for each turn; without it they bring that point alone.
        """
        row = objects % self.rows
        ids = int(_numbers(self.alerts, "alert_id").min()) - BELOW + turn * TURN + objects
        names = self.name_of(over.names[objects])
        new = {
            "alert_id": pa.array(ids),
            "object_id": pa.array(names),
            "object_key": pa.array([self.key_of(n) for n in names], pa.int64()),
            "ra": pa.array(over.ra[objects]),
            "dec": pa.array(over.dec[objects]),
            "healpix": pa.array(over.cell[objects]),
            "mjd": pa.array(_numbers(self.alerts, "mjd", np.float64)[row] + turn),
        }
        night = int(self.unit.night or 0) + turn
        tagged = pa.array(ids[::TAGGED])
        tags = [tagged, pa.array([FILTER[0]] * len(tagged)), pa.array([FILTER[1]] * len(tagged), pa.int32())]
        points = self._points_of(objects, ids, names, (turn, night))
        if not history:
            points = points.filter(pc.equal(points.column("key"), points.column("alert_id")))
        return replace(
            self.unit,
            number=number,
            night=night,
            alerts=_with(self.alerts.take(pa.array(row)), new),
            points=points,
            tags=pa.Table.from_arrays(tags, schema=TAG),
            segments=self.unit.segments.slice(0, 0),
            positions=(),
        )

    def _points_of(self, objects: Ints, ids: Ints, names: list[str], when: tuple[int, int]) -> pa.Table:
        row, block = objects % self.rows, objects // self.rows
        order, begins = self._points
        counts = np.diff(begins)[row]
        which = np.repeat(np.arange(len(row)), counts)
        within = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
        points = self.unit.points.take(pa.array(order[begins[row][which] + within]))
        own = _numbers(self.alerts, "alert_id")[row][which]
        key, moved = _numbers(points, "key"), block[which] * BLOCK - BELOW
        is_own = (_numbers(points, "kind") == DETECTION) & (key == own)
        key = np.where(is_own, ids[which], key + moved)
        turn, night = when
        source = points.column("source_id")
        new = {
            "object_id": pa.array(names).take(pa.array(which)),
            "key": pa.array(key),
            "source_id": pc.if_else(source.is_valid(), pa.array(key), None).combine_chunks(),
            "alert_id": pa.array(ids[which]),
            "mjd": pa.array(_numbers(points, "mjd", np.float64) + np.where(is_own, turn, 0)),
            "alert_mjd": pa.array(_numbers(points, "alert_mjd", np.float64) + turn),
            "known_night": pa.array(np.full(len(which), night, dtype=np.int32)),
        }
        return _with(points, new).cast(POINT)


def model(kind: str) -> Model:
    """One unit of a kind of load."""
    with home() as (parts, corridor):
        capturing = _Capturing(parts.store)
        engine = LocalEngine(replace(corridor, store=capturing))
        batch = load_batch(kind, ROWS, first_mjd=EARLY_MJD)
        engine.take(batch, ())
        unit = next(u for u in capturing.units if u.alerts is not None)
        survey = next(s for s in parts.surveys if s.name == unit.survey)
    if survey.name == "ztf":
        return Model(unit, lambda numbers: [survey.id(25 * 26**7 + n) for n in numbers.tolist()], survey.key)
    return Model(unit, lambda numbers: [str(90_000_000_000_000_000 + n) for n in numbers.tolist()], survey.key)


def _numbers(table: pa.Table, name: str, kind: Any = np.int64) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = table.column(name).combine_chunks().to_numpy(zero_copy_only=False).astype(kind)
    return values


def _with(table: pa.Table, new: dict[str, pa.Array]) -> pa.Table:
    columns = {n: new[n].cast(table.schema.field(n).type) if n in new else table.column(n) for n in table.column_names}
    return pa.table(columns)
