"""Comparisons of numbers in which dates have another beginning there, and null another spelling."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from linnet.filters.importers.pieces import (
    Level,
    Piece,
    compared,
    constant,
    holds,
    is_null,
    joined,
    present,
    unshifted,
)

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def numbers(word: str, left: Piece, right: Piece, *, exact: bool) -> Piece:
    """A comparison of two numbers.

    Args:
        word: the operator.
        left: one side.
        right: the other.
        exact: whether false and null must be told apart, because it stands within a `not`.
    """
    if left.number is not None and right.number is None:
        return numbers(_TURNED.get(word, word), right, left, exact=exact)
    if right.number is None:
        left, right = present(left), present(right)
    value, right = right.number, _moved(right, right.shift - left.shift)
    left = replace(left, shift=Decimal(0))
    if value is None or (left.absent is None and left.none is None):
        return compared(word, left, right)
    if left.absent is not None:
        return _or_absent(word, left, right, exact=exact)
    return compared(word, present(left) if exact or holds(word, left.none or Decimal(0), value) else left, right)


def ranged(item: Piece, low: Piece, high: Piece, *, exact: bool) -> Piece:
    """`between` two numbers."""
    if item.absent is not None or item.none is not None:
        return joined("and", [numbers(">=", item, low, exact=exact), numbers("<=", item, high, exact=exact)])
    ends = [_moved(each, each.shift - item.shift) for each in (low, high)]
    text = f"{item.within(Level.SUM)} between {ends[0].within(Level.SUM)} and {ends[1].within(Level.SUM)}"
    return Piece(text, Level.COMPARISON)


def _or_absent(word: str, left: Piece, right: Piece, *, exact: bool) -> Piece:
    """What is null here is a number there: it compares like that number."""
    plain = compared(word, left, right)
    if left.absent is not None and right.number is not None and holds(word, left.absent, right.number):
        return joined("or", [plain, is_null(left)])
    return joined("and", [plain, is_null(left, negated=True)]) if exact else plain


def _moved(item: Piece, gap: Decimal) -> Piece:
    """A side, so many days later, as an ordinary number."""
    if item.number is not None:
        return constant(item.number + gap)
    item = unshifted(replace(item, shift=Decimal(0)))
    if not gap:
        return item
    word = "+" if gap > 0 else "-"
    return Piece(f"{item.within(Level.SUM)} {word} {abs(gap)}", Level.SUM)
