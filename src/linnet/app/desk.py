"""The desk at which filters are checked and switched, for a home."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from linnet.app.config import Settings
from linnet.app.lists import lists_of
from linnet.app.wiring import Parts
from linnet.core.column import Column
from linnet.core.ports import Control
from linnet.operations.filter_desk import FilterDesk
from linnet.operations.reference_night import ReferenceNights


def desk_of(parts: Parts) -> FilterDesk:
    """The desk of a home that has taken something."""
    nights = ReferenceNights(
        science=parts.science,
        files=parts.store.science_files,
        open_nights=parts.store.open_nights,
        columns=parts.plan.columns,
        lists=partial(lists_of, parts.control, parts.lists),
        own={each.name: frozenset(each.own_columns) for each in parts.surveys},
    )
    return FilterDesk(parts.control, parts.plan.columns, nights, parts.settings.filter_share)


def desk_without_store(control: Control, columns: Mapping[str, Column], settings: Settings) -> FilterDesk:
    """The desk of a home that has taken nothing yet: no night tells how much a filter matches."""
    return FilterDesk(control, columns, lambda _condition: [], settings.filter_share)
