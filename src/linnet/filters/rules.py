"""How each construct of sqlglot's tree is read: the operators of the language, columns and constants."""

from __future__ import annotations

from sqlglot import exp

from linnet.errors import FilterError
from linnet.filters import tree
from linnet.filters.builder import AS_WRITTEN, Builder, join, same_family
from linnet.filters.constants import in_range, negated, number, quantity
from linnet.filters.quantities import agreed, settled
from linnet.filters.syntax_nodes import bare, chain, only
from linnet.filters.tokens import MAX_LIST, Token
from linnet.filters.tree import Kind, Node, kind_of

COMPARISONS: dict[type, str] = {exp.EQ: "=", exp.NEQ: "!=", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
ARITHMETIC: dict[type, str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}


def column(builder: Builder, syntax: exp.Expression, _depth: int) -> Node:
    """A column by its name."""
    identifier = only(syntax, "this")["this"]
    if type(identifier) is not exp.Identifier:
        raise FilterError("a column is written as its bare name", builder.position())
    name = str(only(identifier, "this")["this"])
    apart = builder.apart(name)
    if apart is not None:
        return apart
    declared = builder.columns.get(name)
    kind = kind_of(declared.type) if declared else None
    if declared is None or kind is None:
        raise FilterError(f"column {name} cannot be used in a filter", builder.position())
    return tree.Column(name, kind, builder.leaf("name", name), declared.look_up, unit=declared.unit)


def literal(builder: Builder, syntax: exp.Expression, _depth: int) -> tree.Literal:
    """A number without its sign, or a text."""
    given = only(syntax, "this", "is_string")
    text = str(given["this"])
    if given.get("is_string"):
        return tree.Literal(text, Kind.TEXT, builder.leaf("string", text))
    if " " in text:
        return quantity(text, builder.leaf("quantity", text))
    start, end = builder.leaf("number", text)
    return number(Token("number", text, start, end))


def boolean(builder: Builder, syntax: exp.Expression, _depth: int) -> Node:
    """`true` or `false`."""
    value = bool(only(syntax, "this").get("this"))
    return tree.Literal(value, Kind.BOOLEAN, builder.leaf("keyword", "true" if value else "false"))


def negative(builder: Builder, syntax: exp.Expression, depth: int) -> Node:
    """Unary minus."""
    inner = bare(only(syntax, "this").get("this"))
    # Minus and whole zero stay apart, because whole numbers have no -0 that would keep the sign.
    if type(inner) is exp.Literal and str(inner.this).strip("0") != "":
        return negated(literal(builder, inner, depth))
    item = builder.number(inner, depth, "-")
    return tree.Negative(item, item.span)


def compare(builder: Builder, syntax: exp.Expression, depth: int) -> Node:
    """One of the six comparisons."""
    given = only(syntax, "this", "expression")
    left, right = builder.node(given.get("this"), depth), builder.node(given.get("expression"), depth)
    operator = COMPARISONS[type(syntax)]
    if not same_family(left.kind, right.kind):
        both = f"{AS_WRITTEN[left.kind]} cannot be compared with {AS_WRITTEN[right.kind]}"
        raise FilterError(both, right.span[0])
    if operator not in ("=", "!=") and not left.kind.is_number:
        orders = f"{operator} compares numbers; {AS_WRITTEN[left.kind]} knows only = and !="
        raise FilterError(orders, left.span[0])
    left, right = agreed(left, right)
    return tree.Compare(operator, left, right, join(left, right))


def arithmetic(builder: Builder, syntax: exp.Expression, depth: int) -> Node:
    """`+`, `-`, `*` or `/`."""
    given = only(syntax, "this", "expression")
    operator = ARITHMETIC[type(syntax)]
    left, right = (builder.number(given.get(k), depth, operator) for k in ("this", "expression"))
    if operator in "*/":
        left, right = settled(left, right)
    return tree.Arithmetic(operator, left, right, join(left, right))


def between(builder: Builder, syntax: exp.Expression, depth: int) -> Node:
    """`between` two numbers."""
    given = only(syntax, "this", "low", "high")
    item, low, high = (builder.number(given.get(k), depth, "between") for k in ("this", "low", "high"))
    item, low, high = agreed(item, low, high)
    return tree.Between(item, low, high, join(item, high))


def in_list(builder: Builder, syntax: exp.Expression, depth: int) -> Node:
    """`in` a list of constants."""
    given = only(syntax, "this", "expressions")
    item = builder.node(given.get("this"), depth)
    listed = given.get("expressions")
    if not isinstance(listed, list) or not listed:
        raise FilterError("`in` needs constants in parentheses", item.span[0])
    if len(listed) > MAX_LIST:
        raise FilterError(f"a list may have {MAX_LIST} constants; this one has {len(listed)}", builder.position())
    values = tuple(_listed(builder, each, depth, item.kind) for each in listed)
    item, *same = agreed(item, *values)
    values = tuple(each for each in same if isinstance(each, tree.Literal))
    return tree.In(item, values, (item.span[0], builder.list_end(item)))


def _listed(builder: Builder, syntax: object, depth: int, kind: Kind) -> tree.Literal:
    start = builder.position()
    found = None
    if isinstance(syntax, exp.Expression) and type(syntax) in (exp.Literal, exp.Neg):
        found = (literal if type(syntax) is exp.Literal else negative)(builder, syntax, depth)
    if not isinstance(found, tree.Literal):
        raise FilterError("a list holds constants, nothing to be computed", start)
    if kind is Kind.BOOLEAN or not same_family(found.kind, kind):
        odd = f"{AS_WRITTEN[kind]} cannot be looked up among constants like {AS_WRITTEN[found.kind]}"
        raise FilterError(odd, start)
    return in_range(found)


def is_null(builder: Builder, syntax: exp.Expression, depth: int) -> Node:
    """`is null`."""
    given = only(syntax, "this", "expression")
    item = builder.node(given.get("this"), depth)
    if type(given.get("expression")) is not exp.Null:
        raise FilterError("`is` is followed by null or not null; compare with = otherwise", builder.position())
    return tree.IsNull(item, (item.span[0], builder.leaf("keyword", "null")[1]))


def negation(builder: Builder, syntax: exp.Expression, depth: int) -> Node:
    """`not`, before a condition or within one."""
    item = builder.condition(only(syntax, "this").get("this"), depth, "not")
    return tree.Not(item, item.span)


def junction(builder: Builder, syntax: exp.Expression, depth: int) -> Node:
    """A chain of `and`, or of `or`."""
    word = "and" if type(syntax) is exp.And else "or"
    parts = chain(syntax)
    builder.count(len(parts) - 2)
    items = tuple([builder.condition(part, depth, word) for part in parts])
    span = join(items[0], items[-1])
    return tree.And(items, span) if word == "and" else tree.Or(items, span)
