"""Words that belong together, joined before a parser sees them: each stays one leaf with one place in the text."""

from __future__ import annotations

from linnet.filters.tokens import Token, tokenize


def words(text: str) -> list[Token]:
    """The words of a text: a name before a parenthesis is a function.

    Raises:
        FilterError: anything that `tokens.tokenize` refuses.
    """
    cut = tokenize(text)
    return [_called(word, after) for word, after in zip(cut, [*cut[1:], None], strict=True)]


def _called(word: Token, after: Token | None) -> Token:
    is_called = word.sort == "name" and after is not None and after.sort == "operator" and after.text == "("
    return word._replace(sort="function") if is_called else word
