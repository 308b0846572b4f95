"""Looking at sqlglot's nodes with nothing overlooked."""

from __future__ import annotations

from sqlglot import exp

from linnet.errors import FilterError


def bare(syntax: object) -> object:
    """Without the parentheses around it. Their nesting is bounded before parsing."""
    while isinstance(syntax, exp.Expression) and type(syntax) is exp.Paren:
        syntax = only(syntax, "this").get("this")
    return syntax


def chain(syntax: exp.Expression) -> list[object]:
    """Operands of a chain of one junction in the order of the text, without recursion: chains are long."""
    found: list[object] = []
    waiting: list[object] = [syntax]
    while waiting:
        each = bare(waiting.pop())
        if isinstance(each, exp.Expression) and type(each) is type(syntax):
            given = only(each, "this", "expression")
            waiting.extend((given.get("expression"), given.get("this")))
        else:
            found.append(each)
    return found


def only(syntax: exp.Expression, *allowed: str) -> dict[str, object]:
    """Arguments of a node, after a check that it has no other, and no comments.

    Raises:
        FilterError: the node says more than the language knows.
    """
    odd = [k for k, v in syntax.args.items() if v and k not in allowed]
    if odd or syntax.comments:
        raise FilterError(f"{type(syntax).__name__} with {', '.join(odd) or 'comments'} is not part of the language", 0)
    return dict(syntax.args)
