"""One unit, assembled in the order of the commit: dedupe, archive, enrich, filter, and the tables to be written."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.accounting import JUDGING, Ledger
from linnet.core.envelope import Gap, Position
from linnet.core.lightcurve import point_rows, withdrawn_rows
from linnet.core.ports import ActiveFilters
from linnet.core.reasons import DUPLICATE, Reason
from linnet.core.tagging import enrich, evaluate, scalars
from linnet.core.unit import Unit
from linnet.core.vocabulary import RECORD
from linnet.engines.archiving import PLACES, Appends, Archiving
from linnet.engines.arrivals import Arrivals, Opened, dead_alerts, unusable
from linnet.engines.corridor import Corridor
from linnet.engines.dedupe import Sorted, dedupe
from linnet.engines.in_flight import Seen
from linnet.engines.refusals import Refusals

AFTER_DEDUPE = ("archive", "plan", "filter", "store")

PLACE = ("topic", "partition")

Item = TypeVar("Item")


@dataclass(frozen=True)
class Part:
    """Alerts of one batch that share a survey and a known_night, all of them usable."""

    arrivals: Arrivals
    night: int


@dataclass(frozen=True)
class Bad:
    """Alerts of one survey that failed a check, with the reason code and the sentence of each."""

    arrivals: Arrivals
    reason: pa.Array
    detail: pa.Array


@dataclass(frozen=True)
class Draft:
    """One unit before its number: what is refused, then at most one part."""

    refused: Opened | None
    bad: tuple[Bad, ...]
    part: Part | None
    positions: tuple[Position, ...]
    gaps: tuple[Gap, ...] = ()


def drafts(
    opened: Opened, open_nights: dict[str, int], positions: tuple[Position, ...], gaps: tuple[Gap, ...] = ()
) -> list[Draft]:
    """A batch as units: refused messages and alerts first, then one part per survey and night, earlier first.

    The position of a partition goes with the last unit that has something of it, so that it never passes what is not
    durable yet. What a kill between two units lets come again is only what these did not hold, and for a partition that
    brought several nights at once what it brought. What the source passed over goes with the last unit.
    """
    bad, parts = [], []
    for arrivals in opened.arrivals:
        reason, detail = unusable(arrivals)
        good = arrivals
        if reason.null_count < len(arrivals):
            fails = pc.is_valid(reason)
            bad.append(Bad(arrivals.pick(fails), reason.filter(fails), detail.filter(fails)))
            good = arrivals.pick(pc.invert(fails))
        parts.extend(_by_night(good, open_nights.get(arrivals.survey.name, 0)))
    units = [Draft(opened, tuple(bad), parts[0] if parts else None, ())]
    units += [Draft(None, (), part, ()) for part in parts[1:]]
    shared = _shared(units, positions)
    units = [replace(unit, positions=mine) for unit, mine in zip(units, shared, strict=True)]
    return [*units[:-1], replace(units[-1], gaps=gaps)]


def assemble(
    draft: Draft, number: int, corridor: Corridor, filters: ActiveFilters, seen: Seen, appends: Appends
) -> tuple[Unit, Archiving | None]:
    """Everything that the unit's commit writes but where its datums lie: their append, if there are any, goes on."""
    ledger = Ledger()
    for gap in draft.gaps:
        ledger.passed_over(gap)
    refusals = Refusals(seen, ledger)
    _count_refused(draft, ledger, refusals)
    run = corridor.run_of(filters)
    if draft.part is None:
        return Unit(number, run, dead=refusals.table(), counts=ledger.table(), positions=draft.positions), None
    arrivals, night = draft.part.arrivals, draft.part.night
    _through_checks(ledger, arrivals)
    told = dedupe(arrivals, seen)
    fresh = arrivals.pick(told.new)
    _count_repeats(arrivals, fresh, told, ledger, refusals)
    ledger.through(AFTER_DEDUPE, fresh.origins)
    rest = Unit(number, run, dead=refusals.table(), positions=draft.positions)
    if len(fresh) == 0:
        # Only an alert that is taken opens a night: not a conflict with the date of another one.
        return replace(rest, counts=ledger.table(), segments=appends.touched()), None
    archiving = appends.begin(fresh, night)
    rows, tags = _rows(fresh, night, corridor, filters, ledger)
    record = _record(fresh, pc.filter(told.hashes, told.new), night, run.run_id)
    unit = replace(
        rest,
        survey=arrivals.survey.name,
        night=night,
        alerts=pa.Table.from_arrays([*rows.columns, *record.values()], names=[*rows.schema.names, *record]),
        points=point_rows(fresh.alerts, night),
        withdrawn=withdrawn_rows(fresh.alerts, night),
        tags=tags,
        counts=ledger.table(),
    )
    return unit, archiving


def _by_night(arrivals: Arrivals, open_night: int) -> list[Part]:
    """Parts by known_night, the alerts of each in the order in which they came.

    A repeat goes with the first of its identity, whatever night it claims itself: were it taken earlier than that one,
    a damaged date would win over an intact alert that had come before, and the size of the batch would decide.
    """
    known = np.maximum(arrivals.alerts.column("night").to_numpy(zero_copy_only=False).astype(np.int64), open_night)
    _, first, place = np.unique(arrivals.alerts.column("alert_id").to_numpy(), return_index=True, return_inverse=True)
    known = known[first[place]]
    return [Part(arrivals.pick(pa.array(known == night)), int(night)) for night in np.unique(known)]


def _shared(units: Sequence[Draft], positions: tuple[Position, ...]) -> list[tuple[Position, ...]]:
    """For every unit the positions of partitions of which nothing comes after it."""
    last: dict[tuple[str, int], int] = {}
    for number, unit in enumerate(units if len(units) > 1 else ()):
        last |= dict.fromkeys(_partitions(unit), number)
    of = [last.get((each.topic, each.partition), len(units) - 1) for each in positions]
    return [tuple(each for each, at in zip(positions, of, strict=True) if at == number) for number in range(len(units))]


def _partitions(unit: Draft) -> set[tuple[str, int]]:
    """Topic and partition of everything that a unit holds."""
    origins = [bad.arrivals.origins for bad in unit.bad]
    origins += [] if unit.refused is None else [unit.refused.refused_origins]
    origins += [] if unit.part is None else [unit.part.arrivals.origins]
    tallies = [each.tally for each in origins if len(each.topic)]
    return {place for each in tallies for place in zip(*(each.column(n).to_pylist() for n in PLACE), strict=True)}


def _count_refused(draft: Draft, ledger: Ledger, refusals: Refusals) -> None:
    if draft.refused is not None:
        ledger.add("decode", "in", draft.refused.refused_origins)
        refusals.add("decode", draft.refused.refused, draft.refused.refused_origins)
    for bad in draft.bad:
        origins = bad.arrivals.origins
        ledger.through(("decode",), origins)
        ledger.add("check", "in", origins)
        refusals.add("check", dead_alerts(bad.arrivals, bad.reason, bad.detail), origins)


def _through_checks(ledger: Ledger, arrivals: Arrivals) -> None:
    ledger.through(("decode", "check"), arrivals.origins)
    ledger.add("dedupe", "in", arrivals.origins)


def _count_repeats(arrivals: Arrivals, fresh: Arrivals, told: Sorted, ledger: Ledger, refusals: Refusals) -> None:
    ledger.add("dedupe", "out", fresh.origins)
    if len(fresh) == len(arrivals):
        return
    ledger.add("dedupe", DUPLICATE, arrivals.origins.take(told.duplicate))
    conflicts = arrivals.pick(told.conflict)
    n = len(conflicts)
    reason = pa.array([str(Reason.DUP_CONFLICT)] * n, pa.string())
    detail = pa.array(["an alert of this id with other content was taken before; the first one stays"] * n, pa.string())
    refusals.add("dedupe", dead_alerts(conflicts, reason, detail), conflicts.origins)


def _rows(
    fresh: Arrivals, night: int, corridor: Corridor, filters: ActiveFilters, ledger: Ledger
) -> tuple[pa.RecordBatch, pa.Table]:
    """Scalar columns of the new alerts, and their tags."""
    survey = fresh.survey

    def failed(module: object, error: Exception) -> None:
        name = str(getattr(module, "name", module))
        ledger.failed(name, fresh.message.column("topic")[0].as_py(), survey.name)
        corridor.module_failed(name, survey.name, error)

    enriched = enrich(survey, fresh.alerts, night, corridor.store, corridor.plan, failed)
    started = time.perf_counter()
    tags = evaluate(filters, enriched, corridor.plan.columns, corridor.memberships())
    corridor.observer.worked("filter", enriched.num_rows, time.perf_counter() - started)
    for name in corridor.filter_failures():
        ledger.failed(name, fresh.message.column("topic")[0].as_py(), survey.name, JUDGING)
    return scalars(enriched), tags


def _record(fresh: Arrivals, hashes: pa.Array, night: int, run_id: str) -> dict[str, pa.Array]:
    """The `RECORD` columns without `PLACES`."""
    n = len(fresh)
    columns = {
        "known_night": pa.array(np.full(n, night, dtype=np.int32)),
        "content_hash": hashes,
        "run_id": pa.array([run_id] * n, pa.string()),
        **{name: fresh.message.column(name) for name in ("topic", "partition", "offset")},
        "position": fresh.index,
    }
    return {name: columns[name].cast(RECORD[name].type) for name in RECORD if name not in PLACES}
