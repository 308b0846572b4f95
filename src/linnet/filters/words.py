"""Words that belong together, joined before a parser sees them: each stays one leaf with one place in the text."""

from __future__ import annotations

from itertools import pairwise

from linnet.errors import FilterError
from linnet.filters.names import nearest
from linnet.filters.tokens import Token, tokenize
from linnet.filters.units import SYMBOLS, TIMES


def words(text: str) -> list[Token]:
    """The words of a text: a name before a parenthesis is a function, a number with a unit one word.

    Raises:
        FilterError: anything that `tokens.tokenize` refuses, and a `case` without a `when` right behind it.
    """
    cut = tokenize(text)
    for word, after in pairwise(cut):
        if word.sort == "keyword" and word.text == "case" and (after.sort, after.text) != ("keyword", "when"):
            raise FilterError(
                "write: case when CONDITION then VALUE, more of them or none, else VALUE, end", word.start
            )
    return _with_units([_called(word, after) for word, after in zip(cut, [*cut[1:], None], strict=True)])


def _called(word: Token, after: Token | None) -> Token:
    is_called = word.sort == "name" and after is not None and after.sort == "operator" and after.text == "("
    return word._replace(sort="function") if is_called else word


def _with_units(cut: list[Token]) -> list[Token]:
    found: list[Token] = []
    place = 0
    while place < len(cut):
        length = 1 if cut[place].sort != "number" else _quantity(cut, place)
        found.append(cut[place] if length == 1 else _joined(cut[place : place + length]))
        place += length
    return found


def _quantity(cut: list[Token], place: int) -> int:
    """How many words a number and its unit are: `5 arcsec`, `0.1 mag/d`."""
    after = cut[place + 1 : place + 4]
    if not after or after[0].sort != "name":
        return 1
    if after[0].text not in SYMBOLS:
        raise nearest("unit", after[0].text, after[0].start, SYMBOLS, f"units are: {', '.join(SYMBOLS)}")
    is_rate = len(after) == 3 and after[1].text == "/" and after[2].sort == "name" and after[2].text in TIMES
    return 4 if is_rate else 2


def _joined(parts: list[Token]) -> Token:
    number, *unit = parts
    return Token("quantity", f"{number.text} {''.join(each.text for each in unit)}", number.start, parts[-1].end)
