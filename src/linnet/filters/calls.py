"""Functions: what stands before a parenthesis. The parser knows none of them; what may be called is in this table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from sqlglot import exp

from linnet.errors import FilterError
from linnet.filters.angles import declination, radius, right_ascension
from linnet.filters.builder import Builder
from linnet.filters.functions import NUMERIC
from linnet.filters.names import nearest
from linnet.filters.syntax_nodes import bare, only
from linnet.filters.tree import Call, Column, Cone, Kind, Literal, Member, Node, Span, Tagged, kind_of

Reader: TypeAlias = Callable[[Builder, str, list[object], Span, int], Node]
"""Makes a node of a function: its name, its arguments as sqlglot has them, its place in the text, its depth."""


def call(builder: Builder, syntax: exp.Expression, depth: int) -> Node:
    """A function and its arguments."""
    given = only(syntax, "this", "expressions")
    name = str(given["this"]).removeprefix("_")
    reader = FUNCTIONS.get(name)
    if reader is None:
        raise FilterError(f"{name[:20]} is no function of the language", builder.position())
    start, _ = builder.leaf("function", name)
    arguments = given.get("expressions") or []
    if not isinstance(arguments, list):
        raise FilterError(f"{name} takes arguments in parentheses", start)
    return reader(builder, name, arguments, (start, builder.end(start)), depth)


def _numeric(builder: Builder, name: str, arguments: list[object], span: Span, depth: int) -> Node:
    function = NUMERIC[name]
    check_amount(name, arguments, (function.least, function.most), span)
    items = tuple([builder.number(each, depth, name) for each in arguments])
    return Call(name, items, function.kind([item.kind for item in items]), span)


def _member(builder: Builder, name: str, arguments: list[object], span: Span, _depth: int) -> Node:
    what = {"in_area": "area", "in_watchlist": "watchlist"}[name]
    wanted, start = quoted(builder, name, arguments, span)
    known = {"in_area": builder.things.areas, "in_watchlist": builder.things.watchlists}[name]
    if wanted not in known:
        raise nearest(what, wanted, start, known, f"no {what} is known here")
    return Member(name, wanted, span)


def _tag(builder: Builder, name: str, arguments: list[object], span: Span, depth: int) -> Node:
    wanted, start = quoted(builder, name, arguments, span)
    return Tagged(wanted, builder.other(wanted, start, depth), span)


def _cone(builder: Builder, name: str, arguments: list[object], span: Span, depth: int) -> Node:
    check_amount(name, arguments, (3, 3), span)
    ra, dec, around = (_constant(builder, name, each, depth) for each in arguments)
    position = (_implied(builder, "ra", span), _implied(builder, "dec", span))
    return Cone(right_ascension(ra), declination(dec), radius(around), position, span)


def _constant(builder: Builder, name: str, syntax: object, depth: int) -> Literal:
    start = builder.position()
    found = builder.node(syntax, depth)
    if not isinstance(found, Literal) or found.kind is Kind.BOOLEAN:
        raise FilterError(f"{name} takes constants: a position and a radius", start)
    return found


def _latitude(builder: Builder, name: str, arguments: list[object], span: Span, _depth: int) -> Node:
    check_amount(name, arguments, (0, 0), span)
    return replace(_implied(builder, "gal_lat", span), written=f"{name}()")


def _implied(builder: Builder, name: str, span: Span) -> Column:
    """A column that a function reads without naming it."""
    declared = builder.columns.get(name)
    kind = kind_of(declared.type) if declared else None
    if declared is None or kind is not Kind.FLOAT:
        raise FilterError(f"there is no column {name} here, which this reads", span[0])
    return Column(name, kind, span, declared.look_up, unit=declared.unit)


def quoted(builder: Builder, name: str, arguments: list[object], span: Span) -> tuple[str, int]:
    """The one quoted name that a function takes, and its position."""
    check_amount(name, arguments, (1, 1), span)
    syntax = bare(arguments[0])
    if not isinstance(syntax, exp.Expression) or type(syntax) is not exp.Literal or not syntax.args.get("is_string"):
        raise FilterError(f"{name} takes a name in single quotes", builder.position())
    wanted = str(only(syntax, "this", "is_string")["this"])
    builder.count(1)
    return wanted, builder.leaf("string", wanted)[0]


def check_amount(name: str, arguments: list[object], wanted: tuple[int, int], span: Span) -> None:
    """Refuse another number of arguments than from the one to the other."""
    least, most = wanted
    if not least <= len(arguments) <= most:
        range_ = f"{least}" if least == most else f"{least} to {most}"
        plural = "argument" if most == 1 else "arguments"
        raise FilterError(f"{name} takes {range_} {plural}; here are {len(arguments)}", span[0])


FUNCTIONS: dict[str, Reader] = {
    **dict.fromkeys(NUMERIC, _numeric),
    "in_area": _member,
    "in_watchlist": _member,
    "tag": _tag,
    "cone": _cone,
    "galactic_latitude": _latitude,
}
"""Every function, by its exact name."""
