"""Every word that a filter may hold, with its meaning: for whoever writes one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from linnet.core.column import Column
from linnet.core.filter_port import FilterText
from linnet.core.ports import Control
from linnet.filters.functions import NUMERIC
from linnet.filters.history_nodes import ABSENT, FIELDS, SEQUENCES
from linnet.filters.tokens import KEYWORDS
from linnet.filters.tree import kind_of
from linnet.filters.units import SYMBOLS
from linnet.operations.filter_reading import things_of

Sort: TypeAlias = Literal["column", "function", "point", "keyword", "unit", "area", "watchlist", "filter"]


class Word(NamedTuple):
    """A word.

    Attributes:
        name: under which it is looked for. insert: what is written for it.
        sort: what it is; a point is a quantity of the points of a light curve.
        unit: of a column or point, "" for a plain number. meaning: one sentence.
    """

    name: str
    insert: str
    sort: Sort
    unit: str
    meaning: str


OF_ALERTS = {
    "cone": ("cone(", "Whether the alert lies within a radius of a position: cone(ra, dec, 5 arcsec)."),
    "galactic_latitude": ("galactic_latitude()", "Galactic latitude of the alert."),
    "in_area": ("in_area('", "Whether the alert lies in an area of the sky: in_area('name')."),
    "in_watchlist": ("in_watchlist('", "Whether the alert matches an entry of a watchlist: in_watchlist('name')."),
    "tag": ("tag('", "Whether another filter is true for the alert: tag('name')."),
    "now": ("now()", "The time of the alert, MJD TAI."),
}
"""Functions that are about the alert: what is written, and the meaning."""

OF_POINTS = {
    "count": ("count(lc", "Number of points of the light curve: count(lc where flux > 0)."),
    "min": ("min(lc.", "Smallest value: min(lc.mag where band = 'r')."),
    "max": ("max(lc.", "Largest value: max(lc.flux where band = 'r')."),
    "mean": ("mean(lc.", "Mean of a quantity of the points."),
    "median": ("median(lc.", "Median of a quantity of the points."),
    "std": ("std(lc.", "Standard deviation of a quantity of the points."),
    "slope": ("slope(lc.", "Slope of a quantity of the points over time, per day."),
    "first": ("first(lc.", "Value at the earliest point."),
    "last": ("last(lc.", "Value at the latest point."),
}
"""Functions of the light curve, likewise."""


def words(columns: Mapping[str, Column], control: Control | None = None) -> list[Word]:
    """Columns, functions, points, keywords and units; with `control` also the areas, watchlists and filters there are.

    Args:
        columns: all that are declared.
        control: where the things are that a text may name.
    """
    found = [*_columns(columns), *_functions(), *_points()]
    found += [Word(name, name, "keyword", "", "") for name in sorted(KEYWORDS)]
    found += [Word(name, name, "unit", "", f"Unit of {sort}.") for name, (sort, _) in SYMBOLS.items()]
    return found if control is None else [*found, *_things(control, control.filters(active=True))]


def _columns(columns: Mapping[str, Column]) -> Iterator[Word]:
    for name, each in columns.items():
        if not each.is_list and kind_of(each.type) is not None:
            yield Word(name, name, "column", each.unit, each.doc)


def _functions() -> Iterator[Word]:
    for name, each in NUMERIC.items():
        yield Word(name, f"{name}(", "function", "", each.meaning)
    for name, (insert, meaning) in {**OF_ALERTS, **OF_POINTS}.items():
        yield Word(name, insert, "function", "", meaning)


def _points() -> Iterator[Word]:
    for sequence in SEQUENCES:
        for name, each in FIELDS.items():
            if name not in ABSENT.get(sequence, ()):
                whole = f"{sequence}.{name}"
                yield Word(whole, whole, "point", each.unit, each.doc)


def _things(control: Control, active: Sequence[FilterText]) -> Iterator[Word]:
    things = things_of(control, active)
    for name in sorted(things.areas):
        yield Word(name, f"in_area('{name}')", "area", "", "An area of the sky.")
    for name in sorted(things.watchlists):
        yield Word(name, f"in_watchlist('{name}')", "watchlist", "", "A watchlist.")
    for each in active:
        yield Word(each.name, f"tag('{each.name}')", "filter", "", each.topic_line)
