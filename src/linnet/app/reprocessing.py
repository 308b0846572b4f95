"""The parts that reprocessing works with, out of a home."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from linnet.app.catalogues import catalogues_of
from linnet.app.config import Settings
from linnet.app.feed import FilterFeed, run_of
from linnet.app.home import Home
from linnet.app.lists import ListFeed, list_things, recorded_lists
from linnet.app.progress import counting
from linnet.app.wiring import Parts, plan_with, reader
from linnet.core.plan import Plan
from linnet.core.ports import ActiveFilters
from linnet.core.unit import Run
from linnet.errors import FilterError
from linnet.filters.filter_set import FilterSet, NamedFilter
from linnet.filters.language import parse
from linnet.operations import reprocess as operation


def reprocess(home: Home, settings: Settings, *, verify_only: bool) -> operation.Verdict:
    """Run the archive of a home again; see `linnet.operations.reprocess`."""
    with reader(home, settings) as parts, counting("reprocess") as advance:
        lists = ListFeed(parts.control, parts.lists)
        filters = lists.taken_up(FilterFeed(parts.control, parts.store, parts.plan, record=False)())
        plans = _recorded_plans(home)
        bench = operation.Bench(
            store=parts.store,
            raw=parts.raw,
            science=parts.science,
            schemas=parts.schemas,
            surveys={s.name: s for s in parts.surveys},
            plan=parts.plan,
            filters=_recorded_filters(parts, plans),
            run=lists.named(partial(run_of, parts.plan))(filters),
            plans=plans,
            lists=recorded_lists(parts.control, parts.lists),
            lists_now=lists.memberships(),
        )
        if verify_only:
            return operation.verify(bench, advance)
        return operation.reprocess(bench, filters, advance)


def _recorded_plans(home: Home) -> Callable[[Run], Plan | None]:
    """Today's modules with the catalogues of a recorded run; None where a version of one is gone."""
    made: dict[str, Plan | None] = {}

    def plan(run: Run) -> Plan | None:
        if run.run_id not in made:
            found = catalogues_of(home, run.catalogues)
            made[run.run_id] = None if found is None else plan_with(found)
        return made[run.run_id]

    return plan


def _recorded_filters(parts: Parts, plans: Callable[[Run], Plan | None]) -> Callable[[Run], ActiveFilters | None]:
    """The filters of a recorded run, compiled from their kept texts; None where one is gone or no longer parses.

    Asked for with every file of the archive, compiled once a run: five texts take 40 ms.
    """
    texts = {(f.name, f.version): f.text for f in parts.control.filters()}
    compiled: dict[str, ActiveFilters | None] = {}
    things = list_things(parts.control, removed=True)

    def compile_all(run: Run) -> ActiveFilters | None:
        plan = plans(run)
        try:
            columns = (plan or parts.plan).columns
            mine = {n: texts[n, v] for n, v in run.filters}
            named = replace(things, filters=mine)
            return FilterSet([NamedFilter(n, v, parse(mine[n], columns, named)) for n, v in run.filters])
        except (KeyError, FilterError):
            return None

    def filters(run: Run) -> ActiveFilters | None:
        if run.run_id not in compiled:
            compiled[run.run_id] = compile_all(run)
        return compiled[run.run_id]

    return filters
