"""From sqlglot's tree to ours: a whitelist of exact node types, types checked against the declared columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from linnet.core.column import Column as Declared
from linnet.errors import FilterError
from linnet.filters import cases, rules
from linnet.filters.builder import AS_WRITTEN, Builder, Rule
from linnet.filters.calls import call
from linnet.filters.history import Scope
from linnet.filters.others import Others
from linnet.filters.quantities import check_settled
from linnet.filters.things import Things
from linnet.filters.tokens import Token
from linnet.filters.tree import Kind, Node

RULES: dict[type, Rule] = {
    exp.Column: rules.column,
    exp.Literal: rules.literal,
    exp.Boolean: rules.boolean,
    exp.Neg: rules.negative,
    exp.Anonymous: call,
    exp.Case: cases.case,
    exp.Between: rules.between,
    exp.In: rules.in_list,
    exp.Is: rules.is_null,
    exp.Not: rules.negation,
    exp.And: rules.junction,
    exp.Or: rules.junction,
    **dict.fromkeys(rules.COMPARISONS, rules.compare),
    **dict.fromkeys(rules.ARITHMETIC, rules.arithmetic),
}
"""Everything that may stand in a filter."""


def build(
    syntax: exp.Expression,
    words: Sequence[Token],
    columns: Mapping[str, Declared],
    things: Things,
    others: Others,
    scope: Scope,
) -> Node:
    """Our tree of sqlglot's.

    Args:
        syntax: what `grammar.syntax` gave.
        words: the words it came from.
        columns: declared columns; every name in `words` is one of them or a function (`names.check_names`).
        things: areas, watchlists and filters that may be named.
        others: the trees of other filters.
        scope: what names mean beside columns.

    Raises:
        FilterError: a construct outside of the language, types that do not fit, or a limit; with position.
    """
    builder = Builder(words, columns, things, others, RULES)
    builder.scope = scope
    root = builder.node(syntax, 0)
    if builder.leaves_left():
        raise FilterError("the condition cannot be read as a whole", builder.position())
    if root.kind is not Kind.BOOLEAN:
        raise FilterError(
            f"{'what follows `where`' if scope.fields else 'a filter'} is a condition; this is {AS_WRITTEN[root.kind]}",
            root.span[0],
        )
    check_settled(root)
    return root
