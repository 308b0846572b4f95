"""From the trees of filters to signals."""

from __future__ import annotations

import math

from linnet.filters.expressions import Expressions
from linnet.filters.look_ups import guarded
from linnet.filters.signals import Opposite, Question, Signals
from linnet.filters.tree import (
    And,
    Between,
    Case,
    Column,
    Compare,
    Cone,
    In,
    IsNull,
    Kind,
    Literal,
    Member,
    Node,
    Not,
    Or,
    Tagged,
)

_MIRRORED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_REVERSED = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


class Lowering:
    """Collects the signals and expressions of any number of trees."""

    def __init__(self) -> None:
        self.expressions = Expressions()
        self.signals = Signals()
        self._known: dict[tuple[int, bool, bool], tuple[Node, int]] = {}

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
            case IsNull() | Compare() | Case() if _asks_twice(node):
                return self._composed(node, wanted, opposite)
            case _:
                place = self.signals.add(self._question(node, wanted))
                return self.signals.add(Opposite(place)) if opposite else place

    def _composed(self, node: IsNull | Compare | Case, wanted: bool, opposite: bool) -> int:
        """What asks its parts more than once, known by then: else every level of nesting would double the work."""
        # By identity: to compare trees costs as much as to walk them. The node is kept, so that its number stays.
        key = (id(node), wanted, opposite)
        if key not in self._known:
            self._known[key] = node, self._made(node, wanted, opposite)
        return self._known[key][1]

    def _made(self, node: IsNull | Compare | Case, wanted: bool, opposite: bool) -> int:
        match node:
            case IsNull():
                return self._undecided(node.item, wanted != opposite)
            case Compare():
                return self._agree(node, wanted, opposite)
            case Case():
                return self._chosen(node, wanted, opposite)

    def _undecided(self, item: Node, null: bool) -> int:
        sides = [self.where(item, side, opposite=null) for side in (True, False)]
        return self.signals.join(null, sides)

    def _chosen(self, node: Case, wanted: bool, opposite: bool) -> int:
        """Any of the ways to a value: its condition true, those before it refused, and the value as wanted."""
        refused: list[int] = []
        ways = []
        for condition, value in node.whens:
            way = [*refused, self.where(condition, True, opposite), self.where(value, wanted, opposite)]
            ways.append(self.signals.join(not opposite, way))
            refused.append(self._refused(condition, opposite))
        if node.otherwise is not None:
            way = [*refused, self.where(node.otherwise, wanted, opposite)]
            ways.append(self.signals.join(not opposite, way))
        return self.signals.join(opposite, ways)

    def _refused(self, condition: Node, opposite: bool) -> int:
        """Where a condition lets the next one be asked: false, or null without a failed look-up behind it."""
        null = IsNull(condition)
        return self.signals.join(opposite, [self.where(c, w, opposite) for c, w in ((condition, False), (null, True))])

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


def _asks_twice(node: IsNull | Compare | Case) -> bool:
    """Whether a condition is made of conditions, for both truths of which signals stand."""
    match node:
        case IsNull():
            return _is_composed(node.item)
        case Compare():
            return node.left.kind is Kind.BOOLEAN
        case Case():
            return True


def _is_composed(node: Node) -> bool:
    return node.kind is Kind.BOOLEAN and not isinstance(node, Column | Cone | Literal | Member)


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
