"""Puts the parts of one broker together: the only place that names every class."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import structlog

from linnet.adapters.home_lock import HomeLock
from linnet.adapters.list_files import ListFolder
from linnet.adapters.parquet_archive import ParquetArchive
from linnet.adapters.segment_archive import SegmentArchive
from linnet.adapters.sqlite_control import SqliteControl
from linnet.adapters.sqlite_store import SqliteStore
from linnet.app.allocation import keep_freed_memory
from linnet.app.catalogues import catalogues, install_catalogues
from linnet.app.config import Settings
from linnet.app.feed import FilterFeed, Runs
from linnet.app.home import Home
from linnet.app.installing import install
from linnet.app.kafka import registry
from linnet.app.lists import ListFeed
from linnet.app.route_feed import RouteFeed
from linnet.app.sinks import sink_of
from linnet.core.avro_schema import SchemaCache
from linnet.core.catalogue import Catalogue
from linnet.core.column import Column
from linnet.core.list_port import ListFiles
from linnet.core.plan import Plan
from linnet.core.ports import Control, OpenSink, RawArchive, Route, ScienceArchive, Store
from linnet.core.schema_lookup import SchemaLookup
from linnet.core.survey import Survey
from linnet.core.vocabulary import COMMON, COUNTED, RECORD, SCALARS
from linnet.engines.corridor import Corridor
from linnet.engines.late_sink import LateSink
from linnet.errors import HomeError, HomeVersionError
from linnet.operations.rebuild import Archives
from linnet.science.crossmatch import crossmatch
from linnet.science.registry import modules
from linnet.surveys.elasticc import Elasticc
from linnet.surveys.lsst import Lsst
from linnet.surveys.ztf import Ztf

log = structlog.get_logger("linnet")


def surveys() -> tuple[Survey, ...]:
    """Every survey there is, in the order in which they are asked."""
    return (Ztf(), Lsst(), Elasticc())


def plan(home: Home | None = None) -> Plan:
    """Every module there is, ordered; the catalogues of a home among them, or without one those that come along."""
    return plan_with(catalogues(home))


def plan_with(found: Sequence[Catalogue]) -> Plan:
    """Every module there is, with these catalogues."""
    own = {name: column for s in surveys() for name, column in s.own_columns.items()}
    return Plan([*modules(), *map(crossmatch, found)], {**COMMON, **own})


def stored_columns(of: Plan) -> dict[str, Column]:
    """Columns of an alert row in the store: the common scalars, the counts, the modules' and the record's."""
    return {**SCALARS, **COUNTED, **of.gives, **RECORD}


@dataclass(frozen=True)
class Parts:
    """The connected parts of one home."""

    home: Home
    settings: Settings
    plan: Plan
    surveys: tuple[Survey, ...]
    schemas: SchemaCache
    store: Store
    control: Control
    raw: RawArchive
    science: ScienceArchive
    lists: ListFiles

    def corridor(self, routes: tuple[tuple[Route, OpenSink], ...] = ()) -> Corridor:
        """What an engine is given."""
        budget = self.settings.filter_budget
        feed = FilterFeed(self.control, self.store, self.plan, _filter_refused, told=_filter_told, budget=budget)
        lists = ListFeed(self.control, self.lists)
        return Corridor(
            surveys=self.surveys,
            schemas=self.schemas,
            plan=self.plan,
            store=self.store,
            control=self.control,
            raw=self.raw,
            science=self.science,
            filters=lambda: lists.taken_up(feed()),
            filters_changed=feed.changed,
            filter_failures=feed.failures,
            memberships=lists.memberships,
            run_of=lists.named(Runs(self.plan)),
            routes=routes,
            publish_private=self.settings.publish_private,
            module_failed=_module_failed,
        )


@contextmanager
def reader(home: Home, settings: Settings) -> Iterator[Parts]:
    """The parts of a home for reading; any number of processes may."""
    with _parts(home, settings, read_only=True) as parts:
        yield parts


@contextmanager
def writer(home: Home, settings: Settings, *, patient: bool = False) -> Iterator[tuple[Parts, Corridor]]:
    """The parts of a home for its one writer, with the default route and the built-in filters in place.

    Args:
        home: where.
        settings: its settings.
        patient: open sinks when they are needed, and again after a failure, and take up routes that are made meanwhile;
            otherwise a sink that is down is an error.

    Raises:
        HomeLockedError: another process writes to it.
    """
    if home.store_is_lost:
        raise HomeError(f"{home.store} is gone, but its archive is here: `linnet rebuild --replace` makes it again")
    keep_freed_memory()
    with HomeLock(home.path), _parts(home, settings, read_only=False) as parts:
        home.note_store()
        install(parts.control)
        parts.lists.sweep(parts.control.lists.versions(removed=True))

        def opened(route: Route) -> OpenSink:
            sink = sink_of(home, settings, route)
            return LateSink(sink) if patient else sink.open()

        routes = RouteFeed(parts.control, opened)
        try:
            corridor = parts.corridor(routes())
            live = replace(corridor, rerouted=routes.changed, is_rerouted=routes.is_stale)
            yield parts, live if patient else corridor
        finally:
            routes.close()


def open_control(home: Home) -> SqliteControl:
    """The control database of a home, made where there never was one.

    Raises:
        HomeError: it was there and is gone: what people decided cannot be made again from the archive.
    """
    if home.control_is_lost:
        raise HomeError(
            f"{home.control} is gone, and with it filters, routes and cursors: restore it from a backup; "
            "an empty file in its place starts anew and delivers everything again"
        )
    return SqliteControl.open(home.control)


@contextmanager
def _parts(home: Home, settings: Settings, *, read_only: bool) -> Iterator[Parts]:
    if not read_only:
        install_catalogues(home)
    with ExitStack() as opened:
        lookup = registry(home, settings).open()
        opened.callback(lookup.close)
        ordered, found = opened.enter_context(archives(home, lookup))
        store = _open_store(home, stored_columns(ordered), read_only=read_only)
        opened.callback(store.close)
        control = open_control(home)
        opened.callback(control.close)
        sky = tuple(found.surveys.values())
        yield Parts(
            home,
            settings,
            ordered,
            sky,
            found.schemas,
            store,
            control,
            found.raw,
            found.science,
            ListFolder(home.lists),
        )


def _open_store(home: Home, columns: dict[str, Column], *, read_only: bool) -> SqliteStore:
    """The store of a home; one of an earlier format is brought forward first, also for those who only read."""
    try:
        return SqliteStore.open(home.store, columns, read_only=read_only)
    except HomeVersionError:
        if not read_only:
            raise
    with HomeLock(home.path):
        SqliteStore.open(home.store, columns).close()
    return SqliteStore.open(home.store, columns, read_only=True)


@contextmanager
def archives(home: Home, lookup: SchemaLookup | None = None) -> Iterator[tuple[Plan, Archives]]:
    """The plan and both archives of a home: all that is left where the store is lost."""
    sky = {s.name: s for s in surveys()}
    schemas = SchemaCache(tuple(sky.values()), lookup)
    raw = SegmentArchive(home.raw, _schema_text(schemas))
    try:
        yield plan(home), Archives(raw, ParquetArchive(home.science), sky, schemas)
    finally:
        raw.close()


def _schema_text(schemas: SchemaCache) -> Callable[[str], str]:
    return lambda fingerprint: schemas.schema(fingerprint).json_text


def _filter_refused(text: object, error: Exception) -> None:
    log.warning("filter left out", filter=getattr(text, "name", "?"), reason=str(error))


def _filter_told(name: str, version: int, kind: str, text: str) -> None:
    event = "filter's examples are wrong" if kind == "examples" else "filter switched off"
    log.warning(event, filter=name, version=version, reason=text)


def _module_failed(name: str, survey: str, error: Exception) -> None:
    log.warning("module failed, its columns are null in this batch", module=name, survey=survey, error=repr(error))
