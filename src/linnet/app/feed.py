"""The filters that are active now: texts out of the control database, compiled once."""

from __future__ import annotations

from collections.abc import Callable

from linnet import __version__
from linnet.app.filter_reading import Reading, things_of
from linnet.core.filter_port import FilterText, NoticeKind
from linnet.core.plan import Plan
from linnet.core.ports import ActiveFilters, Control, Store
from linnet.core.unit import Run
from linnet.errors import FilterError
from linnet.filters.filter_set import NamedFilter
from linnet.operations.filter_examples import wrong
from linnet.operations.filter_guard import Guard, GuardedFilters

BUDGET = 0.1
"""CPU seconds that one filter may take for a thousand alerts, where the settings say nothing else."""

Told = Callable[[str, int, NoticeKind, str], None]


class FilterFeed:
    """Polls the control database, reads the texts that are new, and compiles the active filters into one set.

    A filter that no longer fits the columns, or names one that is not active any more, is switched off, and its owner
    told; so is one that fails while it judges (`linnet.operations.filter_guard`). It costs nobody else anything.

    Args:
        control: where filters are kept.
        store: gives the tag-log number from which an activation holds.
        plan: names the columns that a filter may read.
        refused: called with a filter that is left out, and the reason.
        record: whether this is the broker: it records from which tag-log number an activation holds, switches off what
            does not work, and runs the examples of every version that it meets; False for readers.
        budget: CPU seconds that one filter may take for a thousand alerts.
    """

    def __init__(  # noqa: PLR0913 - all but the first three have a value that fits
        self,
        control: Control,
        store: Store,
        plan: Plan,
        refused: Callable[[FilterText, FilterError], None] = lambda _text, _error: None,
        *,
        record: bool = True,
        told: Told = lambda _name, _version, _kind, _text: None,
        budget: float = BUDGET,
    ) -> None:
        self._control = control
        self._store = store
        self._refused = refused
        self._record = record
        self._told = told
        self._reading = Reading(plan.columns)
        self._columns = plan.columns
        self._guard = Guard(budget, self._switch_off)
        self._generation: int | None = None
        self._met: set[tuple[str, int]] = set()
        self._active: GuardedFilters = self._guard.around(())

    def __call__(self) -> GuardedFilters:
        """The active filters by name."""
        generation = self._control.generation()
        if generation != self._generation:
            self._active = self._compile()
            self._generation = generation
        return self._active

    def changed(self) -> bool:
        """Whether somebody changed the filters since they were asked for."""
        return self._control.generation() != self._generation

    def failures(self) -> list[str]:
        """Names of filters that failed since this was last asked, one for each batch."""
        return self._guard.failures()

    def _compile(self) -> GuardedFilters:
        seq = self._store.last_tag() + 1
        texts = self._control.take_up(seq) if self._record else self._control.filters(active=True)
        self._reading.begin(things_of(self._control, texts))
        found: list[tuple[FilterText, NamedFilter]] = []
        for text in texts:
            try:
                found.append((text, self._reading.read(text)))
            except FilterError as error:
                self._refused(text, error)
                self._switch_off(text.name, text.version, "unfit", f"it does not fit any more: {error}", seq - 1)
                continue
            if self._record and (text.name, text.version) not in self._met:
                self._met.add((text.name, text.version))
                self._judge(*found[-1])
        return self._guard.around(sorted((one for _, one in found), key=lambda f: f.name))

    def _judge(self, text: FilterText, one: NamedFilter) -> None:
        """Run the examples of a version: columns may mean something else than when it was written."""
        told = wrong(one.condition, text.details, self._columns)
        if told:
            if self._control.notify(text.name, text.version, "examples", told):
                self._told(text.name, text.version, "examples", told)
        elif any(notice.kind == "examples" for notice in self._control.notices(text.name)):
            self._control.close_notices(text.name, "examples")

    def _switch_off(self, name: str, version: int, kind: NoticeKind, reason: str, until: int | None = None) -> None:
        if self._record and self._control.switch_off(name, version, kind, reason, until=until):
            self._told(name, version, kind, reason)


class Runs:
    """Describes the run of the filters that are active, anew only when they change: a thousand take 4 ms."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._last: tuple[ActiveFilters, Run] | None = None

    def __call__(self, filters: ActiveFilters) -> Run:
        """The run that the plan and these filters make."""
        if self._last is None or self._last[0] is not filters:
            self._last = (filters, run_of(self._plan, filters))
        return self._last[1]


def run_of(plan: Plan, filters: ActiveFilters) -> Run:
    """The run that a plan and a set of filters make."""
    return Run(
        code=__version__,
        modules={m.name: m.version for m in plan.modules},
        filters=tuple(sorted(filters.versions)),
        catalogues={m.name: m.content for m in plan.modules if m.content},
    )
