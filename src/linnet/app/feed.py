"""The filters that are active now: texts out of the control database, compiled once."""

from __future__ import annotations

from collections.abc import Callable

from linnet import __version__
from linnet.app.lists import list_things
from linnet.core.plan import Plan
from linnet.core.ports import ActiveFilters, Control, FilterText, Store
from linnet.core.unit import Run
from linnet.errors import FilterError
from linnet.filters.filter_set import FilterSet, NamedFilter
from linnet.filters.language import parse


class FilterFeed:
    """Polls the control database, reads the texts that are new, and compiles the active filters into one set.

    A text that no longer fits the columns is left out and reported once; it costs nobody else anything.

    Args:
        control: where filters are kept.
        store: gives the tag-log number from which an activation holds.
        plan: names the columns that a filter may read.
        refused: called with the filter and the reason.
        record: whether to record from which tag-log number an activation holds; False for readers.
    """

    def __init__(
        self,
        control: Control,
        store: Store,
        plan: Plan,
        refused: Callable[[FilterText, FilterError], None] = lambda _text, _error: None,
        *,
        record: bool = True,
    ) -> None:
        self._control = control
        self._store = store
        self._plan = plan
        self._refused = refused
        self._record = record
        self._generation: int | None = None
        self._read: dict[tuple[str, int], NamedFilter] = {}
        self._active = FilterSet()

    def __call__(self) -> FilterSet:
        """The active filters by name."""
        generation = self._control.generation()
        if generation != self._generation:
            self._active = self._compile()
            self._generation = generation
        return self._active

    def changed(self) -> bool:
        """Whether somebody changed the filters since they were asked for."""
        return self._control.generation() != self._generation

    def _compile(self) -> FilterSet:
        seq = self._store.last_tag() + 1
        known, self._read = self._read, {}
        things = list_things(self._control)
        for text in self._control.filters(active=True):
            key = (text.name, text.version)
            try:
                # A version never changes its text, and reading one takes 100 times as long as compiling it.
                self._read[key] = known.get(key) or NamedFilter(*key, parse(text.text, self._plan.columns, things))
            except FilterError as error:
                self._refused(text, error)
                continue
            if self._record:
                self._control.record_activation(text.name, text.version, seq)
        return FilterSet(sorted(self._read.values(), key=lambda f: f.name))


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
