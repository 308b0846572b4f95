"""The values of one alert as tables for a page, with units and sentences from the columns' declarations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from linnet.core.column import Column
from linnet.core.json_rows import JsonRow
from linnet.core.vocabulary import COMMON, RECORD
from linnet.web.rendering import shown

FIRST = (
    *("mjd", "night", "band", "mag", "mag_err", "flux", "flux_err", "snr", "total_mag"),
    *("reliability", "reliability_kind", "is_moving", "body_id", "body_sep", "program", "is_public"),
    *("n_detections", "n_nights", "first_mjd", "age", "gal_lon", "gal_lat", "ebv"),
)
"""Columns that a reader looks for first, in this order; a null one is left out."""


@dataclass(frozen=True)
class Value:
    """One line of a table."""

    name: str
    text: str
    unit: str
    doc: str


@dataclass(frozen=True)
class Group:
    """Values under one heading, and the names of those that are null."""

    heading: str
    values: list[Value]
    nulls: list[str]


def chosen_values(row: JsonRow, columns: Mapping[str, Column]) -> list[Value]:
    """What to show first of an alert's row."""
    return [_value(n, row[n], columns) for n in FIRST if row.get(n) is not None]


def grouped_values(row: JsonRow, columns: Mapping[str, Column]) -> list[Group]:
    """All of an alert's row: modules' columns first, then common ones, then the survey's own."""
    own = f"{row['survey']}_"
    found: dict[str, list[str]] = {"Modules": [], "Common columns": [], "The survey's own columns": []}
    for name in row:
        common = name in COMMON or name in RECORD
        heading = "Common columns" if common else "The survey's own columns" if name.startswith(own) else "Modules"
        found[heading].append(name)
    return [_group(heading, names, row, columns) for heading, names in found.items() if names]


def _group(heading: str, names: list[str], row: JsonRow, columns: Mapping[str, Column]) -> Group:
    given = [n for n in names if row[n] is not None]
    return Group(heading, [_value(n, row[n], columns) for n in given], [n for n in names if row[n] is None])


def _value(name: str, value: Any, columns: Mapping[str, Column]) -> Value:
    column = columns.get(name)
    unit, doc = (column.unit, column.doc) if column else ("", "")
    return Value(name, shown(value, column), unit, doc)
