"""Pieces of text in this language, put together with no more parentheses than their meaning needs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum


class Level(IntEnum):
    """How tightly an operator binds; a looser one within a tighter one needs parentheses."""

    OR = 0
    AND = 1
    NOT = 2
    COMPARISON = 3
    SUM = 4
    PRODUCT = 5
    SIGN = 6
    ATOM = 7


@dataclass(frozen=True)
class Piece:
    """A part of a condition.

    Attributes:
        text: in this language.
        level: of its outermost operator.
        number: its value where it is a constant number.
        shift: what must be added to the text to get the value meant there: 2400000.5 for a Julian date.
        absent: the number that stands there where this is null here.
        none: the number that is null there.
    """

    text: str
    level: Level = Level.ATOM
    number: Decimal | None = None
    shift: Decimal = Decimal(0)
    absent: Decimal | None = None
    none: Decimal | None = None

    def within(self, level: Level, *, right: bool = False) -> str:
        """The text as an operand of an operator of this level; on its right, equal binding needs parentheses too."""
        loose = self.level < level or (right and self.level == level)
        return f"({self.text})" if loose else self.text


def constant(value: Decimal) -> Piece:
    """A number, written plainly."""
    digits = format(value, "f") if -9 < value.adjusted() < 18 else repr(float(value))
    return Piece(digits, Level.SIGN if value < 0 else Level.ATOM, value)


def quoted(text: str) -> Piece:
    """A text in single quotes."""
    return Piece("'" + text.replace("'", "''") + "'")


def compared(operator: str, left: Piece, right: Piece) -> Piece:
    """A comparison."""
    sides = left.within(Level.SUM), right.within(Level.SUM)
    return Piece(f"{sides[0]} {operator} {sides[1]}", Level.COMPARISON)


def is_null(item: Piece, *, negated: bool = False) -> Piece:
    """`is null`, or `is not null`."""
    return Piece(f"{item.within(Level.SUM)} is {'not ' if negated else ''}null", Level.COMPARISON)


def joined(word: str, items: list[Piece]) -> Piece:
    """A chain of `and` or of `or`."""
    if len(items) == 1:
        return items[0]
    level = Level.AND if word == "and" else Level.OR
    return Piece(f" {word} ".join(each.within(level) for each in items), level)


def negated(item: Piece) -> Piece:
    """`not`; of `is null`, `is not null`."""
    if item.level is Level.COMPARISON and item.text.endswith(" is null"):
        return Piece(item.text.removesuffix("null") + "not null", Level.COMPARISON)
    return Piece(f"not {item.within(Level.NOT, right=True)}", Level.NOT)


def holds(operator: str, left: Decimal, right: Decimal) -> bool:
    """Whether two numbers compare so."""
    return {
        "=": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }[operator]


def present(item: Piece) -> Piece:
    """The number that is there, where it stands for null here or is null for a number here; a date as it is."""
    if item.absent is not None:
        return Piece(f"case when {item.text} is null then {item.absent} else {item.text} end", shift=item.shift)
    if item.none is not None:
        return Piece(f"case when {item.text} != {item.none} then {item.text} end", shift=item.shift)
    return item


def unshifted(item: Piece) -> Piece:
    """The number that is there: a date with what it is more than a modified one."""
    if item.shift:
        return Piece(f"{present(item).within(Level.SUM)} + {item.shift}", Level.SUM)
    return present(item)
