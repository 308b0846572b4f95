"""A second, slow meaning of the filter language, to hold the real one against.

Conditions are nested tuples, made at random. `spell` writes one as a text, `meaning` says what it is on one row, with
Python's whole numbers and exact fractions: it shares no parser, no tree and no arithmetic with the package.

    ("and", a, b) ("or", a, b) ("not", a) ("<", x, y) ("between", x, low, high) ("in", x, [literal ...]) ("null", x)
    ("+", x, y) ("neg", x) ("abs", x) ("column", name) ("literal", value)
"""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, TypeAlias

import pyarrow as pa

from linnet.core.column import Column, boolean, code, integer, real, text

Expression: TypeAlias = tuple[Any, ...]
Row: TypeAlias = Mapping[str, Any]

COLUMNS: dict[str, Column] = {
    "long": integer("64 bits."),
    "other_long": integer("64 bits."),
    "short": integer("32 bits.", bits=32),
    "tiny": integer("8 bits.", bits=8),
    "double": real("64 bits.", bits=64),
    "single": real("32 bits."),
    "word": text("Plain."),
    "coded": code("By code."),
    "flag": boolean("A flag."),
    "other_flag": boolean("A flag."),
}
BIG = 2**63
LONGS = [None, 0, 1, -1, 7, 2**53, 2**53 + 1, -(2**53) - 1, BIG - 1, -BIG, 2**62, 3037000500, -3037000500]
DOUBLES = [None, 0.0, -0.0, 1.0, -1.5, 0.1, 20.1, 2.0**53, 2.0**63, -(2.0**63), 1e308, -1e308, 5e-324, 1e-200]
WORDS = [None, "", "ztf", "lsst", "it's", "a" * 64, "--"]
POOLS: dict[str, list[Any]] = {
    "long": LONGS,
    "other_long": LONGS,
    "short": [None, 0, 1, -1, 7, 2**31 - 1, -(2**31)],
    "tiny": [None, 0, 1, -1, 127, -128],
    "double": [*DOUBLES, math.nan, math.inf, -math.inf],
    "single": [None, 0.0, 1.0, 20.1, 0.1, -1.5, 16777216.0, 1e38, math.nan, math.inf],
    "word": WORDS,
    "coded": WORDS,
    "flag": [None, True, False],
    "other_flag": [None, True, False],
}
FAMILY = {
    "number": ["long", "other_long", "short", "tiny", "double", "single"],
    "text": ["word", "coded"],
    "truth": ["flag", "other_flag"],
}
BINDING = {"or": 0, "and": 1, "not": 2, "+": 4, "-": 4, "*": 5, "/": 5, "neg": 6, "column": 7, "literal": 7, "abs": 7}
ORDERS = ("=", "!=", "<", "<=", ">", ">=")


def batch(rows: list[Row]) -> pa.RecordBatch:
    """Rows as the columns that a filter reads."""
    arrays = [pa.array([r[n] for r in rows], c.type) for n, c in COLUMNS.items()]
    return pa.RecordBatch.from_arrays(arrays, names=list(COLUMNS))


def some_rows(chance: random.Random, number: int) -> list[Row]:
    """Rows of awkward values."""
    return [{n: chance.choice(pool) for n, pool in POOLS.items()} for _ in range(number)]


def condition(chance: random.Random, depth: int) -> Expression:
    """A random, well-typed condition."""
    if depth <= 0 or chance.random() < 0.15:
        return ("column", chance.choice(FAMILY["truth"])) if chance.random() < 0.5 else _comparison(chance, 0)
    kind = chance.choice(["and", "or", "not", "compare", "compare", "between", "in", "null", "same"])
    if kind in ("and", "or"):
        return (kind, condition(chance, depth - 1), condition(chance, depth - 1))
    if kind == "not":
        return ("not", condition(chance, depth - 1))
    if kind == "same":
        return (chance.choice(["=", "!="]), condition(chance, depth - 1), condition(chance, depth - 1))
    if kind == "between":
        return ("between", *(number(chance, depth - 2) for _ in range(3)))
    if kind == "null":
        inner = [lambda: number(chance, depth - 1), lambda: condition(chance, depth - 2), lambda: _text(chance)]
        return ("null", chance.choice(inner)())
    return _lookup(chance, depth) if kind == "in" else _comparison(chance, depth - 1)


def number(chance: random.Random, depth: int) -> Expression:
    """A random number."""
    if depth <= 0 or chance.random() < 0.3:
        if chance.random() < 0.6:
            return ("column", chance.choice(FAMILY["number"]))
        return ("literal", _constant(chance))
    kind = chance.choice(["+", "-", "*", "/", "neg", "abs"])
    if kind in ("neg", "abs"):
        return (kind, number(chance, depth - 1))
    return (kind, number(chance, depth - 1), number(chance, depth - 1))


def _constant(chance: random.Random) -> int | float:
    value: int | float = chance.choice([v for v in LONGS + DOUBLES if v is not None])
    return value


def _text(chance: random.Random) -> Expression:
    if chance.random() < 0.7:
        return ("column", chance.choice(FAMILY["text"]))
    return ("literal", chance.choice([w for w in WORDS if w is not None]))


def _comparison(chance: random.Random, depth: int) -> Expression:
    if chance.random() < 0.2:
        return (chance.choice(["=", "!="]), _text(chance), _text(chance))
    return (chance.choice(ORDERS), number(chance, depth), number(chance, depth))


def _lookup(chance: random.Random, depth: int) -> Expression:
    length = chance.randint(1, 5)
    if chance.random() < 0.3:
        return ("in", _text(chance), [chance.choice([w for w in WORDS if w is not None]) for _ in range(length)])
    return ("in", number(chance, depth - 2), [_constant(chance) for _ in range(length)])


def spell(expression: Expression, chance: random.Random) -> str:
    """A text of the expression: parentheses where they are needed and sometimes where not, keywords in any case."""
    sort, *parts = expression
    if sort == "column":
        return str(parts[0])
    if sort == "literal":
        return _spell_constant(parts[0])
    if sort in ("and", "or", *ORDERS, "+", "-", "*", "/"):
        left, right = _place(parts[0], sort, chance, right=False), _place(parts[1], sort, chance, right=True)
        return f"{left} {_case(sort, chance)} {right}"
    if sort == "not":
        return f"{_case('not', chance)} {_place(parts[0], 'not', chance, right=False)}"
    if sort == "neg":
        return f"- {_place(parts[0], 'neg', chance, right=True)}"
    if sort == "abs":
        return f"{sort}({spell(parts[0], chance)})"
    first = _place(parts[0], sort, chance, right=True)
    if sort == "null":
        return f"{first} {_case('is', chance)} {_case('null', chance)}"
    if sort == "in":
        return f"{first} {_case('in', chance)} ({', '.join(_spell_constant(v) for v in parts[1])})"
    low, high = (_place(p, sort, chance, right=True) for p in parts[1:])
    return f"{first} {_case('between', chance)} {low} {_case('and', chance)} {high}"


def _place(inner: Expression, outer: str, chance: random.Random, *, right: bool) -> str:
    own = BINDING.get(inner[0], 3)
    if inner[0] == "literal" and not isinstance(inner[1], str) and math.copysign(1, inner[1]) < 0:
        own = 6
    asked = BINDING.get(outer, 3)
    # Equal binding groups to the left; comparisons and signs take no equal at all.
    needs = own < asked or (own == asked and (right or outer not in ("and", "or", "not", "+", "-", "*", "/")))
    text_ = spell(inner, chance)
    return f"({text_})" if needs or chance.random() < 0.1 else text_


def _case(word: str, chance: random.Random) -> str:
    return chance.choice([word, word, word.upper()])


def _spell_constant(value: Any) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def meaning(expression: Expression, row: Row) -> Any:
    """What the expression is on a row: a number, text, True, False, or None for null."""
    sort, *parts = expression
    if sort in ("and", "or"):
        found = [meaning(p, row) for p in parts]
        decisive = sort == "or"
        return decisive if decisive in found else (None if None in found else not decisive)
    if sort == "column":
        return _stored(parts[0], row[parts[0]])
    if sort == "literal":
        return parts[0]
    first = meaning(parts[0], row)
    if sort == "null":
        return first is None
    if sort == "in":
        return None if first is None else any(_same(first, v) for v in parts[1])
    rest = [meaning(p, row) for p in parts[1:]]
    if sort == "between":
        ends = (_ordered(">=", first, rest[0]), _ordered("<=", first, rest[1]))
        return False if False in ends else (None if None in ends else True)
    if first is None or None in rest:
        return None
    if sort in ORDERS:
        return _ordered(sort, first, rest[0])
    return _computed(sort, first, *rest)


def _stored(name: str, value: Any) -> Any:
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return struct.unpack("f", struct.pack("f", value))[0] if name == "single" else value
    return value


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, str | bool) or isinstance(right, str | bool):
        return bool(left == right)
    return Fraction(left) == Fraction(right)


def _ordered(operator: str, left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    if operator in ("=", "!="):
        return _same(left, right) is (operator == "=")
    gap = Fraction(left) - Fraction(right)
    return {"<": gap < 0, "<=": gap <= 0, ">": gap > 0, ">=": gap >= 0}[operator]


def _computed(sort: str, left: Any, right: Any = None) -> Any:
    if sort == "not":
        return not left
    if sort in ("neg", "abs"):
        value = abs(left) if sort == "abs" else -left
        return value if isinstance(value, float) or -BIG <= value < BIG else None
    if isinstance(left, int) and isinstance(right, int) and sort != "/":
        whole = {"+": left + right, "-": left - right, "*": left * right}[sort]
        return whole if -BIG <= whole < BIG else None
    first, second = Fraction(left), Fraction(right)
    if any(isinstance(v, int) and int(float(v)) != v for v in (left, right)) or (sort == "/" and second == 0):
        return None
    exact = first / second if sort == "/" else {"+": first + second, "-": first - second, "*": first * second}[sort]
    try:
        return float(exact)
    except OverflowError:
        return None
