"""A tree in which everything that is measured as a whole stands as a column of its own."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, cast

import pyarrow as pa

from linnet.filters.evaluate import Evaluation, Lookup
from linnet.filters.formatter import canonical
from linnet.filters.tree import Column, Node, walk

AS_A_WHOLE: tuple[type, ...] = ()
"""Nodes of which an explanation shows the result alone: what they read is no single value."""


def measured(tree: Node, lookup: Lookup, length: int) -> tuple[Node, Lookup]:
    """The tree with a column in the place of each node of `AS_A_WHOLE`, named by its text; and where to find those."""
    evaluation = Evaluation(lookup, length)
    values: dict[str, pa.Array] = {}

    def column(node: Any) -> Node:
        name = canonical(node)
        values[name] = evaluation.value(node)
        return Column(name, node.kind, node.span)

    if not any(isinstance(node, AS_A_WHOLE) for node in walk(tree)):
        return tree, lookup
    changed = cast("Node", _mapped(tree, column))
    return changed, lambda name: values[name] if name in values else lookup(name)


def _mapped(item: Any, column: Any) -> Any:
    """The same tree with other leaves, whatever its nodes are."""
    if isinstance(item, AS_A_WHOLE):
        return column(item)
    if isinstance(item, tuple):
        return tuple(_mapped(each, column) for each in item)
    if not is_dataclass(item) or isinstance(item, type):
        return item
    parts = {f.name: getattr(item, f.name) for f in fields(item) if f.init and f.name != "span"}
    changed = {name: _mapped(part, column) for name, part in parts.items()}
    return replace(item, **changed) if any(changed[n] is not parts[n] for n in parts) else item


def read(node: Node) -> tuple[Column, ...]:
    """What a tree looks up by name, in the order of the text, each once."""
    found = dict.fromkeys(each for each in walk(node) if isinstance(each, Column))
    return tuple(found)
