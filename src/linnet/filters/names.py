"""Names in a filter: every one is a declared column of single values, or a function of the language."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence

from linnet.core.column import Column
from linnet.errors import FilterError
from linnet.filters.tokens import Token
from linnet.filters.tree import kind_of


def check_names(words: Sequence[Token], columns: Mapping[str, Column], functions: Collection[str]) -> None:
    """Refuse names that a filter cannot use. Names are exact: `RA` is not `ra`.

    Raises:
        FilterError: with the position and, where one is near, the valid name as suggestion.
    """
    for word in words:
        if word.sort == "function" and word.text not in functions:
            raise nearest(
                "function", word.text, word.start, functions, f"functions are: {', '.join(sorted(functions))}"
            )
        if word.sort != "name":
            continue
        if word.text not in columns:
            raise nearest("column", word.text, word.start, columns, "texts stand in single quotes")
        if kind_of(columns[word.text].type) is None:
            raise FilterError(f"column {word.text} {_unusable(columns[word.text])}", word.start)


def _unusable(column: Column) -> str:
    if column.is_list:
        return "is a list, one value per point of the light curve; ask for one number of it, such as max(lc.flux)"
    return f"is of type {column.type}, which a filter cannot read"


def nearest(what: str, name: str, position: int, valid: Iterable[str], hint: str) -> FilterError:
    """The error that a wrong name is: with the valid one that is near, or else a hint."""
    name = name[:64]
    by_case = {v.lower(): v for v in sorted(valid)}
    near = difflib.get_close_matches(name.lower(), by_case, 1)
    if near:
        suggestion = by_case[near[0]]
        return FilterError(f"no {what} is named {name}; did you mean {suggestion}?", position, suggestion)
    return FilterError(f"no {what} is named {name}; {hint}", position)
