"""Names in a filter: every one is a declared column of single values, or a function of the language."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from linnet.core.column import Column
from linnet.errors import FilterError
from linnet.filters.tokens import Token
from linnet.filters.tree import FUNCTIONS, kind_of


def check_names(tokens: Sequence[Token], columns: Mapping[str, Column]) -> None:
    """Refuse names that a filter cannot use. Names are exact: `RA` is not `ra`.

    Raises:
        FilterError: with the position and, where one is near, the valid name as suggestion.
    """
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        if token.sort != "name":
            continue
        if after is not None and after.sort == "operator" and after.text == "(":
            if token.text not in FUNCTIONS:
                raise _unknown("function", token, FUNCTIONS)
        elif token.text not in columns:
            raise _unknown("column", token, columns)
        elif kind_of(columns[token.text].type) is None:
            raise FilterError(f"column {token.text} {_unusable(columns[token.text])}", token.start)


def _unusable(column: Column) -> str:
    if column.is_list:
        return "is a list, one value per point of the light curve; a filter reads single values"
    return f"is of type {column.type}, which a filter cannot read"


def _unknown(what: str, token: Token, valid: Iterable[str]) -> FilterError:
    name = token.text[:64]
    by_case = {v.lower(): v for v in valid}
    near = difflib.get_close_matches(name.lower(), by_case, 1)
    if near:
        suggestion = by_case[near[0]]
        return FilterError(f"no {what} is named {name}; did you mean {suggestion}?", token.start, suggestion)
    hint = "texts stand in single quotes" if what == "column" else f"functions are: {', '.join(FUNCTIONS)}"
    return FilterError(f"no {what} is named {name}; {hint}", token.start)
