"""What functions of the light curve say of each alert of a batch.

The points of some alerts at a time are judged by the same code as alerts are, each condition once, and reduced to one
number for each alert. Sums run in the order of the points, so that a result does not depend, not even in its last bit,
on the batch it came in.

A point counts where the condition is true and the field is not null; for `count` the condition alone decides. What a
failed look-up did not say about an alert leaves the number unknown: nobody knows which points would have counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from linnet.core.kernels import compile_kernels
from linnet.core.lists import Ints
from linnet.filters.history_nodes import SEQUENCES, History
from linnet.filters.light_curves import BLOCK, FieldValues, LightCurves
from linnet.filters.look_ups import fields_of
from linnet.filters.tree import And, Column, Kind, Node, walk
from linnet.filters.vectors import Bools, Numbers, Truth, load

if TYPE_CHECKING:
    from linnet.filters.evaluate import Lookup

Judge: TypeAlias = Callable[[Node], Truth]
"""Says where a condition on points is true."""

FEW = 0.25
"""Share of alerts below which a function is made alone: a further one costs a third of a first one."""

MOST_KEPT = 64
"""Clauses of conditions whose answers are kept for the functions that share them, 64 KB each."""


class Histories:
    """Functions of the light curve over one batch.

    Args:
        lookup: gives the Arrow array of a column.
        length: rows of the batch.
        nodes: every function that may be asked for.
        judging: begins to judge conditions on some points.

    Raises:
        FilterError: a list column comes with another type or length than declared.
    """

    def __init__(
        self, lookup: Lookup, length: int, nodes: Iterable[History], judging: Callable[[FieldValues], Judge]
    ) -> None:
        self._lookup = lookup
        self._length = length
        self._judging = judging
        self._curves = LightCurves(lookup, length, {name for node in nodes for name in fields_of(node)})
        self._states: dict[str, Bools] = {}

    def numbers(self, nodes: Sequence[History], rows: Ints | None = None) -> list[Numbers]:
        """The value of each function.

        Args:
            nodes: the functions; those of like points are best asked for together.
            rows: rows that matter, ascending; without it all of them. Elsewhere values are null.
        """
        found = [self._nothing(node.kind) for node in nodes]
        mine = np.arange(self._length) if rows is None else rows
        for block in self._curves.blocks(mine):
            for sequence, kind in SEQUENCES.items():
                asked = [(node, each) for node, each in zip(nodes, found, strict=True) if node.sequence == sequence]
                if asked:
                    self._block(block, kind, asked)
        return [self._known(node, each) for node, each in zip(nodes, found, strict=True)]

    def where(self, wanted: Mapping[History, Bools]) -> dict[History, Numbers]:
        """The value of each function in the rows that are wanted of it, null elsewhere.

        Together functions share points and clauses; alone each reads only the alerts that matter to it. So those that
        want few alerts of many are made alone.
        """
        every = np.logical_or.reduce([*wanted.values(), np.zeros(self._length, dtype=np.bool_)])
        least = FEW * every.sum() if self._curves.number(every) > BLOCK else 0
        together = [node for node, rows in wanted.items() if rows.sum() >= least]
        apart = [node for node in wanted if wanted[node].sum() < least]
        found: dict[History, Numbers] = {}
        for nodes in (together, *([node] for node in apart)):
            if nodes:
                rows = np.flatnonzero(np.logical_or.reduce([wanted[node] for node in nodes]))
                found.update(zip(nodes, self.numbers(nodes, rows), strict=True))
        return found

    def _nothing(self, kind: Kind) -> Numbers:
        values = np.zeros(self._length, dtype=np.int64 if kind is Kind.INTEGER else np.float64)
        return Numbers(values, np.zeros(self._length, dtype=np.bool_))

    def _block(self, rows: Ints, kind: int, asked: Sequence[tuple[History, Numbers]]) -> None:
        fields = FieldValues(self._curves.points(rows, kind))
        conditions = _Conditions(self._judging(fields), len(fields.points))
        for node, found in asked:
            values = _reduced(node, fields, conditions[node.condition])
            found.valid[rows] = fine = np.isfinite(values)
            found.values[rows] = np.where(fine, values, 0)

    def _known(self, node: History, found: Numbers) -> Numbers:
        valid = found.valid & self._curves.known
        for state in sorted({n.look_up for n in walk(node) if isinstance(n, Column) and n.look_up}):
            if state not in self._states:
                self._states[state] = load(self._lookup(state), Column(state, Kind.TEXT, look_up=state)).valid
            valid &= self._states[state]
        return Numbers(found.values, valid)


class _Conditions:
    """Where the conditions of several functions are true among some points. Clauses that they share are judged once."""

    def __init__(self, judge: Judge, length: int) -> None:
        self._judge = judge
        self._length = length
        self._made: dict[Node, Bools] = {}

    def __getitem__(self, condition: Node | None) -> Bools:
        if condition is None:
            return np.ones(self._length, dtype=np.bool_)
        clauses = condition.items if isinstance(condition, And) else (condition,)
        true = self._clause(clauses[0])
        for clause in clauses[1:]:
            true = true & self._clause(clause)
        return true

    def _clause(self, clause: Node) -> Bools:
        found = self._made.get(clause)
        if found is None:
            found = np.ascontiguousarray(np.broadcast_to(self._judge(clause).true, (self._length,)))
            if len(self._made) < MOST_KEPT:
                self._made[clause] = found
        return found


def _reduced(node: History, fields: FieldValues, counted: Bools) -> npt.NDArray[Any]:
    kernels, edges = compile_kernels()["segments"], fields.points.edges
    if not node.field:
        counts = np.empty(len(edges) - 1, np.int64)
        kernels.count(edges, counted, counts)
        return counts
    field = fields.numbers(node.field)
    counted = counted & field.valid
    when = field.values
    if node.function == "slope":
        time = fields.numbers("mjd")
        counted, when = counted & time.valid, time.values
    found = np.empty(len(edges) - 1)
    kernels.reduce(edges, counted, (when, field.values), kernels.FUNCTIONS.index(node.function), found)
    return found
