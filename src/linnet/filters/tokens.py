"""The words of a filter's text. Whatever is not one of a closed set is refused here, before any parser sees it.

Limits hold before parsing, because parsers recurse: text length, characters, and nesting.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from linnet.errors import FilterError

MAX_LENGTH = 4096
"""Characters of a text."""

MAX_NESTING = 24
"""Parentheses, `case`, `not` and unary minus, one inside the other."""

MAX_STRING = 64
"""Characters of one quoted text."""

MAX_NODES = 400
"""Columns, constants (outside of lists) and operations of one filter."""

MAX_LIST = 200
"""Constants in one `in (...)`."""

MAX_LISTED = 400
"""Constants in all lists together."""

KEYWORDS = frozenset(
    {"and", "or", "not", "between", "in", "is", "null", "true", "false", "case", "when", "then", "else", "end", "where"}
)
"""Words of the language, in any case. Column names are lower or mixed case as declared and never one of these."""

Sort = Literal["name", "function", "keyword", "number", "string", "operator", "slot", "quantity"]


class Token(NamedTuple):
    """One word.

    Attributes:
        sort: what it is; a slot stands where a part of the text was read apart (`history`).
        text: as the language means it: keywords in lower case, strings without their quotes, `<>` as `!=`.
        start: zero-based position of its first character.
        end: one past its last character.
    """

    sort: Sort
    text: str
    start: int
    end: int


_BAD_CHARACTER = re.compile(r"[^\x20-\x7e\t\r\n]")
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![A-Za-z0-9_.])"
    r"|(?P<name>(?:(?:lc|forced|limits)\.(?=[A-Za-z_]))?[A-Za-z_][A-Za-z0-9_]*)"
    r"|'(?P<string>(?:[^'\t\r\n]|'')*)'"
    r"|(?P<operator><=|>=|<>|!=|=(?!=)|<|>|\+|-(?!-)|\*|/(?!\*)|[(),])"
)
_ADVICE = (
    (re.compile(r"--|/\*|#"), "comments are not part of a filter; put them into its description"),
    (re.compile(r";"), "a filter is one condition; `;` has no place in it"),
    (re.compile(r"=="), "write a single = to compare"),
    (re.compile(r"[\"`\[\]]"), "names are written bare, texts in single quotes"),
    (re.compile(r"'"), "this quoted text does not end on its line"),
    (re.compile(r"::?"), "casts are not part of the language"),
    (re.compile(r"\.?\d"), "this is no number; write digits, one point and an exponent at most"),
    (re.compile(r"\."), "names have no dots; write the column name alone"),
)


_CLOSING = {"(": ")", "case": "end"}
_UNOPENED = {")": "this parenthesis closes nothing", "end": "this `end` closes nothing"}
_UNCLOSED = {")": "a parenthesis is not closed", "end": "a `case` is not closed; `end` belongs behind it"}


def tokenize(text: str) -> list[Token]:
    """Cut a text into words.

    Raises:
        FilterError: too long, empty, not plain ASCII, nested too deep, parentheses that do not match, or anything that
            is no word of the language; with its position.
    """
    _check_characters(text)
    found: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise FilterError(_advice(text, place), place)
        if match.lastgroup != "space":
            found.append(_token(match))
        place = match.end()
    if not found:
        raise FilterError("the filter is empty; write a condition, for example: mag < 19", 0)
    _check_nesting(found)
    _check_amount(found)
    return found


def _check_characters(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise FilterError(f"the filter has {len(text)} characters; at most {MAX_LENGTH} are allowed", MAX_LENGTH)
    bad = _BAD_CHARACTER.search(text)
    if bad:
        raise FilterError(f"character U+{ord(bad.group()):04X} is not allowed; write plain ASCII", bad.start())


def _advice(text: str, place: int) -> str:
    for pattern, sentence in _ADVICE:
        if pattern.match(text, place):
            return sentence
    return f"`{text[place]}` is not part of the language"


def _token(match: re.Match[str]) -> Token:
    start, end = match.span()
    word = match.group()
    if match.lastgroup == "string":
        word = match.group("string").replace("''", "'")
        if len(word) > MAX_STRING:
            raise FilterError(f"a quoted text may have {MAX_STRING} characters; this one has {len(word)}", start)
        return Token("string", word, start, end)
    if match.lastgroup == "name":
        lower = word.lower()
        if word == "annotation" and match.string[end:].lstrip().startswith("("):
            raise FilterError("annotation('name').column is reserved: annotations cannot be read in filters yet", start)
        return Token("keyword", lower, start, end) if lower in KEYWORDS else Token("name", word, start, end)
    if match.lastgroup == "number":
        return Token("number", word, start, end)
    return Token("operator", "!=" if word == "<>" else word, start, end)


def _check_nesting(tokens: list[Token]) -> None:
    """Bound what recurses in a parser: what is open (parentheses, `case`), and the prefixes before it."""
    depths, opened, prefixes, before = [0], [""], 0, ""
    for token in tokens:
        word = token.text if token.sort in ("operator", "keyword") else ""
        if word in _CLOSING:
            depths.append(depths[-1] + prefixes + 1)
            opened.append(_CLOSING[word])
            prefixes = 0
        elif word in _UNOPENED:
            if opened.pop() != word:
                raise FilterError(_UNOPENED[word], token.start)
            depths.pop()
            prefixes = 0
        else:
            prefixes = prefixes + 1 if _is_prefix(token, before) else 0
        if depths[-1] + prefixes > MAX_NESTING:
            raise FilterError(f"nested more than {MAX_NESTING} deep; split the condition", token.start)
        before = word or "value"
    if len(opened) > 1:
        raise FilterError(_UNCLOSED[opened[-1]], tokens[-1].end)


def _check_amount(tokens: list[Token]) -> None:
    """Refuse what is certainly over the limits before a parser spends time on it; `build` counts exactly."""
    outside = listed = here = 0
    in_list, before = False, ""
    for token in tokens:
        if token.sort == "operator" and token.text in "()":
            in_list, here = token.text == "(" and before == "in", 0
        elif token.sort in ("name", "number", "string") and not (token.sort == "name" and before == "number"):
            here, listed, outside = here + in_list, listed + in_list, outside + (not in_list)
        if here > MAX_LIST or listed > MAX_LISTED:
            raise FilterError(
                f"too many constants; {MAX_LIST} in one list and {MAX_LISTED} in all are allowed", token.start
            )
        if outside > MAX_NODES:
            raise FilterError(f"more than {MAX_NODES} columns, constants and operations", token.start)
        before = token.text if token.sort == "keyword" else token.sort


_VALUES = frozenset({"value", ")", "null", "true", "false", "end"})


def _is_prefix(token: Token, before: str) -> bool:
    if token.sort == "keyword":
        return token.text == "not"
    return token.sort == "operator" and token.text == "-" and before not in _VALUES
