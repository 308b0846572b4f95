"""Angles as people write them: sexagesimal positions in quotes, degrees, and numbers with a unit."""

from __future__ import annotations

import re
from fractions import Fraction

from linnet.errors import FilterError
from linnet.filters.quantities import converted
from linnet.filters.tree import Kind, Literal
from linnet.filters.units import Unit, unit

_SEXAGESIMAL = re.compile(
    r"\s*(?P<sign>[+-]?)(?P<first>\d{1,3})(?P<mark>[:hd ])\s*(?P<minutes>\d{1,2})[:m ]\s*"
    r"(?P<seconds>\d{1,2}(?:\.\d{0,12})?)s?\s*"
)
DEGREE = unit("deg") or Unit()


def right_ascension(given: Literal) -> Literal:
    """A right ascension in degrees, 0 to 360. Sexagesimal texts are in hours, as in '12:34:56.7' or '12h34m56.7s'.

    Raises:
        FilterError: it is none.
    """
    found = _sexagesimal(given, "right ascension", "'12:34:56.7'", 15) if given.kind is Kind.TEXT else _degrees(given)
    if not 0 <= _value(found) <= 360:
        raise FilterError("a right ascension lies between 0 and 360 degrees", given.span[0])
    return found


def declination(given: Literal) -> Literal:
    """A declination in degrees, -90 to 90. Sexagesimal texts are in degrees, as in '-01:02:03' or '-01d02m03s'.

    Raises:
        FilterError: it is none.
    """
    found = _sexagesimal(given, "declination", "'-01:02:03'", 1) if given.kind is Kind.TEXT else _degrees(given)
    if not -90 <= _value(found) <= 90:
        raise FilterError("a declination lies between -90 and 90 degrees", given.span[0])
    return found


def radius(given: Literal) -> Literal:
    """A radius in degrees, more than 0 and at most 180. It is written with its unit.

    Raises:
        FilterError: it is none, or has no unit.
    """
    if given.given is None:
        raise FilterError("a radius is written with its unit, for example 5 arcsec", given.span[0])
    found = _degrees(given)
    if not 0 < _value(found) <= 180:
        raise FilterError("a radius is more than 0 and at most 180 degrees", given.span[0])
    return found


def _degrees(given: Literal) -> Literal:
    if given.given is None:
        return given
    if not given.given.fits(DEGREE):
        raise FilterError(f"`{given.written}` is no angle; angles are in deg, arcmin, arcsec or mas", given.span[0])
    return converted(given, DEGREE)


def _sexagesimal(given: Literal, what: str, form: str, factor: int) -> Literal:
    match = _SEXAGESIMAL.fullmatch(str(given.value))
    wrong = {"h", "d"} - ({"h"} if factor == 15 else {"d"})
    if match is None or match["mark"] in wrong or float(match["minutes"]) >= 60 or float(match["seconds"]) >= 60:
        raise FilterError(f"this is no {what}; write degrees, or a text such as {form}", given.span[0])
    whole = Fraction(match["first"]) + Fraction(match["minutes"]) / 60 + Fraction(match["seconds"]) / 3600
    degrees = float(whole * factor * (-1 if match["sign"] == "-" else 1))
    written = "'" + str(given.value).replace("'", "''") + "'"
    return Literal(degrees, Kind.FLOAT, given.span, written=written)


def _value(literal: Literal) -> float:
    return float(literal.value)
