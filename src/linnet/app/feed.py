"""The filters that are active now: texts out of the control database, compiled once."""

from __future__ import annotations

from collections.abc import Callable

from linnet import __version__
from linnet.core.plan import Plan
from linnet.core.ports import ActiveFilter, Control, FilterText, Store
from linnet.core.unit import Run
from linnet.errors import FilterError
from linnet.filters.language import active, parse


class FilterFeed:
    """Polls the control database and compiles what changed.

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
        self._active: tuple[ActiveFilter, ...] = ()

    def __call__(self) -> tuple[ActiveFilter, ...]:
        """The active filters by name."""
        generation = self._control.generation()
        if generation != self._generation:
            self._active = self._compile()
            self._generation = generation
        return self._active

    def _compile(self) -> tuple[ActiveFilter, ...]:
        seq = self._store.last_tag() + 1
        compiled = []
        for text in self._control.filters(active=True):
            try:
                compiled.append(active(text.name, text.version, parse(text.text, self._plan.columns)))
            except FilterError as error:
                self._refused(text, error)
                continue
            if self._record:
                self._control.record_activation(text.name, text.version, seq)
        return tuple(sorted(compiled, key=lambda f: f.name))


def run_of(plan: Plan, filters: tuple[ActiveFilter, ...]) -> Run:
    """The run that a plan and a set of filters make."""
    modules = {m.name: m.version for m in plan.modules}
    return Run(code=__version__, modules=modules, filters=tuple(sorted((f.name, f.version) for f in filters)))
