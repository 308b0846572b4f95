"""What a home has recorded, night by night as it became known: science files, and rows that still wait in the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from linnet.core.avro_schema import SchemaCache
from linnet.core.membership import NO_LISTS, Memberships
from linnet.core.plan import Plan
from linnet.core.ports import RawArchive, ScienceArchive, Store
from linnet.core.survey import Survey
from linnet.core.unit import Run


@dataclass(frozen=True)
class Past:
    """The parts of a home that hold what was.

    Attributes:
        plan: today's modules, with today's catalogues.
        lists: the areas and watchlists of a recorded run, or None where a version is not there any more.
        lists_now: those of today that are asked for.
    """

    store: Store
    raw: RawArchive
    science: ScienceArchive
    schemas: SchemaCache
    surveys: Mapping[str, Survey]
    plan: Plan
    lists: Callable[[Run], Memberships | None] = lambda _run: NO_LISTS
    lists_now: Memberships = NO_LISTS


Read = Callable[[Sequence[str]], pa.Table]
"""Gives the recorded rows of a piece: of these columns those that it has."""


@dataclass(frozen=True)
class RecordedNight:
    """The alerts of one survey that became known in one night.

    Attributes:
        survey: its name.
        night: the known_night of all its rows, YYYYMMDD.
        last_unit: number of the last commit that holds any of them: the same number, the same rows.
        pieces: its rows, in the order of their commits, at most some ten thousand each.
    """

    survey: str
    night: int
    last_unit: int
    pieces: tuple[Read, ...]


def recorded_nights(past: Past, first: int, last: int) -> list[RecordedNight]:
    """The recorded nights between two (both included), by night and survey.

    What is flushed meanwhile is found once: rows that wait are looked up first, and left out where a file has them.
    """
    waiting = past.store.pending()
    found: dict[tuple[int, str], dict[tuple[int, int], Read]] = {}
    for path in past.store.science_files():
        parts = path.split("/")
        if parts[0] == "alerts" and first <= int(parts[2]) <= last:
            pieces = found.setdefault((int(parts[2]), parts[1]), {})
            pieces[_units(parts[3])] = partial(_of_file, past.science, path)
    for unit, survey, night, table in waiting:
        if first <= night <= last:
            pieces = found.setdefault((night, survey), {})
            if not any(start <= unit <= end for start, end in pieces):
                pieces[unit, unit] = partial(_of_table, table)
    return [
        RecordedNight(survey, night, max(end for _, end in pieces), tuple(pieces[units] for units in sorted(pieces)))
        for (night, survey), pieces in sorted(found.items())
    ]


def _units(name: str) -> tuple[int, int]:
    """First and last unit of a science file, out of its name."""
    start, end = name.split(".", maxsplit=1)[0].split("-")
    return int(start), int(end)


def _of_file(science: ScienceArchive, path: str, columns: Sequence[str]) -> pa.Table:
    return science.read(path, columns)


def _of_table(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    wanted = set(columns)
    return table.select([name for name in table.column_names if name in wanted])
