"""How far a clause is from its limit, in the unit of what it compares."""

from __future__ import annotations

from collections.abc import Mapping

from linnet.core.column import Column as Declared
from linnet.filters.ordered_values import Scalar
from linnet.filters.tree import Arithmetic, Between, Call, Case, Column, Compare, In, Node, children

_KEEPS_UNIT = frozenset({"abs", "floor", "ceil", "least", "greatest"})

Values = Mapping[Node, Scalar]
"""What the nodes of a tree are worth on one row."""


def margin(clause: Node, worth: Values) -> float | None:
    """By how much a clause is met, or with a minus failed: 0 at its limit.

    Returns:
        The distance of what is compared from its threshold (from the nearer end of a range, from the nearest constant
        of a list); None where nothing was measured, and for texts, truths and questions for null.
    """
    match clause:
        case Compare():
            return _compared(clause.operator, _number(worth[clause.left]), _number(worth[clause.right]))
        case Between():
            item, low, high = (_number(worth[n]) for n in (clause.item, clause.low, clause.high))
            if item is None or low is None or high is None:
                return None
            return min(item - low, high - item)
        case In():
            item = _number(worth[clause.item])
            listed = [v for v in (_number(each.value) for each in clause.values) if v is not None]
            return None if item is None or not listed else -min(abs(item - v) for v in listed)
        case _:
            return None


def unit(node: Node, columns: Mapping[str, Declared]) -> str:
    """The unit of a value, or of what a clause compares; "" where there is none, or none that can be told.

    A product has the unit of its one factor that has one, and a quotient that of what is divided by a plain number.
    """
    if isinstance(node, Column):
        return columns[node.name].unit if node.name in columns else ""
    if isinstance(node, Call) and node.name not in _KEEPS_UNIT:
        return ""
    inside = [then for _, then in node.whens] if isinstance(node, Case) else children(node)
    parts = [unit(each, columns) for each in inside]
    if isinstance(node, Arithmetic) and node.operator in "*/" and any(parts):
        both = all(parts)
        return "" if both or (node.operator == "/" and parts[1]) else "".join(parts)
    return next((each for each in parts if each), "")


def _compared(operator: str, left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    if operator in ("=", "!="):
        apart = abs(left - right)
        return apart if operator == "!=" else -apart
    return left - right if operator in (">", ">=") else right - left


def _number(value: Scalar) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
