"""Constants of a filter: whole numbers of 64 bits and finite doubles, nothing else."""

from __future__ import annotations

import math
from dataclasses import replace

from linnet.errors import FilterError
from linnet.filters.tokens import Token
from linnet.filters.tree import Kind, Literal, Span
from linnet.filters.units import unit

LOWEST, HIGHEST = -(2**63), 2**63 - 1
"""Range of whole numbers."""

_RANGE = f"whole numbers lie between {LOWEST} and {HIGHEST}; write a decimal point for a float"


def number(token: Token) -> Literal:
    """The constant of a number as written, without its sign.

    2^63 is let through here, because a minus may stand before it; `in_range` comes after.

    Raises:
        FilterError: not finite, too large for 64 bits, or so small that a double holds only zero.
    """
    span = (token.start, token.end)
    if token.text.isdigit():
        # Bounded before int(): Python's conversion of long digit strings is quadratic.
        if len(token.text) > 40 or int(token.text) > 2**63:
            raise FilterError(_RANGE, token.start)
        return Literal(int(token.text), Kind.INTEGER, span)
    value = float(token.text)
    mantissa = token.text.lower().partition("e")[0]
    if not math.isfinite(value) or (value == 0 and any(c in "123456789" for c in mantissa)):
        raise FilterError(f"{token.text[:24]} is outside of what a double can hold", token.start)
    return Literal(value, Kind.FLOAT, span)


def quantity(text: str, span: Span) -> Literal:
    """The constant of a number with a unit, as its word has it: `5 arcsec`. Its value is in that unit still.

    Raises:
        FilterError: as for a number, or it is no unit.
    """
    digits, _, name = text.partition(" ")
    plain = in_range(number(Token("number", digits, *span)))
    given = unit(name)
    if given is None:
        raise FilterError(f"{name[:20]} is no unit that is known here", span[0])
    return replace(plain, written=f"{plain.value!r} {name}", given=given)


def negated(literal: Literal) -> Literal:
    """The constant with a minus before it."""
    value = literal.value
    if isinstance(value, str):
        raise FilterError("a text has no sign", literal.span[0])
    return replace(literal, value=-value, written=f"-{literal.written}" if literal.written else "")


def in_range(literal: Literal) -> Literal:
    """The constant itself.

    Raises:
        FilterError: a whole number outside of 64 bits.
    """
    if literal.kind is Kind.INTEGER and isinstance(literal.value, int) and not LOWEST <= literal.value <= HIGHEST:
        raise FilterError(_RANGE, literal.span[0])
    return literal
