"""From sqlglot's tree to ours: a whitelist of exact node types, types checked against the declared columns.

Leaves (columns, constants) come out of sqlglot's tree in the order of the text, so each is paired with the word it came
from: that gives positions, and a leaf that sqlglot dropped, moved or changed is noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sqlglot import exp

from linnet.core.column import Column as Declared
from linnet.errors import FilterError
from linnet.filters import tree
from linnet.filters.constants import in_range, negated, number
from linnet.filters.syntax_nodes import bare, chain, only
from linnet.filters.tokens import MAX_LIST, MAX_NODES, Token
from linnet.filters.tree import FUNCTIONS, Kind, Node, Span, kind_of

MAX_DEPTH = 100
"""Operations one inside the other; long chains of `and` and of `or` count once."""

COMPARISONS: dict[type, str] = {exp.EQ: "=", exp.NEQ: "!=", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
ARITHMETIC: dict[type, str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}

_AS_WRITTEN = {
    Kind.INTEGER: "an integer",
    Kind.FLOAT: "a number",
    Kind.TEXT: "a text",
    Kind.BOOLEAN: "true or false",
}


def build(syntax: exp.Expression, tokens: Iterable[Token], columns: Mapping[str, Declared]) -> Node:
    """Our tree of sqlglot's.

    Args:
        syntax: what `grammar.syntax` gave.
        tokens: the words it came from.
        columns: declared columns; every name in `tokens` is one of them or a function (`names.check_names`).

    Raises:
        FilterError: a construct outside of the language, types that do not fit, or a limit; with position.
    """
    builder = _Builder(tokens, columns)
    root = builder.node(syntax, 0)
    if builder.leaves_left():
        raise FilterError("the condition cannot be read as a whole", builder.position())
    if root.kind is not Kind.BOOLEAN:
        raise FilterError(f"a filter is a condition; this is {_AS_WRITTEN[root.kind]}", root.span[0])
    return root


class _Builder:
    """One walk over a syntax tree, with the leaves still to come."""

    def __init__(self, tokens: Iterable[Token], columns: Mapping[str, Declared]) -> None:
        self._leaves = [t for t in tokens if _is_leaf(t)]
        self._next = 0
        self._columns = columns
        self._count = 0
        self._rules: dict[type, Callable[[exp.Expression, int], Node]] = {
            exp.Column: self._column,
            exp.Literal: self._literal,
            exp.Boolean: self._boolean,
            exp.Neg: self._negative,
            exp.Abs: self._abs,
            exp.Between: self._between,
            exp.In: self._in,
            exp.Is: self._is_null,
            exp.Not: self._not,
            exp.And: self._junction,
            exp.Or: self._junction,
            **dict.fromkeys(COMPARISONS, self._compare),
            **dict.fromkeys(ARITHMETIC, self._arithmetic),
        }

    def leaves_left(self) -> bool:
        """Whether the text has constants or columns that the tree has not."""
        return self._next < len(self._leaves)

    def position(self) -> int:
        """Where the next leaf stands in the text."""
        return self._leaves[min(self._next, len(self._leaves) - 1)].start if self._leaves else 0

    def node(self, given: object, depth: int) -> Node:
        """Our node of one of sqlglot's."""
        if depth > MAX_DEPTH:
            raise FilterError(f"more than {MAX_DEPTH} operations one inside the other", self.position())
        syntax = bare(given)
        if not isinstance(syntax, exp.Expression):
            raise FilterError("something is missing here", self.position())
        # Exact types: a subclass (sqlglot has many) is another construct.
        rule = self._rules.get(type(syntax))
        if type(syntax) is exp.Null:
            raise FilterError("nothing equals null; write `is null` or `is not null`", self.position())
        if rule is None:
            raise FilterError(f"{type(syntax).__name__} is not part of the language", self.position())
        self._count += 1
        if self._count > MAX_NODES:
            raise FilterError(f"more than {MAX_NODES} columns, constants and operations", self.position())
        found = rule(syntax, depth + 1)
        return in_range(found) if isinstance(found, tree.Literal) else found

    def _leaf(self, sort: str, text: str) -> Span:
        if self.leaves_left():
            token = self._leaves[self._next]
            if token.sort == sort and token.text == text:
                self._next += 1
                return (token.start, token.end)
        raise FilterError(f"`{text[:20]}` cannot stand here", self.position())

    def _column(self, syntax: exp.Expression, _depth: int) -> Node:
        identifier = only(syntax, "this")["this"]
        if type(identifier) is not exp.Identifier:
            raise FilterError("a column is written as its bare name", self.position())
        name = str(only(identifier, "this")["this"])
        kind = kind_of(self._columns[name].type) if name in self._columns else None
        if kind is None:
            raise FilterError(f"column {name} cannot be used in a filter", self.position())
        return tree.Column(name, kind, self._leaf("name", name), self._columns[name].look_up)

    def _literal(self, syntax: exp.Expression, _depth: int) -> tree.Literal:
        given = only(syntax, "this", "is_string")
        text = str(given["this"])
        if given.get("is_string"):
            return tree.Literal(text, Kind.TEXT, self._leaf("string", text))
        start, end = self._leaf("number", text)
        return number(Token("number", text, start, end))

    def _boolean(self, syntax: exp.Expression, _depth: int) -> Node:
        value = bool(only(syntax, "this").get("this"))
        return tree.Literal(value, Kind.BOOLEAN, self._leaf("keyword", "true" if value else "false"))

    def _negative(self, syntax: exp.Expression, depth: int) -> Node:
        inner = bare(only(syntax, "this").get("this"))
        # Minus and whole zero stay apart, because whole numbers have no -0 that would keep the sign.
        if type(inner) is exp.Literal and str(inner.this).strip("0") != "":
            return negated(self._literal(inner, depth))
        item = self._number(inner, depth, "-")
        return tree.Negative(item, item.span)

    def _abs(self, syntax: exp.Expression, depth: int) -> Node:
        item = self._number(only(syntax, "this").get("this"), depth, "abs")
        return tree.Call("abs", (item,), item.kind, item.span)

    def _compare(self, syntax: exp.Expression, depth: int) -> Node:
        given = only(syntax, "this", "expression")
        left, right = self.node(given.get("this"), depth), self.node(given.get("expression"), depth)
        operator = COMPARISONS[type(syntax)]
        if not _same_family(left.kind, right.kind):
            both = f"{_AS_WRITTEN[left.kind]} cannot be compared with {_AS_WRITTEN[right.kind]}"
            raise FilterError(both, right.span[0])
        if operator not in ("=", "!=") and not left.kind.is_number:
            orders = f"{operator} compares numbers; {_AS_WRITTEN[left.kind]} knows only = and !="
            raise FilterError(orders, left.span[0])
        return tree.Compare(operator, left, right, _join(left, right))

    def _arithmetic(self, syntax: exp.Expression, depth: int) -> Node:
        given = only(syntax, "this", "expression")
        operator = ARITHMETIC[type(syntax)]
        left, right = (self._number(given.get(k), depth, operator) for k in ("this", "expression"))
        return tree.Arithmetic(operator, left, right, _join(left, right))

    def _between(self, syntax: exp.Expression, depth: int) -> Node:
        given = only(syntax, "this", "low", "high")
        item, low, high = (self._number(given.get(k), depth, "between") for k in ("this", "low", "high"))
        return tree.Between(item, low, high, _join(item, high))

    def _in(self, syntax: exp.Expression, depth: int) -> Node:
        given = only(syntax, "this", "expressions")
        item = self.node(given.get("this"), depth)
        listed = given.get("expressions")
        if not isinstance(listed, list) or not listed:
            raise FilterError("`in` needs constants in parentheses", item.span[0])
        if len(listed) > MAX_LIST:
            raise FilterError(f"a list may have {MAX_LIST} constants; this one has {len(listed)}", self.position())
        values = tuple(self._listed(each, depth, item.kind) for each in listed)
        return tree.In(item, values, _join(item, values[-1]))

    def _listed(self, syntax: object, depth: int, kind: Kind) -> tree.Literal:
        start = self.position()
        found = None
        if isinstance(syntax, exp.Expression) and type(syntax) in (exp.Literal, exp.Neg):
            found = self._rules[type(syntax)](syntax, depth)
        if not isinstance(found, tree.Literal):
            raise FilterError("a list holds constants, nothing to be computed", start)
        if kind is Kind.BOOLEAN or not _same_family(found.kind, kind):
            odd = f"{_AS_WRITTEN[kind]} cannot be looked up among constants like {_AS_WRITTEN[found.kind]}"
            raise FilterError(odd, start)
        return in_range(found)

    def _is_null(self, syntax: exp.Expression, depth: int) -> Node:
        given = only(syntax, "this", "expression")
        item = self.node(given.get("this"), depth)
        if type(given.get("expression")) is not exp.Null:
            raise FilterError("`is` is followed by null or not null; compare with = otherwise", self.position())
        return tree.IsNull(item, (item.span[0], self._leaf("keyword", "null")[1]))

    def _not(self, syntax: exp.Expression, depth: int) -> Node:
        item = self._condition(only(syntax, "this").get("this"), depth, "not")
        return tree.Not(item, item.span)

    def _junction(self, syntax: exp.Expression, depth: int) -> Node:
        word = "and" if type(syntax) is exp.And else "or"
        parts = chain(syntax)
        self._count += len(parts) - 2
        items = tuple([self._condition(part, depth, word) for part in parts])
        span = _join(items[0], items[-1])
        return tree.And(items, span) if word == "and" else tree.Or(items, span)

    def _number(self, syntax: object, depth: int, word: str) -> Node:
        node = self.node(syntax, depth)
        if not node.kind.is_number:
            raise FilterError(f"`{word}` works on numbers; this is {_AS_WRITTEN[node.kind]}", node.span[0])
        return node

    def _condition(self, syntax: object, depth: int, word: str) -> Node:
        node = self.node(syntax, depth)
        if node.kind is not Kind.BOOLEAN:
            raise FilterError(f"`{word}` joins conditions; this is {_AS_WRITTEN[node.kind]}", node.span[0])
        return node


def _is_leaf(token: Token) -> bool:
    if token.sort == "keyword":
        return token.text in ("null", "true", "false")
    return token.sort in ("number", "string") or (token.sort == "name" and token.text not in FUNCTIONS)


def _same_family(left: Kind, right: Kind) -> bool:
    return left is right or (left.is_number and right.is_number)


def _join(first: Node, last: Node) -> Span:
    return (first.span[0], last.span[1])
