"""A second, slow meaning of the filter language, to hold the real one against.

`meaning` says what a condition of `filter_grammar` is on one row, with Python's whole numbers and exact fractions: it
shares no parser, no tree and no arithmetic with the package.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import pyarrow as pa

from filter_grammar import ARCSEC, ATOMS, BIG, COLUMNS, ORDERS, OTHERS, Expression, Row


def meaning(expression: Expression, row: Row) -> Any:
    """What the expression is on a row: a number, text, True, False, or None for null."""
    sort, *parts = expression
    if sort in ("and", "or"):
        found = [meaning(p, row) for p in parts]
        decisive = sort == "or"
        return decisive if decisive in found else (None if None in found else not decisive)
    if sort == "column":
        return _stored(parts[0], row[parts[0]])
    if sort == "literal":
        return parts[0]
    if sort in ATOMS:
        return _atom(expression, row)
    first = meaning(parts[0], row)
    if sort == "null":
        return first is None if first is not None or not _is_unknown(parts[0], row) else None
    if sort == "in":
        return None if first is None else any(_same(first, v) for v in parts[1])
    rest = [meaning(p, row) for p in parts[1:]]
    if sort == "between":
        ends = (_ordered(">=", first, rest[0]), _ordered("<=", first, rest[1]))
        return False if False in ends else (None if None in ends else True)
    if first is None or None in rest:
        return None
    if sort in ORDERS:
        return _ordered(sort, first, rest[0])
    return _computed(sort, first, *rest)


def _atom(expression: Expression, row: Row) -> Any:
    sort, *parts = expression
    if sort == "call":
        given = [meaning(each, row) for each in parts[1]]
        return None if None in given else _function(parts[0], given, _is_whole(expression))
    if sort == "case":
        return _chosen(expression, row)
    if sort == "quantity":
        return float(Fraction(repr(parts[0])) * ARCSEC[parts[1]])
    if sort == "latitude":
        return _stored("gal_lat", row["gal_lat"])
    if sort == "cone":
        return _within(parts, _stored("ra", row["ra"]), _stored("dec", row["dec"]))
    return row[f"{parts[0]}:{parts[1]}"] if sort == "member" else meaning(OTHERS[parts[0]], row)


def _chosen(expression: Expression, row: Row) -> Any:
    _, whens, otherwise = expression
    value = None
    for asked, given in zip(whens[::2], whens[1::2], strict=True):
        truth = meaning(asked, row)
        if truth is None and _is_unknown(asked, row):
            return None
        if truth:
            value = meaning(given, row)
            break
    else:
        value = None if otherwise is None else meaning(otherwise, row)
    return value if not _is_number(value) or _is_whole(expression) else _double(value)


def _function(name: str, given: list[Any], whole: bool) -> Any:
    if name in ("abs", "floor", "ceil") and whole:
        value = abs(given[0]) if name == "abs" else given[0]
        return value if value < BIG else None
    doubles = given if whole else [_double(each) for each in given]
    first = doubles[0]
    if first is None or None in doubles:
        return None
    if name in ("least", "greatest"):
        return (min if name == "least" else max)(doubles)
    plain: dict[str, Callable[[float], Any]] = {
        "abs": abs,
        "sqrt": math.sqrt,
        "ln": math.log,
        "log10": math.log10,
        "exp": math.exp,
        "floor": lambda x: float(math.floor(x)),
        "ceil": lambda x: float(math.ceil(x)),
    }
    try:
        return plain[name](float(first))
    except (ValueError, OverflowError):
        return None


def _within(parts: list[Any], ra: float | None, dec: float | None) -> bool | None:
    """By the chord between the two positions."""
    if ra is None or dec is None:
        return None
    (a, b, c), (x, y, z) = (
        (math.cos(d) * math.cos(r), math.cos(d) * math.sin(r), math.sin(d))
        for r, d in ((math.radians(parts[0]), math.radians(parts[1])), (math.radians(ra), math.radians(dec)))
    )
    return math.dist((a, b, c), (x, y, z)) <= 2 * math.sin(math.radians(parts[2] / 3600) / 2)


def _is_unknown(expression: Expression, row: Row) -> bool:
    """Whether a look-up behind an expression failed."""
    inside = list(_inside(expression))
    states = [COLUMNS[each[1]].look_up for each in inside if each[0] == "column"]
    members = [f"{each[1]}:{each[2]}" for each in inside if each[0] == "member"]
    return any(row[s] in (None, "failed") for s in states if s) or any(row[m] is None for m in members)


def _inside(expression: Expression) -> Iterator[Expression]:
    yield expression
    if expression[0] == "tag":
        yield from _inside(OTHERS[expression[1]])
    for part in expression[1:]:
        for each in part if isinstance(part, list) else [part]:
            if isinstance(each, tuple):
                yield from _inside(each)


def reads(expression: Expression) -> set[str]:
    """Names of what an expression looks up."""
    found: set[str] = set()
    for sort, *parts in _inside(expression):
        if sort == "column":
            found |= {parts[0], COLUMNS[parts[0]].look_up or parts[0]}
        found |= {"member": {":".join(map(str, parts))}, "cone": {"ra", "dec"}, "latitude": {"gal_lat"}}.get(
            sort, set()
        )
    return found


def _is_whole(expression: Expression) -> bool:
    """Whether a number is an integer by its type."""
    sort, *parts = expression
    if sort == "column":
        return bool(pa.types.is_integer(COLUMNS[parts[0]].type))
    if sort == "literal":
        return isinstance(parts[0], int)
    if sort == "call":
        return parts[0] not in ("sqrt", "ln", "log10", "exp") and all(map(_is_whole, parts[1]))
    if sort == "case":
        return all(map(_is_whole, [*parts[0][1::2], *([parts[1]] if parts[1] else [])]))
    return sort in ("+", "-", "*", "neg") and all(map(_is_whole, parts))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _double(value: Any) -> float | None:
    """The same number as a double, or None where none is the same."""
    return float(value) if isinstance(value, float) or int(float(value)) == value else None


def _stored(name: str, value: Any) -> Any:
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return struct.unpack("f", struct.pack("f", value))[0] if name == "single" else value
    return None if name == "found_state" and value == "failed" else value


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, str | bool) or isinstance(right, str | bool):
        return bool(left == right)
    return Fraction(left) == Fraction(right)


def _ordered(operator: str, left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    if operator in ("=", "!="):
        return _same(left, right) is (operator == "=")
    gap = Fraction(left) - Fraction(right)
    return {"<": gap < 0, "<=": gap <= 0, ">": gap > 0, ">=": gap >= 0}[operator]


def _computed(sort: str, left: Any, right: Any = None) -> Any:
    if sort == "not":
        return not left
    if sort == "neg":
        value = -left
        return value if isinstance(value, float) or -BIG <= value < BIG else None
    if isinstance(left, int) and isinstance(right, int) and sort != "/":
        whole = {"+": left + right, "-": left - right, "*": left * right}[sort]
        return whole if -BIG <= whole < BIG else None
    first, second = Fraction(left), Fraction(right)
    if any(isinstance(v, int) and int(float(v)) != v for v in (left, right)) or (sort == "/" and second == 0):
        return None
    exact = first / second if sort == "/" else {"+": first + second, "-": first - second, "*": first * second}[sort]
    try:
        return float(exact)
    except OverflowError:
        return None
