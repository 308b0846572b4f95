"""The values that conditions are about, each distinct one known once over all filters and made once a batch."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from linnet.filters import tree
from linnet.filters.evaluate import Lookup, column_of, judging
from linnet.filters.history_nodes import History
from linnet.filters.history_values import Histories
from linnet.filters.look_ups import guarded
from linnet.filters.operations import operands, value
from linnet.filters.tree import Node
from linnet.filters.vectors import Bools, Vector, constant, load

THERE, COMPUTED, FROM_POINTS = range(3)
"""What an expression costs: columns and constants are there, others must be computed from them, or from the points of
light curves, which are many."""


class Expressions:
    """Distinct columns, constants and arithmetic of many filters, numbered so that each comes after its parts.

    Attributes:
        nodes: the expressions by number.
        parts: numbers of the direct parts of each.
        histories: numbers of the functions of the light curve in each.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.parts: list[tuple[int, ...]] = []
        self.histories: list[frozenset[int]] = []
        self._places: dict[Node, int] = {}

    def place(self, node: Node) -> int:
        """The number of an expression, the same for equal ones."""
        node = guarded(node) if isinstance(node, tree.IsNull) else node
        found = self._places.get(node)
        if found is None:
            parts = tuple(self.place(part) for part in operands(node))
            found = self._places[node] = len(self.nodes)
            self.nodes.append(node)
            self.parts.append(parts)
            inside = frozenset().union(*(self.histories[part] for part in parts))
            self.histories.append(frozenset({found}) if isinstance(node, History) else inside)
        return found

    def cost(self, place: int) -> int:
        """`THERE`, `COMPUTED` or `FROM_POINTS`: what it takes to have an expression."""
        if self.histories[place]:
            return FROM_POINTS
        return COMPUTED if self.parts[place] else THERE

    def functions(self) -> dict[int, History]:
        """All functions of the light curve by number."""
        return {place: node for place, node in enumerate(self.nodes) if isinstance(node, History)}


class Values:
    """Expressions over one batch, each made when it is first asked for.

    Args:
        expressions: what there is to ask for.
        lookup: gives the Arrow array of a column.
        length: rows of the batch.
    """

    def __init__(self, expressions: Expressions, lookup: Lookup, length: int) -> None:
        self._expressions = expressions
        self._made: list[Vector | None] = [None] * len(expressions.nodes)
        self._empty = [False] * len(expressions.nodes)
        self._arrays: dict[int, pa.Array] = {}
        for place, node in enumerate(expressions.nodes):
            if isinstance(node, tree.Column | tree.Member):
                # All of them, so that a column which is not as declared is an error whatever the other clauses say.
                array = self._arrays[place] = column_of(node, lookup, length)
                self._empty[place] = array.null_count == length
            elif not isinstance(node, History):
                # So that whole columns of another survey cost nothing.
                self._empty[place] = _is_strict(node) and any(self._empty[part] for part in expressions.parts[place])
        functions = expressions.functions()
        self._histories = Histories(lookup, length, functions.values(), judging(lookup)) if functions else None

    def read_light_curves(self, rows: Mapping[int, Bools]) -> None:
        """Make functions of the light curve (by number), each for the rows that matter; elsewhere they are null."""
        if self._histories is not None:
            functions = self._expressions.functions()
            made = self._histories.where({functions[place]: mine for place, mine in rows.items()})
            for place in rows:
                self._made[place] = made[functions[place]]

    def is_empty(self, place: int) -> bool:
        """Whether an expression is known to be null in every row."""
        return self._empty[place]

    def __getitem__(self, place: int) -> Vector:
        found = self._made[place]
        if found is None:
            found = self._made[place] = self._make(place)
        return found

    def _make(self, place: int) -> Vector:
        node = self._expressions.nodes[place]
        match node:
            case tree.Column() | tree.Member():
                return load(self._arrays[place], node)
            case tree.Literal():
                return constant(node)
            case History() if self._histories is not None:
                return self._histories.numbers([node])[0]
        return value(node, [self[part] for part in self._expressions.parts[place]])


def _is_strict(node: Node) -> bool:
    """Whether a node is null wherever one of its operands is."""
    return isinstance(node, tree.Arithmetic | tree.Negative | tree.Call | tree.Compare | tree.Cone)
