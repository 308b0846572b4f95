"""Columns to tags: history join, plan, filters, and the rows that are kept."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.column import Column
from linnet.core.counted import counted
from linnet.core.lightcurve import join
from linnet.core.membership import NO_LISTS, Memberships, is_list
from linnet.core.module import Module
from linnet.core.plan import Plan
from linnet.core.ports import ActiveFilters, Store
from linnet.core.survey import Survey
from linnet.core.unit import TAG

_LIST = pa.list_(pa.null()).id


def enrich(
    survey: Survey,
    alerts: pa.RecordBatch,
    night: int,
    store: Store,
    plan: Plan,
    failed: Callable[[Module, Exception], None],
) -> pa.RecordBatch:
    """Alerts with `hist_*`, counts and every module's columns.

    Args:
        survey: whose alerts these are.
        alerts: columns of `vocabulary.PACKET`.
        night: their known_night; stored points of that night or later are not looked at.
        store: where earlier points are.
        plan: the modules.
        failed: called for each module that raises.
    """
    objects = pc.drop_null(pc.unique(alerts.column("object_id")))
    stored = store.points(survey.name, objects, before=night)
    history = join(alerts, stored)
    counts = counted(pa.RecordBatch.from_pydict({**history, "mjd": alerts.column("mjd")}), survey.night)
    return plan.run(alerts, failed, {**history, **counts})


def evaluate(
    filters: ActiveFilters, batch: pa.RecordBatch, columns: dict[str, Column], memberships: Memberships = NO_LISTS
) -> pa.Table:
    """`TAG` rows of the alerts that pass, in the order of the alerts, then of the filters.

    Args:
        filters: what judges them.
        batch: enriched alerts.
        columns: every declared column: one that is not in the batch is null.
        memberships: gives what the filters ask of areas and watchlists (`in_area:NAME`); each is asked once.
    """
    n = batch.num_rows
    present = set(batch.schema.names)
    asked: dict[str, pa.BooleanArray] = {}

    def look_up(name: str) -> pa.Array:
        if is_list(name):
            if name not in asked:
                asked[name] = memberships.of(name, batch)
            return asked[name]
        return batch.column(name) if name in present else columns[name].empty(n)

    rows, places = (pa.array(found) for found in filters.hits(look_up, n))
    names = pa.array([name for name, _ in filters.versions], pa.string())
    versions = pa.array([version for _, version in filters.versions], pa.int32())
    return pa.Table.from_arrays(
        [batch.column("alert_id").take(rows), names.take(places), versions.take(places)], schema=TAG
    )


def scalars(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch without its light-curve columns."""
    return batch.select([i for i, kind in enumerate(batch.schema.types) if kind.id != _LIST])
