"""Functions of the light curve in a text: `count(lc where flux > 0)`, `max(lc.flux)`, and `now()`.

The parser behind the language knows neither `where` inside of a call nor names with dots. So these calls are found
among the words, read apart by the same machinery, and a slot is left in their place: one word, which `build` turns into
the node that was read. Positions stay those of the text.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from linnet.core.column import Column as Declared
from linnet.errors import FilterError
from linnet.filters.history_nodes import ABSENT, FIELDS, FUNCTIONS, SEQUENCES, Field, History
from linnet.filters.look_ups import names
from linnet.filters.tokens import Token
from linnet.filters.tree import Column, In, Kind, Node, Span, kind_of, walk

MAX_HISTORIES = 20
"""Functions of the light curve in one filter."""

ABOUT_ALERTS = frozenset({"in_area", "in_watchlist", "tag", "annotation"})
"""Functions that say something of an alert and nothing of its points."""

NOW = "now"

_FORMS = "count(lc), count(lc where flux > 0), max(lc.flux where band = 'r')"
_SEQUENCES = "lc (detections), forced (forced photometry) and limits (upper limits)"


@dataclass(frozen=True)
class Inside:
    """Words of a condition on the points of a sequence, and where they begin in the text."""

    words: list[Token]
    sequence: str
    start: int


Read = Callable[[Inside], Node]
"""Reads a condition on points."""


@dataclass(frozen=True)
class Scope:
    """What names mean beside columns.

    Attributes:
        slots: nodes of functions that were read apart.
        fields: names that mean a field of a point.
    """

    slots: Mapping[str, Node]
    fields: frozenset[str] = frozenset()

    def node(self, name: str, span: Span) -> Node | None:
        """The node of a slot or field; None for any other name."""
        return field(name, span) if name in self.fields else self.slots.get(name)


ALERT = Scope({})
"""Names mean columns, and nothing was read apart."""


def take_apart(
    words: Sequence[Token], columns: Mapping[str, Declared], read: Read | None
) -> tuple[list[Token], dict[str, Node]]:
    """Words with a slot in the place of each function of the light curve and each `now()`, and the nodes by slot.

    Args:
        words: of a filter, or of a condition on points.
        columns: declared columns.
        read: reads a condition on points; None inside of one, where no further function of the light curve may stand.

    Raises:
        FilterError: such a function is not written as it should be, or its condition is refused; with position.
    """
    left: list[Token] = []
    slots: dict[str, Node] = {}
    place = histories = 0
    while place < len(words):
        word, called = words[place], _is_called(words, place)
        if not called or (word.text != NOW and word.text not in FUNCTIONS):
            _check_apart(word, called, inside=read is None)
            left.append(word)
            place += 1
            continue
        end = _closing(words, place + 1)
        call = words[place : end + 1]
        histories += word.text != NOW
        if histories > MAX_HISTORIES:
            raise FilterError(f"more than {MAX_HISTORIES} functions of the light curve; split the filter", word.start)
        name = f"slot{len(slots)}"
        slots[name] = _known(_now(call) if word.text == NOW else _history(call, read), columns)
        left.append(Token("slot", name, word.start, call[-1].end))
        place = end + 1
    return left, slots


def visible(columns: Mapping[str, Declared], sequence: str) -> dict[str, Declared]:
    """What a condition on points may name: the columns of the alert, and the fields of a point before them."""
    return {**columns, **{name: each for name, each in FIELDS.items() if name not in ABSENT.get(sequence, ())}}


def field(name: str, span: Span) -> Field:
    """The node of a field."""
    kind = kind_of(FIELDS[name].type)
    return Field(name, Kind.FLOAT if kind is None else kind, span)


def weight(node: Node) -> int:
    """Columns, constants outside of lists, and operations of a tree."""
    return sum(1 - (len(n.values) if isinstance(n, In) else 0) for n in walk(node))


def unit_of(node: History) -> str:
    """The unit (VOUnit) of a function's value; "" for a number of points and for signal to noise."""
    unit = FIELDS[node.field].unit if node.field else ""
    if node.function == "slope":
        return {"": "d**-1", "d": ""}.get(unit, f"{unit}.d**-1")
    return unit


def _is_called(words: Sequence[Token], place: int) -> bool:
    after = words[place + 1] if place + 1 < len(words) else None
    return words[place].sort == "function" and after is not None and _is_operator(after, "(")


def _is_operator(word: Token, text: str) -> bool:
    return word.sort == "operator" and word.text == text


def _closing(words: Sequence[Token], opening: int) -> int:
    """Where the parenthesis closes that opens here; they all do (`tokens`)."""
    depth = 0
    for place in range(opening, len(words)):
        depth += _is_operator(words[place], "(") - _is_operator(words[place], ")")
        if depth == 0:
            return place
    raise FilterError("a parenthesis is not closed", words[opening].start)


def _check_apart(word: Token, called: bool, *, inside: bool) -> None:
    """Refuse what has a meaning only within one of the functions, or none within their conditions."""
    if word.sort == "keyword" and word.text == "where":
        raise FilterError(f"`where` stands only within a function of the light curve: {_FORMS}", word.start)
    if word.sort not in ("name", "function"):
        return
    lower = word.text.lower()
    if called and lower != word.text and lower in (*FUNCTIONS, NOW):
        raise FilterError(f"no function is named {word.text}; did you mean {lower}?", word.start, lower)
    sequence, _, name = word.text.partition(".")
    if inside and called and word.text in ABOUT_ALERTS:
        raise FilterError(f"{word.text} is about the alert and not about its points; put it outside", word.start)
    if sequence in SEQUENCES and inside:
        wanted = name if name in FIELDS else None
        raise FilterError(f"after `where` the fields of a point stand alone: {', '.join(FIELDS)}", word.start, wanted)
    if sequence in SEQUENCES:
        what = f"{word.text} has one value for each point" if name else f"{word.text} is a sequence of points"
        raise FilterError(f"{what}; ask for one number of it: {_FORMS}", word.start)


def _now(call: Sequence[Token]) -> Column:
    if len(call) != 3:
        raise FilterError("now() is the time of the alert; it takes nothing in its parentheses", call[2].start)
    return Column("mjd", Kind.FLOAT, (call[0].start, call[-1].end), written="now()", unit="d")


def _history(call: Sequence[Token], read: Read | None) -> History:
    function, within = call[0], call[2:-1]
    if read is None:
        raise FilterError(f"{function.text} of a light curve cannot stand in a condition on its points", function.start)
    if not within or within[0].sort != "name":
        raise FilterError(f"{function.text} asks something of the light curve: {_FORMS}", call[2].start)
    sequence, name = _target(function.text, within[0])
    condition = _condition(function.text, within, call[-1], sequence, read)
    kind = Kind.FLOAT if name else Kind.INTEGER
    return History(function.text, sequence, name, condition, kind, (function.start, call[-1].end))


def _target(function: str, word: Token) -> tuple[str, str]:
    """Sequence and field of `lc.flux`; no field of `lc`, which only `count` takes."""
    sequence, _, name = word.text.partition(".")
    if sequence not in SEQUENCES:
        if word.text in FIELDS and function != "count":
            hint = f"lc.{word.text}"
            raise FilterError(
                f"{function} is about the light curve; did you mean {function}({hint})?", word.start, hint
            )
        raise _nearest(f"{function} asks something of a sequence of points: {_SEQUENCES}", word, sequence, SEQUENCES)
    if function == "count" and name:
        raise FilterError(f"count counts points; write count({sequence}), or count({sequence} where ...)", word.start)
    if function == "count":
        return sequence, ""
    _check_present(name, sequence, word)
    numbers = [f"{sequence}.{each}" for each in FIELDS if each != "band" and each not in ABSENT.get(sequence, ())]
    if word.text not in numbers:
        raise _nearest(f"{function} wants a field of numbers: {', '.join(numbers)}", word, word.text, numbers)
    return sequence, name


def _check_present(name: str, sequence: str, word: Token) -> None:
    if name in ABSENT.get(sequence, ()):
        raise FilterError(f"points of {sequence} have no {name}; the limiting flux is 5 * flux_err", word.start)


def _nearest(sentence: str, word: Token, given: str, valid: Iterable[str]) -> FilterError:
    near = difflib.get_close_matches(given[:64].lower(), list(valid), 1)
    return FilterError(sentence, word.start, near[0] if near else None)


def _condition(function: str, within: Sequence[Token], last: Token, sequence: str, read: Read) -> Node | None:
    if len(within) == 1:
        return None
    after, words = within[1], list(within[2:])
    if after.sort != "keyword" or after.text != "where":
        raise FilterError(f"`{function}({within[0].text}` is followed by `where` and a condition, or ends", after.start)
    start = words[0].start if words else last.start
    if not words:
        raise FilterError("a condition on the points belongs behind `where`", start)
    for word in words:
        _check_present(word.text if word.sort == "name" else "", sequence, word)
    try:
        return read(Inside(words, sequence, start))
    except FilterError as error:
        if error.position is not None and error.position >= start:
            raise
        raise FilterError(str(error), start, error.suggestion) from error


def _known(node: Node, columns: Mapping[str, Declared]) -> Node:
    """The node itself, after a check that what it reads is there."""
    missing = [name for name in names(node) if name not in columns]
    if missing:
        raise FilterError(f"there is no column {missing[0]} here, which this reads", node.span[0])
    return node
