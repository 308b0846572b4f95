"""What the web side is given: a store to ask, and a few functions for what a store cannot say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
from fastapi import Depends, Request

from linnet.core.column import Column
from linnet.core.list_port import EntryColumns, ListVersion
from linnet.core.lists import Ints
from linnet.core.ports import Control, Store
from linnet.core.survey import Stamp
from linnet.operations.list_keeping import ListKeeping


@dataclass(frozen=True)
class ListDesk:
    """Watchlists and areas as the web side sees them.

    Attributes:
        keeping: adds and gives them.
        read_watchlist: the entries of a file. read_area: the area of a file, shapes drawn to an order.
        look_back: looks for what of the past lies in a list, and keeps that.
    """

    keeping: ListKeeping
    read_watchlist: Callable[[Path, EntryColumns], pa.Table]
    read_area: Callable[[Path, int | None], Ints]
    look_back: Callable[[ListVersion], object]


@dataclass(frozen=True)
class FilterPast:
    """What filters did and would have done, JSON-safe. All are called from several threads.

    Attributes:
        why: (filter, version or None, survey, alert_id) -> its verdict explained, as `linnet filter why --json`.
        reports: filter -> the kept reports of its back-tests.
        preview: (text, whether only public alerts count) -> what it would have caught in the last night.
    """

    why: Callable[[str, int | None, str, int], Mapping[str, Any]]
    reports: Callable[[str], list[dict[str, Any]]]
    preview: Callable[[str, bool], Mapping[str, Any]]


@dataclass(frozen=True)
class Broker:
    """A running broker as the web side sees it. All parts are called from several threads.

    Attributes:
        store: the store, read only.
        control: filters and what people decided about them.
        columns: every declared column: common ones, modules' and surveys' own.
        stamps: (survey, alert_id) -> the images of one archived packet by name.
        audit: the audit's result, JSON-safe.
        public_only: True where data that may not be published are hidden from every answer.
        version: of the running code.
        surveys: names of all surveys whose columns are declared; an alert's answer leaves out those of the others.
            Empty: the surveys that have alerts.
        packet: (survey, alert_id) -> the whole decoded packet, JSON-safe; offered only where `public_only` is False,
            because a public packet's history may hold points that are not public.
        container: the same as an Avro container file, untouched; under the same condition.
        own: (survey, alert_id) -> the survey's own columns of one alert, decoded again from its archived packet.
        lists: watchlists and areas, or None where there are none.
        past: explanations, back-tests and previews of filters.
        check_filter: raises `FilterError` for a text that is no filter here. Without it nobody can add filters.
    """

    store: Store
    control: Control
    columns: Mapping[str, Column]
    stamps: Callable[[str, int], Mapping[str, Stamp]]
    audit: Callable[[], Mapping[str, Any]]
    public_only: bool = True
    version: str = ""
    surveys: tuple[str, ...] = ()
    packet: Callable[[str, int], Mapping[str, Any]] | None = None
    container: Callable[[str, int], bytes] | None = None
    own: Callable[[str, int], pa.RecordBatch] | None = None
    past: FilterPast | None = None
    check_filter: Callable[[str], None] | None = None
    lists: ListDesk | None = None


def broker_of(request: Request) -> Broker:
    """The broker that `create_app` was given."""
    broker: Broker = request.app.state.broker
    return broker


TheBroker = Annotated[Broker, Depends(broker_of)]
"""An endpoint's argument: the broker."""
