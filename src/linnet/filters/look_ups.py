"""What a tree looks up: columns, memberships, lists of points; and what is unknown where a look-up failed."""

from __future__ import annotations

from linnet.filters.history_nodes import Field, History, lists_of
from linnet.filters.tree import And, Column, Compare, IsNull, Kind, Member, Node, walk


def names(node: Node) -> tuple[str, ...]:
    """Sorted names of what a tree looks up: columns, those that say how the look-ups behind them went, memberships."""
    found: set[str] = set()
    for each in walk(node):
        match each:
            case Column():
                found |= {each.name, each.look_up or each.name}
            case Member():
                found.add(each.column)
            case History():
                found |= lists_of(fields_of(each))
    return tuple(sorted(found))


def fields_of(node: History) -> set[str]:
    """Fields of its points that a history function reads."""
    return node.fields({n.name for n in walk(node) if isinstance(n, Field)})


def guarded(node: IsNull) -> IsNull | And:
    """The question together with one that is null where a look-up failed: its state equals itself, or is unknown."""
    plain = IsNull(node.item, node.span, is_plain=True)
    behind = () if node.is_plain else looked_up(node.item)
    return And((plain, *(Compare("=", each, each) for each in behind))) if behind else plain


def looked_up(node: Node) -> tuple[Column | Member, ...]:
    """What is null where a look-up behind a node failed: states of catalogues, memberships. Each once, in one order."""
    inside = list(walk(node))
    states = sorted({n.look_up for n in inside if isinstance(n, Column) and n.look_up})
    members = sorted({n for n in inside if isinstance(n, Member)}, key=lambda n: n.column)
    return (*(Column(name, Kind.TEXT, node.span, name) for name in states), *members)
