"""How much of a night a filter would have matched, asked before it is switched on.

The night is the latest complete one of each survey, in the columns that the science archive keeps. A large night is
judged by some of its files, spread over it: always the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.column import Column
from linnet.core.membership import NO_LISTS, Memberships, is_list
from linnet.core.ports import ScienceArchive
from linnet.filters.language import Filter

FILES = 5
"""Files of a night that are looked at: at most 50,000 alerts."""

LEAST = 500
"""Alerts that a night has at least to say anything: a share of 5 % is known from them to a fifth of itself."""


@dataclass(frozen=True)
class Share:
    """What a filter matches of one night.

    Attributes:
        survey, night: of which. rows: alerts judged. matched: of these.
        missing: columns that the filter reads and the archive does not keep, lists among them; then nothing was judged.
    """

    survey: str
    night: int
    rows: int
    matched: int = 0
    missing: tuple[str, ...] = ()

    @property
    def share(self) -> float | None:
        """Part of the alerts that match; None where that cannot be told."""
        return None if self.missing or self.rows < LEAST else self.matched / self.rows

    def __str__(self) -> str:
        where = f"night {self.night} of {self.survey}"
        if self.missing:
            return f"{where} could not be judged: its archived rows have no {', '.join(self.missing)}"
        if self.rows < LEAST:
            return f"{where} says little: it has {self.rows} alerts, of which {self.matched} match"
        return f"{self.matched} of {self.rows} alerts ({self.matched / self.rows:.3g}) of {where} match"


@dataclass(frozen=True)
class ReferenceNights:
    """Asks the archive.

    Attributes:
        science: the archive. files: its files as the store has recorded them.
        open_nights: survey -> its open night; a complete night is one before it.
        lists: gives the areas and watchlists among some names.
        columns: all that are declared. own: survey -> names of the columns that it alone has.
    """

    science: ScienceArchive
    files: Callable[[], list[str]]
    open_nights: Callable[[], Mapping[str, int]]
    columns: Mapping[str, Column]
    own: Mapping[str, frozenset[str]]
    lists: Callable[[Sequence[str]], Memberships] = lambda _names: NO_LISTS

    def __call__(self, condition: Filter) -> list[Share]:
        """The share of every survey that has a complete night here, by survey; empty where none has."""
        found = []
        for survey, open_night in sorted(self.open_nights().items()):
            files = self._files(survey, open_night)
            if files:
                found.append(self._share(survey, files, condition))
        return found

    def _files(self, survey: str, open_night: int) -> Sequence[str]:
        """Files of the latest complete night."""
        by_night: dict[int, list[str]] = {}
        for path in sorted(self.files()):
            if path.startswith(f"alerts/{survey}/"):
                by_night.setdefault(int(path.split("/")[2]), []).append(path)
        complete = [night for night in by_night if night < open_night]
        return by_night[max(complete)] if complete else ()

    def _share(self, survey: str, files: Sequence[str], condition: Filter) -> Share:
        step = max(1, -(-len(files) // FILES))
        rows, matched, lists = 0, 0, self.lists(condition.columns)
        for path in files[::step]:
            table = self.science.read(path).combine_chunks()
            missing = self._missing(survey, table, condition)
            if missing:
                return Share(survey, int(path.split("/")[2]), rows, 0, missing)
            verdicts = condition.evaluate(lambda name, t=table: self._looked_up(t, name, lists), table.num_rows)  # type: ignore[misc]  # bound to this file
            rows += table.num_rows
            matched += pc.sum(verdicts).as_py() or 0
        return Share(survey, int(files[0].split("/")[2]), rows, matched)

    def _missing(self, survey: str, table: pa.Table, condition: Filter) -> tuple[str, ...]:
        """Columns that are not there, and that the survey could have; another survey's are null, as they were."""
        others = frozenset[str]().union(*(names for each, names in self.own.items() if each != survey))
        others -= self.own.get(survey, frozenset())
        return tuple(n for n in condition.columns if n not in table.column_names and n not in others and not is_list(n))

    def _looked_up(self, table: pa.Table, name: str, lists: Memberships) -> pa.Array:
        return lists.of(name, table) if is_list(name) else self._column(table, name)

    def _column(self, table: pa.Table, name: str) -> pa.Array:
        declared = self.columns[name]
        if name not in table.column_names:
            return declared.empty(table.num_rows)
        column = table.column(name)
        chunks = column.chunks
        array = chunks[0] if len(chunks) == 1 else pa.concat_arrays(column.cast(declared.type).chunks)
        return array if array.type == declared.type else array.cast(declared.type)
