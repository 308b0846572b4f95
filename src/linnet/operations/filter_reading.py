"""Reading the texts of filters: against every column there is, and the areas, watchlists and filters that they name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from linnet.core.column import Column
from linnet.core.filter_port import FilterText
from linnet.core.ports import Control
from linnet.errors import FilterError
from linnet.filters.filter_set import NamedFilter
from linnet.filters.language import Filter, parse
from linnet.filters.things import NOTHING, Things
from linnet.operations.list_keeping import list_things

_NAMES_THINGS = re.compile(r"\b(tag|in_area|in_watchlist)\b")
"""What is in every text whose meaning depends on more than itself and the columns."""

WIDTH = 100
"""Characters of a line that are shown, around a place in it."""


def things_of(control: Control, active: Sequence[FilterText]) -> Things:
    """What filters may name besides columns.

    Args:
        control: where areas and watchlists are kept.
        active: the active version of each filter.
    """
    return replace(list_things(control), filters={each.name: each.text for each in active})


class Reading:
    """Reads texts, each version once, and again only where what it names is not what it was.

    A version never changes its text, and reading one takes 100 times as long as compiling it.
    """

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = columns
        self._things = NOTHING
        self._known: dict[tuple[str, int], NamedFilter] = {}
        self._kept: dict[tuple[str, int], NamedFilter] = {}

    def begin(self, things: Things) -> None:
        """Begin a round of all active versions; what the last one did not read is forgotten."""
        same = things == self._things
        kept = {key: one for key, one in self._kept.items() if same or not _NAMES_THINGS.search(one.condition.text)}
        self._known, self._kept, self._things = kept, {}, things

    def read(self, text: FilterText) -> NamedFilter:
        """One version.

        Raises:
            FilterError: it does not fit the columns, or names something that there is not.
        """
        key = (text.name, text.version)
        self._kept[key] = self._known.get(key) or NamedFilter(*key, parse(text.text, self._columns, self._things))
        return self._kept[key]


def read_new(name: str, text: str, columns: Mapping[str, Column], control: Control) -> Filter:
    """A text that is to be the next version of a filter, read where it would be active.

    Raises:
        FilterError: it is refused; a ring of filters through it too.
    """
    things = things_of(control, control.filters(active=True))
    return parse(text, columns, replace(things, filters={**things.filters, name: text}))


def told(error: FilterError) -> FilterError:
    """The same error with the place and the nearest valid name in its one line."""
    where = "" if error.position is None else f" (at character {error.position + 1})"
    known = error.suggestion is None or error.suggestion in str(error)
    hint = "" if known else f"; did you mean {error.suggestion}?"
    return FilterError(f"{error}{where}{hint}", error.position, error.suggestion)


def caret(text: str, position: int) -> str:
    """The line of the text with a place in it, and below it a caret under the place."""
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    line, place = text[start : len(text) if end < 0 else end], position - start
    first = max(0, place - WIDTH // 2) if len(line) > WIDTH else 0
    shown = line[first : first + WIDTH].replace("\t", " ")
    return f"{shown}\n{' ' * (place - first)}^"
