"""The three forms in which a Lasair filter comes: its `WHERE` text, a whole `SELECT`, the JSON that its API takes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

from linnet.errors import FilterError

MAX_LENGTH = 20_000
"""Characters of a filter that is read."""

MAX_NESTING = 40
"""Parentheses within each other."""

_HEAD = "SELECT objectId FROM objects WHERE "
_SELECT = re.compile(r"\s*select\b", re.IGNORECASE)
_WHERE = re.compile(r"\s*where\b", re.IGNORECASE)
_ORDER = re.compile(r"\s*(order\s+by|limit)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Query:
    """A Lasair filter, cut into what matters.

    Attributes:
        condition: its `WHERE`, or None.
        joins: conditions of its `JOIN ... ON`.
        tables: as written, lower case; `watchlist:7` and the like from the list of tables.
        names: alias to table.
        text: what `condition` was read from.
        before: characters put before `text`.
        extras: parts that Lasair itself leaves aside when it streams: the order, a limit.
    """

    condition: exp.Expr | None
    joins: tuple[exp.Expr, ...]
    tables: tuple[str, ...]
    names: dict[str, str]
    text: str
    before: int
    extras: tuple[str, ...]


def query(original: str) -> Query:
    """Cut a filter apart. Nothing of it is executed.

    Args:
        original: a `WHERE` text with or without that word, a whole `SELECT`, or JSON with `conditions` and `tables`.

    Raises:
        FilterError: it is none of these; with the position where that shows.
    """
    if len(original) > MAX_LENGTH:
        raise FilterError(f"a filter of more than {MAX_LENGTH} characters is not read", MAX_LENGTH)
    conditions, tables = _of_json(original) if original.lstrip().startswith("{") else (original, "")
    if _SELECT.match(conditions):
        return _cut(conditions, 0, tables)
    start = match.end() if (match := _WHERE.match(conditions)) else 0
    text = conditions[start:]
    if not text.strip():
        return Query(None, (), _listed(tables), {}, "", 0, ())
    head = _HEAD.removesuffix("WHERE ") if _ORDER.match(text) else _HEAD
    return _cut(head + text, len(head) - start, tables)


def _of_json(original: str) -> tuple[str, str]:
    try:
        found = json.loads(original)
    except (ValueError, RecursionError) as error:
        raise FilterError(f"this is not JSON: {error}", getattr(error, "pos", None)) from error
    conditions, tables = found.get("conditions", ""), found.get("tables", "")
    if not isinstance(conditions, str) or not isinstance(tables, str):
        raise FilterError("`conditions` and `tables` are texts in what Lasair's API takes")
    return conditions, tables


def _cut(text: str, before: int, tables: str) -> Query:
    _check_nesting(text, before)
    if "/*!" in text or "/*+" in text:
        raise FilterError("comments that a database would execute are not read", max(text.find("/*") - before, 0))
    try:
        found = parse(text, dialect="mysql")
    except (SqlglotError, RecursionError) as error:
        raise _refusal(error, text, before) from error
    if len(found) != 1 or type(found[0]) is not exp.Select:
        raise FilterError("this is not one WHERE, or one SELECT", 0)
    return _select(found[0], text, before, tables)


def _check_nesting(text: str, before: int) -> None:
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth > MAX_NESTING:
            raise FilterError(f"more than {MAX_NESTING} parentheses within each other", max(place - before, 0))


def _refusal(error: Exception, text: str, before: int) -> FilterError:
    details = getattr(error, "errors", None) or [{}]
    lines = text.split("\n")
    line, column = int(details[0].get("line") or 1), int(details[0].get("col") or 0)
    place = sum(len(each) + 1 for each in lines[: line - 1]) + column
    word = str(details[0].get("highlight") or "").strip()
    near = f" near `{word[:20]}`" if word else ""
    return FilterError(f"this does not read on as SQL{near}", min(max(place - before - len(word), 0), len(text)))


_PARTS = {"kind", "expressions", "from_", "from", "where", "order", "limit", "joins", "distinct"}


def _select(found: exp.Select, text: str, before: int, tables: str) -> Query:
    odd = [name for name, value in found.args.items() if value and name not in _PARTS]
    if odd:
        raise FilterError(f"{odd[0].upper()} is not part of a Lasair filter that can be read", 0)
    source = found.args.get("from_") or found.args.get("from")
    joins = found.args.get("joins") or []
    names: dict[str, str] = {}
    for each in [source.this if source else None, *(join.this for join in joins)]:
        if type(each) is not exp.Table:
            raise FilterError("only tables may stand behind FROM", 0)
        names[each.alias_or_name.lower()] = each.name.lower()
    for join in joins:
        if join.side or join.kind not in ("", "INNER", "CROSS") or join.args.get("using"):
            raise FilterError(f"{join.side or join.kind or 'USING'} of a JOIN cannot be read; list the tables", 0)
    where, on = found.args.get("where"), tuple(join.args["on"] for join in joins if join.args.get("on"))
    extras = tuple(each.sql(dialect="mysql") for key in ("order", "limit") if (each := found.args.get(key)))
    listed = tuple(dict.fromkeys((*names.values(), *_listed(tables))))
    return Query(where.this if where else None, on, listed, names, text, before, extras)


def _listed(tables: str) -> tuple[str, ...]:
    return tuple(name for each in tables.split(",") if (name := each.strip().lower()))
