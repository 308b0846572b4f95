"""How `case when ... then ... else ... end` is read: conditions, and values of one family."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from linnet.errors import FilterError
from linnet.filters.builder import AS_WRITTEN, Builder, same_family
from linnet.filters.syntax_nodes import only
from linnet.filters.tree import Case, Kind, Node


def case(builder: Builder, syntax: exp.Expression, depth: int) -> Node:
    """A `case` with one or more `when`."""
    start, _ = builder.leaf("keyword", "case")
    given = only(syntax, "ifs", "default")
    listed = given.get("ifs")
    if not isinstance(listed, list) or not listed:
        raise FilterError("`case` needs a `when`", start)
    whens = tuple([_when(builder, each, depth) for each in listed])
    otherwise = _value(builder, given["default"], depth) if given.get("default") is not None else None
    values = [value for _, value in whens] + ([otherwise] if otherwise else [])
    return Case(whens, otherwise, _kind(values), (start, builder.end(start)))


def _when(builder: Builder, syntax: object, depth: int) -> tuple[Node, Node]:
    if not isinstance(syntax, exp.Expression) or type(syntax) is not exp.If:
        raise FilterError("`when` is followed by a condition, `then` and a value", builder.position())
    given = only(syntax, "this", "true")
    condition = builder.node(given.get("this"), depth)
    if condition.kind is not Kind.BOOLEAN:
        raise FilterError(f"`when` asks a condition; this is {AS_WRITTEN[condition.kind]}", condition.span[0])
    return condition, _value(builder, given.get("true"), depth)


def _value(builder: Builder, syntax: object, depth: int) -> Node:
    if type(syntax) is exp.Null:
        raise FilterError("null is no value; without `else`, what no `when` takes is null", builder.position())
    return builder.node(syntax, depth)


def _kind(values: Sequence[Node]) -> Kind:
    first = values[0].kind
    for each in values:
        if not same_family(each.kind, first):
            odd = f"the values of one `case` are alike; {AS_WRITTEN[first]} and {AS_WRITTEN[each.kind]} are not"
            raise FilterError(odd, each.span[0])
    return first if all(each.kind is first for each in values) else Kind.FLOAT
