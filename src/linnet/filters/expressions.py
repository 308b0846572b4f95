"""The values that conditions are about, each distinct one known once over all filters and made once a batch."""

from __future__ import annotations

import pyarrow as pa

from linnet.errors import FilterError
from linnet.filters import tree
from linnet.filters.arithmetic import absolute, combine, negative
from linnet.filters.evaluate import Lookup, column_of, expect
from linnet.filters.tree import Node, children
from linnet.filters.vectors import Numbers, Vector, constant, load


class Expressions:
    """Distinct columns, constants and arithmetic of many filters, numbered so that each comes after its parts.

    Attributes:
        nodes: the expressions by number.
        parts: numbers of the direct parts of each.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.parts: list[tuple[int, ...]] = []
        self._places: dict[Node, int] = {}

    def place(self, node: Node) -> int:
        """The number of an expression, the same for equal ones."""
        found = self._places.get(node)
        if found is None:
            parts = tuple(self.place(part) for part in children(node))
            found = self._places[node] = len(self.nodes)
            self.nodes.append(node)
            self.parts.append(parts)
        return found

    def is_plain(self, place: int) -> bool:
        """Whether an expression is a column or a constant: free, beside one that must be computed."""
        return not self.parts[place]


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
            else:
                # Every operation on a null is null, so whole columns of another survey cost nothing.
                self._empty[place] = any(self._empty[part] for part in expressions.parts[place])

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
        numbers = [expect(Numbers, self[part]) for part in self._expressions.parts[place]]
        match node:
            case tree.Arithmetic():
                return combine(node.operator, *numbers)
            case tree.Negative():
                return negative(*numbers)
            case tree.Call():
                return absolute(*numbers)
            case _:
                raise FilterError(f"{type(node).__name__} is no value")
