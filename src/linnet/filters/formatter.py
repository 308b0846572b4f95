"""The canonical text of a tree: one spelling for one meaning, and reading it gives the same tree."""

from __future__ import annotations

from linnet.filters.history_nodes import Field, History
from linnet.filters.tree import (
    And,
    Arithmetic,
    Between,
    Call,
    Case,
    Column,
    Compare,
    Cone,
    In,
    IsNull,
    Literal,
    Member,
    Negative,
    Node,
    Not,
    Or,
    Tagged,
)

# How tightly a construct binds; an operand that binds less tightly than its place asks for gets parentheses.
_OR, _AND, _NOT, _CONDITION, _SUM, _PRODUCT, _SIGN, _ATOM = range(8)


def canonical(tree: Node) -> str:
    """The canonical text of a tree; `parse(canonical(tree))` gives an equal tree."""
    return _write(tree, _OR)


def _write(node: Node, least: int) -> str:
    binding, text = _spell(node)
    return f"({text})" if binding < least else text


def _spell(node: Node) -> tuple[int, str]:
    match node:
        case Or():
            return _OR, " or ".join(_write(i, _AND) for i in node.items)
        case And():
            return _AND, " and ".join(_write(i, _NOT) for i in node.items)
        case Not():
            return _negation(node)
        case Compare() | Between() | In() | IsNull():
            return _CONDITION, _condition(node, "")
        case _:
            return _value(node)


def _negation(node: Not) -> tuple[int, str]:
    if isinstance(node.item, Between | In | IsNull):
        return _CONDITION, _condition(node.item, "not ")
    return _NOT, f"not {_write(node.item, _NOT)}"


def _condition(node: Compare | Between | In | IsNull, negation: str) -> str:
    match node:
        case Compare():
            return f"{_write(node.left, _SUM)} {node.operator} {_write(node.right, _SUM)}"
        case Between():
            ends = f"{_write(node.low, _SUM)} and {_write(node.high, _SUM)}"
            return f"{_write(node.item, _SUM)} {negation}between {ends}"
        case In():
            listed = ", ".join(_literal(v)[1] for v in node.values)
            return f"{_write(node.item, _SUM)} {negation}in ({listed})"
        case IsNull():
            return f"{_write(node.item, _SUM)} is {negation}null"


def _value(node: Node) -> tuple[int, str]:
    match node:
        case Arithmetic():
            level = _SUM if node.operator in "+-" else _PRODUCT
            return level, f"{_write(node.left, level)} {node.operator} {_write(node.right, level + 1)}"
        case Negative():
            item = _write(node.item, _SIGN)
            # Two signs in a row would read as a comment.
            return _SIGN, f"- {item}" if item.startswith("-") else f"-{item}"
        case Cone():
            parts = ", ".join(_literal(each)[1] for each in (node.ra, node.dec, node.radius))
            return _ATOM, f"cone({parts})"
        case Case():
            return _ATOM, _choice(node)
        case Column() | Field():
            return _ATOM, getattr(node, "written", "") or node.name
        case History():
            return _ATOM, _history(node)
        case Literal():
            return _literal(node)
        case _:
            return _ATOM, _called(node)


def _called(node: Node) -> str:
    match node:
        case Call():
            return f"{node.name}({', '.join(_write(a, _OR) for a in node.arguments)})"
        case Member():
            return f"{node.sort}({_quoted(node.name)})"
        case Tagged():
            return f"tag({_quoted(node.name)})"
        case _:
            raise TypeError(f"{type(node).__name__} is no value")


def _choice(node: Case) -> str:
    whens = "".join(f" when {_write(c, _OR)} then {_write(v, _OR)}" for c, v in node.whens)
    return f"case{whens}{f' else {_write(node.otherwise, _OR)}' if node.otherwise else ''} end"


def _history(node: History) -> str:
    target = f"{node.sequence}.{node.field}" if node.field else node.sequence
    condition = "" if node.condition is None else f" where {_write(node.condition, _OR)}"
    return f"{node.function}({target}{condition})"


def _literal(node: Literal) -> tuple[int, str]:
    value = node.value
    if node.written:
        return (_SIGN if node.written.startswith("-") else _ATOM), node.written
    if isinstance(value, bool):
        return _ATOM, "true" if value else "false"
    if isinstance(value, str):
        return _ATOM, _quoted(value)
    text = repr(value)
    return (_SIGN if text.startswith("-") else _ATOM), text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
