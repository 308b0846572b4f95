"""From the trees of filters to signals."""

from __future__ import annotations

import math

from linnet.filters.expressions import Expressions
from linnet.filters.signals import Opposite, Question, Signals
from linnet.filters.tree import (
    And,
    Between,
    Column,
    Compare,
    In,
    IsNull,
    Kind,
    Literal,
    Member,
    Node,
    Not,
    Or,
    Tagged,
    guarded,
)

_MIRRORED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_REVERSED = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


class Lowering:
    """Collects the signals and expressions of any number of trees."""

    def __init__(self) -> None:
        self.expressions = Expressions()
        self.signals = Signals()

    def where(self, node: Node, wanted: bool, opposite: bool = False) -> int:
        """The signal that says where a condition is true, or where it is false.

        Args:
            node: a condition.
            wanted: the truth that is asked for.
            opposite: everywhere else instead, nulls among it.
        """
        match node:
            case Tagged():
                return self.where(node.item, wanted, opposite)
            case Not():
                return self.where(node.item, not wanted, opposite)
            case And():
                return self.signals.join(wanted != opposite, [self.where(i, wanted, opposite) for i in node.items])
            case Or():
                return self.signals.join(wanted == opposite, [self.where(i, wanted, opposite) for i in node.items])
            case Between():
                ends = (Compare(">=", node.item, node.low), Compare("<=", node.item, node.high))
                return self.where(And(ends), wanted, opposite)
            case In():
                return self.where(Or(tuple(Compare("=", node.item, v) for v in node.values)), wanted, opposite)
            case IsNull() if isinstance(both := guarded(node), And):
                return self.where(both, wanted, opposite)
            case IsNull() if _is_composed(node.item):
                return self._undecided(node.item, wanted != opposite)
            case Compare() if node.left.kind is Kind.BOOLEAN:
                return self._agree(node, wanted, opposite)
            case _:
                place = self.signals.add(self._question(node, wanted))
                return self.signals.add(Opposite(place)) if opposite else place

    def _undecided(self, item: Node, null: bool) -> int:
        sides = [self.where(item, side, opposite=null) for side in (True, False)]
        return self.signals.join(null, sides)

    def _agree(self, node: Compare, wanted: bool, opposite: bool) -> int:
        """Two conditions that say the same, or the contrary; neither where one of them is null."""
        same = (node.operator == "=") == wanted
        ways = []
        for side in (True, False):
            left = self.where(node.left, side, opposite)
            right = self.where(node.right, side is same, opposite)
            ways.append(self.signals.join(not opposite, [left, right]))
        return self.signals.join(opposite, ways)

    def _question(self, node: Node, wanted: bool) -> Question:
        match node:
            case Compare():
                return self._compared(node, node.operator if wanted else _REVERSED[node.operator])
            case IsNull():
                return Question("null" if wanted else "known", self.expressions.place(node.item))
            case _:
                return Question("true" if wanted else "false", self.expressions.place(node))

    def _compared(self, node: Compare, operator: str) -> Question:
        left, right = node.left, node.right
        if isinstance(left, Literal):
            left, right, operator = right, left, _MIRRORED[operator]
        settled = _settled(operator, left.kind, right) if isinstance(right, Literal) else None
        if settled is None:
            return Question(operator, self.expressions.place(left), other=self.expressions.place(right))
        return Question(settled[0], self.expressions.place(left), settled[1])


def _is_composed(node: Node) -> bool:
    return node.kind is Kind.BOOLEAN and not isinstance(node, Column | Literal | Member)


def _settled(operator: str, kind: Kind, literal: Literal) -> tuple[str, int | float | str] | None:
    """Operator and constant in the type of the values, with exactly the same meaning; None where there is none."""
    value = literal.value
    if kind is literal.kind or isinstance(value, str):
        return operator, value
    if kind is Kind.FLOAT:
        double = float(value)
        return (operator, double) if double == value else None
    down, up = math.floor(value), math.ceil(value)
    if not (down >= -(2**63) and up < 2**63):
        return None
    if down == up:
        return operator, down
    return {"<": ("<=", down), "<=": ("<=", down), ">": (">=", up), ">=": (">=", up)}.get(operator)
