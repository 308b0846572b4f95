"""The walk from sqlglot's tree to ours: counting, types, and the place of every leaf in the text.

Leaves (columns, constants, names of functions) come out of sqlglot's tree in the order of the text, so each is paired
with the word it came from: that gives positions, and a leaf that sqlglot dropped, moved or changed is noticed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from sqlglot import exp

from linnet.core.column import Column as Declared
from linnet.errors import FilterError
from linnet.filters.constants import in_range
from linnet.filters.history import ALERT, weight
from linnet.filters.others import Others
from linnet.filters.syntax_nodes import bare
from linnet.filters.things import Things
from linnet.filters.tokens import MAX_NODES, Token
from linnet.filters.tree import Kind, Literal, Node, Span

MAX_TAGGED = 2000
"""Nodes of one filter together with all those on which it stands."""

MAX_DEPTH = 100
"""Operations one inside the other; long chains of `and` and of `or` count once."""

AS_WRITTEN = {
    Kind.INTEGER: "an integer",
    Kind.FLOAT: "a number",
    Kind.TEXT: "a text",
    Kind.BOOLEAN: "true or false",
}

Rule: TypeAlias = Callable[["Builder", exp.Expression, int], Node]
"""Makes our node of one of sqlglot's, which stands so deep."""


class Builder:
    """One walk over a syntax tree, with the leaves still to come.

    Attributes:
        columns: declared columns.
        things: what else may be named.
        scope: what names mean beside columns.
    """

    def __init__(
        self,
        words: Sequence[Token],
        columns: Mapping[str, Declared],
        things: Things,
        others: Others,
        rules: Mapping[type, Rule],
    ) -> None:
        self.columns = columns
        self.things = things
        self._others = others
        self.scope = ALERT
        self._rules = rules
        self._leaves = [w for w in words if _is_leaf(w)]
        self._ends = _ends(words)
        self._lists = [w.start for w in words if w.sort == "keyword" and w.text == "in"]
        self._next = 0
        self._count = 0
        self._tagged = 0

    def leaves_left(self) -> bool:
        """Whether the text has leaves that the tree has not."""
        return self._next < len(self._leaves)

    def position(self) -> int:
        """Where the next leaf stands in the text."""
        return self._leaves[min(self._next, len(self._leaves) - 1)].start if self._leaves else 0

    def node(self, given: object, depth: int) -> Node:
        """Our node of one of sqlglot's.

        Raises:
            FilterError: a construct outside of the language, types that do not fit, or a limit; with position.
        """
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
        self.count(1)
        found = rule(self, syntax, depth + 1)
        return in_range(found) if isinstance(found, Literal) else found

    def count(self, nodes: int) -> None:
        """Count what the text consists of.

        Raises:
            FilterError: it is too much.
        """
        self._count += nodes
        if self._count > MAX_NODES:
            raise FilterError(f"more than {MAX_NODES} columns, constants and operations", self.position())

    def other(self, name: str, position: int, depth: int) -> Node:
        """The tree of another filter, which stands so deep in this one.

        Raises:
            FilterError: there is none, it cannot be read, or both together are too much.
        """
        tree, size, deep = self._others.whole(name, position)
        self._tagged += size
        if self._tagged > MAX_TAGGED:
            raise FilterError(f"more than {MAX_TAGGED} nodes with the filters on which this one stands", position)
        if depth + deep > MAX_DEPTH:
            raise FilterError(f"more than {MAX_DEPTH} operations one inside the other, with filter {name}", position)
        return tree

    def leaf(self, sort: str, text: str) -> Span:
        """Where the next leaf stands, which must be this one."""
        if self.leaves_left():
            word = self._leaves[self._next]
            if word.sort == sort and word.text == text:
                self._next += 1
                return (word.start, word.end)
        raise FilterError(f"`{text[:20]}` cannot stand here", self.position())

    def apart(self, name: str) -> Node | None:
        """The next leaf as a node if it is a field of a point, or stands for what was read apart."""
        leaf = self._leaves[self._next] if self.leaves_left() else None
        if leaf is None or leaf.text != name or leaf.sort not in ("name", "slot"):
            return None
        found = self.scope.node(name, (leaf.start, leaf.end))
        if found is not None:
            self._next += 1
            self.count(weight(found) - 1)
        return found

    def end(self, start: int) -> int:
        """One past the parenthesis or `end` that closes what the function, list or `case` at `start` opens."""
        return self._ends[start]

    def list_end(self, item: Node) -> int:
        """One past the parenthesis that closes the list in which an item is looked up."""
        return self.end(self._lists[bisect_left(self._lists, item.span[1])])

    def number(self, syntax: object, depth: int, word: str) -> Node:
        """A node that is a number; `word` asks for it."""
        node = self.node(syntax, depth)
        if not node.kind.is_number:
            raise FilterError(f"`{word}` works on numbers; this is {AS_WRITTEN[node.kind]}", node.span[0])
        return node

    def condition(self, syntax: object, depth: int, word: str) -> Node:
        """A node that is a condition; `word` asks for it."""
        node = self.node(syntax, depth)
        if node.kind is not Kind.BOOLEAN:
            raise FilterError(f"`{word}` joins conditions; this is {AS_WRITTEN[node.kind]}", node.span[0])
        return node


def same_family(left: Kind, right: Kind) -> bool:
    """Whether values of these kinds can be compared."""
    return left is right or (left.is_number and right.is_number)


def join(first: Node, last: Node) -> Span:
    """From the first character of one node to the last of another."""
    return (first.span[0], last.span[1])


def _is_leaf(word: Token) -> bool:
    if word.sort == "keyword":
        return word.text in ("null", "true", "false", "case")
    return word.sort != "operator"


def _ends(words: Sequence[Token]) -> dict[int, int]:
    """Where each function, list (by its `in`) and `case` is closed. Parentheses are known to match."""
    found: dict[int, int] = {}
    open_at: list[int] = []
    before = -1
    for word in words:
        if word.text == "(" and word.sort == "operator":
            open_at.append(before)
        elif word.text == "case" and word.sort == "keyword":
            open_at.append(word.start)
        elif (word.text == ")" and word.sort == "operator") or (word.text == "end" and word.sort == "keyword"):
            found[open_at.pop()] = word.end
        before = word.start
    return found
