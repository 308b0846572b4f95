"""A tree in which everything that is measured as a whole stands as a column of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, cast

import pyarrow as pa

from linnet.core.column import Column as Declared
from linnet.core.column import real
from linnet.filters.evaluate import Evaluation, Lookup
from linnet.filters.formatter import canonical
from linnet.filters.history_nodes import FIELDS, History
from linnet.filters.tree import Column, Kind, Member, Node, walk


@dataclass(frozen=True)
class Measured:
    """A tree with a column in the place of each function of the light curve, named by its text.

    Attributes:
        lookup: gives those columns too.
        columns: their declarations.
    """

    tree: Node
    lookup: Lookup
    columns: Mapping[str, Declared]


def measured(tree: Node, lookup: Lookup, length: int) -> Measured:
    """What an explanation works on: a function of the light curve counts as one value, since it read no single one."""
    evaluation = Evaluation(lookup, length)
    values: dict[str, pa.Array] = {}
    columns: dict[str, Declared] = {}

    def column(node: History) -> Node:
        name = canonical(node)
        values[name], columns[name] = evaluation.value(node), real("Of the light curve.", unit=_unit(node), bits=64)
        return Column(name, node.kind, node.span)

    changed = cast("Node", _mapped(tree, column))
    return Measured(changed, lambda name: values[name] if name in values else lookup(name), columns)


def read(node: Node) -> tuple[Column, ...]:
    """What a tree looks up by name, in the order of the text, each once; memberships as columns of truths."""
    found: dict[Column, None] = {}
    for each in walk(node):
        if isinstance(each, Column):
            found.setdefault(each)
        if isinstance(each, Member):
            found.setdefault(Column(each.column, Kind.BOOLEAN, each.span))
    return tuple(found)


def _unit(node: History) -> str:
    unit = FIELDS[node.field].unit if node.field else ""
    return f"{unit}.d**-1" if node.function == "slope" and unit else unit


def _mapped(item: Any, column: Callable[[History], Node]) -> Any:
    """The same tree with other leaves, whatever its nodes are."""
    if isinstance(item, History):
        return column(item)
    if isinstance(item, tuple):
        return tuple(_mapped(each, column) for each in item)
    if not is_dataclass(item) or isinstance(item, type):
        return item
    parts = {f.name: getattr(item, f.name) for f in fields(item) if f.init and f.name != "span"}
    changed = {name: _mapped(part, column) for name, part in parts.items()}
    return replace(item, **changed) if any(changed[n] != parts[n] for n in parts) else item
