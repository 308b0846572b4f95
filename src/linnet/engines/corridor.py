"""What an engine is given: everything it touches comes from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from linnet.core.avro_schema import SchemaCache
from linnet.core.membership import NO_LISTS, Memberships
from linnet.core.observing import Observer, Unobserved
from linnet.core.plan import Plan
from linnet.core.ports import ActiveFilters, Control, OpenSink, RawArchive, Route, ScienceArchive, Store
from linnet.core.survey import Survey
from linnet.core.unit import Run
from linnet.engines.errands import Errand


@dataclass(frozen=True)
class Corridor:
    """The parts of one broker, connected.

    Attributes:
        surveys: surveys whose alerts are taken, asked in this order.
        filters: gives the filters that are active now.
        filters_changed: whether the next call of `filters` gives others than the last one; asked before every unit.
        memberships: gives the areas and watchlists that those filters ask for, as they were when `filters` was called.
        run_of: describes the run for a set of active filters.
        filter_failures: names of filters that failed since this was last asked, one for each batch.
        routes: readers of the tag log with their open sinks.
        rerouted: gives the routes as they are now where somebody has changed them since this was last asked, else None.
            Those that did not change come with the sink that they had.
        errand: gives what is to be done next beside the sources, or None; asked between their batches.
        is_rerouted: whether `rerouted` would give others: nobody begins to send for a route that may have changed.
        publish_private: whether what is not public is delivered too.
        observer: is told what happens.
    """

    surveys: tuple[Survey, ...]
    schemas: SchemaCache
    plan: Plan
    store: Store
    control: Control
    raw: RawArchive
    science: ScienceArchive
    filters: Callable[[], ActiveFilters]
    run_of: Callable[[ActiveFilters], Run]
    filters_changed: Callable[[], bool] = lambda: False
    memberships: Callable[[], Memberships] = lambda: NO_LISTS
    filter_failures: Callable[[], Sequence[str]] = lambda: ()
    routes: tuple[tuple[Route, OpenSink], ...] = ()
    rerouted: Callable[[], tuple[tuple[Route, OpenSink], ...] | None] = lambda: None
    is_rerouted: Callable[[], bool] = lambda: False
    errand: Callable[[], Errand | None] = lambda: None
    publish_private: bool = False
    observer: Observer = field(default_factory=Unobserved)
    module_failed: Callable[[str, str, Exception], None] = field(default=lambda _module, _survey, _error: None)
