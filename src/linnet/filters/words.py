"""Words that belong together, joined before a parser sees them: each stays one leaf with one place in the text."""

from __future__ import annotations

from itertools import pairwise

from linnet.errors import FilterError
from linnet.filters.tokens import Token, tokenize


def words(text: str) -> list[Token]:
    """The words of a text: a name before a parenthesis is a function.

    Raises:
        FilterError: anything that `tokens.tokenize` refuses, and a `case` without a `when` right behind it.
    """
    cut = tokenize(text)
    for word, after in pairwise(cut):
        if word.sort == "keyword" and word.text == "case" and (after.sort, after.text) != ("keyword", "when"):
            raise FilterError(
                "write: case when CONDITION then VALUE, more of them or none, else VALUE, end", word.start
            )
    return [_called(word, after) for word, after in zip(cut, [*cut[1:], None], strict=True)]


def _called(word: Token, after: Token | None) -> Token:
    is_called = word.sort == "name" and after is not None and after.sort == "operator" and after.text == "("
    return word._replace(sort="function") if is_called else word
