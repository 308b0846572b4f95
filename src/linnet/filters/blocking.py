"""How many clauses must come out otherwise for a filter to come out otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from linnet.filters.tree import And, Node, Not, Or, children

Truth = bool | None
"""True, false, or null."""


def combined(node: Node, said: Mapping[tuple[int, ...], Truth], path: tuple[int, ...] = ()) -> Truth:
    """The verdict of a tree by Kleene's logic out of those of its clauses, by address."""
    if path in said:
        return said[path]
    parts = [combined(child, said, (*path, step)) for step, child in enumerate(children(node))]
    if isinstance(node, Not):
        return None if parts[0] is None else not parts[0]
    if not isinstance(node, And | Or):
        return parts[0]
    decisive = isinstance(node, Or)
    if decisive in parts:
        return decisive
    return None if None in parts else not decisive


def to_turn(node: Node, said: Mapping[tuple[int, ...], Truth]) -> int:
    """The least number of clauses that must say something else before a filter passes that does not, or the reverse."""
    passes = combined(node, said) is True
    return _cost(node, said, (), frozenset({False, None}) if passes else frozenset({True}))


def _cost(node: Node, said: Mapping[tuple[int, ...], Truth], path: tuple[int, ...], wanted: frozenset[Truth]) -> int:
    """Clauses to be changed until a node says one of `wanted`: exactly one truth, or everything but one."""
    if path in said:
        return int(said[path] not in wanted)
    opposite = frozenset(None if each is None else not each for each in wanted)
    inner = opposite if isinstance(node, Not) else wanted
    costs = [_cost(child, said, (*path, step), inner) for step, child in enumerate(children(node))]
    needs_all = isinstance(node, And) == (True in wanted)
    return sum(costs) if needs_all else min(costs)
