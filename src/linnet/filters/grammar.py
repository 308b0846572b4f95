"""The grammar: our words through sqlglot's parser, in its own dialect, into its tree.

sqlglot's tokenizer is not used. Its parser gets our closed set of words, each with a fixed token type, so comments,
hints, templates, casts, statements, and words that are keywords in some dialect (`dec`, `offset`) cannot arise. What
comes back is still checked node by node in `build`.
"""

from __future__ import annotations

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ErrorLevel, ParseError, SqlglotError
from sqlglot.tokens import Token as SqlToken  # type: ignore[attr-defined]  # sqlglot re-exports it without saying so
from sqlglot.tokens import TokenType  # type: ignore[attr-defined]  # the same

from linnet.errors import FilterError
from linnet.filters.tokens import Token

_TYPES = {
    "=": TokenType.EQ,
    "!=": TokenType.NEQ,
    "<": TokenType.LT,
    "<=": TokenType.LTE,
    ">": TokenType.GT,
    ">=": TokenType.GTE,
    "+": TokenType.PLUS,
    "-": TokenType.DASH,
    "*": TokenType.STAR,
    "/": TokenType.SLASH,
    "(": TokenType.L_PAREN,
    ")": TokenType.R_PAREN,
    ",": TokenType.COMMA,
    "and": TokenType.AND,
    "or": TokenType.OR,
    "not": TokenType.NOT,
    "between": TokenType.BETWEEN,
    "in": TokenType.IN,
    "is": TokenType.IS,
    "null": TokenType.NULL,
    "true": TokenType.TRUE,
    "false": TokenType.FALSE,
    "case": TokenType.CASE,
    "when": TokenType.WHEN,
    "then": TokenType.THEN,
    "else": TokenType.ELSE,
    "end": TokenType.END,
}
# A function comes with a mark before its name, so that it is none of those that the parser knows.
_MARK = {"function": "_"}
_SORTS = {
    **dict.fromkeys(("name", "function", "slot"), TokenType.VAR),
    "number": TokenType.NUMBER,
    "quantity": TokenType.NUMBER,
    "string": TokenType.STRING,
}


def syntax(tokens: list[Token], text: str) -> exp.Expression:
    """The tree that sqlglot makes of a text's words.

    Raises:
        FilterError: they do not form one condition; with the position where that shows.
    """
    words = [_sql(t) for t in tokens]
    parser = Dialect.get_or_raise("").parser(error_level=ErrorLevel.IMMEDIATE)
    try:
        found = parser.parse_into(exp.Condition, words, text)
    except ParseError as error:
        raise _refusal(error, text) from error
    except SqlglotError as error:
        raise FilterError("the condition cannot be read", 0) from error
    if len(found) != 1 or not isinstance(found[0], exp.Expression):
        raise FilterError("this is not one whole condition", 0)
    return found[0]


def _sql(token: Token) -> SqlToken:
    kind = _SORTS.get(token.sort) or _TYPES[token.text]
    # col carries our position, so that a ParseError leads back to the character.
    return SqlToken(
        kind, _MARK.get(token.sort, "") + token.text, line=1, col=token.start, start=token.start, end=token.end - 1
    )


def _refusal(error: ParseError, text: str) -> FilterError:
    first = error.errors[0] if error.errors else {}
    position = min(int(first.get("col") or 0), len(text))
    word = str(first.get("highlight") or "").strip()
    near = f" near `{word[:20]}`" if word else ""
    return FilterError(f"the condition does not read on{near}; an operator or operand is missing or too much", position)
