"""Conditions of the filter language at random, their texts, and rows of awkward values.

Conditions are nested tuples; `spell` writes one as a text, `filter_reference.meaning` says what it is on a row.

    ("and", a, b) ("or", a, b) ("not", a) ("<", x, y) ("between", x, low, high) ("in", x, [literal ...]) ("null", x)
    ("+", x, y) ("neg", x) ("call", name, [x ...]) ("case", [condition, value, ...], otherwise) ("column", name)
    ("literal", value) ("quantity", number, unit) ("cone", ra, dec, arcsec, text) ("latitude",) ("member", sort, name)
    ("tag", name)
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

import pyarrow as pa

from linnet.core.column import TEXT_CODE, Column, boolean, code, integer, real, text
from linnet.filters.things import Things

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
    "found_state": Column(TEXT_CODE, "How a look-up went.", look_up="found_state"),
    "found": Column(pa.float64(), "What was found.", look_up="found_state"),
    "angle": real("An angle.", unit="arcsec", bits=64),
    "ra": real("Right ascension.", unit="deg", bits=64),
    "dec": real("Declination.", unit="deg", bits=64),
    "gal_lat": real("Galactic latitude.", unit="deg", bits=64),
}
MEMBERS = ["in_area:here", "in_watchlist:mine"]
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
    "found_state": [None, "match", "none", "failed"],
    "found": [None, 0.0, 1.5, math.nan],
    "angle": [None, 0.0, 5.0, -5.0, 6.0, 60.0, 3600.0, 18000.0, math.inf],
    "ra": [None, 0.0, 10.0, 10.001, 190.0, 359.9999, math.nan],
    "dec": [None, 0.0, 20.0, 20.001, -89.9999, 89.9999],
    "gal_lat": [None, -90.0, -10.0, 0.0, 10.0, 90.0],
    **{name: [None, True, False] for name in MEMBERS},
}
FAMILY = {
    "number": ["long", "other_long", "short", "tiny", "double", "single", "found", "angle"],
    "text": ["word", "coded", "found_state"],
    "truth": ["flag", "other_flag"],
}
ATOMS = ("column", "literal", "call", "case", "quantity", "cone", "latitude", "member", "tag")
BINDING = {"or": 0, "and": 1, "not": 2, "+": 4, "-": 4, "*": 5, "/": 5, "neg": 6, **dict.fromkeys(ATOMS, 7)}
ORDERS = ("=", "!=", "<", "<=", ">", ">=")
FUNCTIONS = {"abs": 1, "sqrt": 1, "ln": 1, "log10": 1, "exp": 1, "floor": 1, "ceil": 1, "least": 3, "greatest": 3}
ARCSEC = {"mas": Fraction(1, 1000), "arcsec": Fraction(1), "arcmin": Fraction(60), "deg": Fraction(3600)}
CONES: list[Expression] = [
    ("cone", 10.0, 20.0, 3.5, "cone(10, 20, 3.5 arcsec)"),
    ("cone", 10.0, 20.0, 3600.0, "cone('00:40:00', '+20:00:00', 1 deg)"),
    ("cone", 0.0, 0.0, 1.0, "cone('0h0m0s', '0d0m0s', 1000 mas)"),
    ("cone", 200.0, 89.9999, 600.0, "cone(200, 89.9999, 10 arcmin)"),
    ("cone", 190.0, -30.0, 334_000.0, "cone(190.0 deg, '-30 00 00', 334000 arcsec)"),
]
OTHERS: dict[str, Expression] = {
    "short_one": (">", ("column", "short"), ("literal", 1)),
    "either": ("or", ("tag", "short_one"), ("<", ("column", "found"), ("literal", 1.0))),
}
"""What other filters mean, by name."""


def batch(rows: list[Row]) -> pa.RecordBatch:
    """Rows as the columns that a filter reads."""
    types = {**{n: c.type for n, c in COLUMNS.items()}, **dict.fromkeys(MEMBERS, pa.bool_())}
    arrays = [pa.array([r[n] for r in rows], type_) for n, type_ in types.items()]
    return pa.RecordBatch.from_arrays(arrays, names=list(types))


def some_rows(chance: random.Random, number: int) -> list[Row]:
    """Rows of awkward values."""
    return [{n: chance.choice(pool) for n, pool in POOLS.items()} for _ in range(number)]


def condition(chance: random.Random, depth: int) -> Expression:
    """A random, well-typed condition."""
    if depth <= 0 or chance.random() < 0.15:
        return _simple(chance)
    kind = chance.choice(["and", "or", "not", "compare", "compare", "between", "in", "null", "same", "case"])
    if kind in ("and", "or"):
        return (kind, condition(chance, depth - 1), condition(chance, depth - 1))
    if kind == "not":
        return ("not", condition(chance, depth - 1))
    if kind == "same":
        return (chance.choice(["=", "!="]), condition(chance, depth - 1), condition(chance, depth - 1))
    if kind == "case":
        return _case_of(chance, depth, lambda: condition(chance, depth - 2))
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
    kind = chance.choice(["+", "-", "*", "/", "neg", "call", "call", "case"])
    if kind == "neg":
        return (kind, number(chance, depth - 1))
    if kind == "call":
        name = chance.choice(list(FUNCTIONS))
        return (kind, name, [number(chance, depth - 1) for _ in range(FUNCTIONS[name])])
    if kind == "case":
        return _case_of(chance, depth, lambda: number(chance, depth - 2))
    return (kind, number(chance, depth - 1), number(chance, depth - 1))


def _simple(chance: random.Random) -> Expression:
    """A condition without parts of its own, or a comparison of two values."""
    made: list[Callable[[], Expression]] = [
        lambda: ("column", chance.choice(FAMILY["truth"])),
        lambda: ("member", *chance.choice(MEMBERS).split(":")),
        lambda: ("tag", chance.choice(list(OTHERS))),
        lambda: chance.choice(CONES),
        lambda: (chance.choice(ORDERS), ("latitude",), ("literal", chance.choice([-10, 0.0, 10.0]))),
        lambda: _angles(chance),
        lambda: _comparison(chance, 0),
        lambda: _comparison(chance, 0),
    ]
    return chance.choice(made)()


def _angles(chance: random.Random) -> Expression:
    """An angle against one in any unit."""
    low, high = (("quantity", chance.choice([5, 0.1, -5.0, 1, 6000.0]), chance.choice(list(ARCSEC))) for _ in range(2))
    angle: Expression = ("column", "angle")
    if chance.random() < 0.3:
        return ("between", angle, low, high)
    return (chance.choice(ORDERS), angle if chance.random() < 0.5 else ("+", angle, low), high)


def _case_of(chance: random.Random, depth: int, value: Callable[[], Expression]) -> Expression:
    whens = [part for _ in range(chance.randint(1, 2)) for part in (condition(chance, depth - 2), value())]
    return ("case", whens, value() if chance.random() < 0.7 else None)


def _constant(chance: random.Random) -> int | float:
    value: int | float = chance.choice([v for v in LONGS + DOUBLES if v is not None])
    return value


def _text(chance: random.Random) -> Expression:
    if chance.random() < 0.15:
        return _case_of(chance, 2, lambda: _text(chance))
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
    if sort in ATOMS:
        return _spell_atom(expression, chance)
    if sort in ("and", "or", *ORDERS, "+", "-", "*", "/"):
        left, right = _place(parts[0], sort, chance, right=False), _place(parts[1], sort, chance, right=True)
        return f"{left} {_case(sort, chance)} {right}"
    if sort == "not":
        return f"{_case('not', chance)} {_place(parts[0], 'not', chance, right=False)}"
    if sort == "neg":
        return f"- {_place(parts[0], 'neg', chance, right=True)}"
    first = _place(parts[0], sort, chance, right=True)
    if sort == "null":
        return f"{first} {_case('is', chance)} {_case('null', chance)}"
    if sort == "in":
        return f"{first} {_case('in', chance)} ({', '.join(_spell_constant(v) for v in parts[1])})"
    low, high = (_place(p, sort, chance, right=True) for p in parts[1:])
    return f"{first} {_case('between', chance)} {low} {_case('and', chance)} {high}"


def _spell_atom(expression: Expression, chance: random.Random) -> str:
    sort, *parts = expression
    if sort == "call":
        return f"{parts[0]}({', '.join(spell(each, chance) for each in parts[1])})"
    if sort == "case":
        words = [
            f"{_case(word, chance)} {spell(each, chance)}"
            for word, each in zip(["when", "then"] * 2, parts[0], strict=False)
        ]
        last = [f"{_case('else', chance)} {spell(parts[1], chance)}"] if parts[1] else []
        return " ".join([_case("case", chance), *words, *last, _case("end", chance)])
    if sort == "quantity":
        return f"{parts[0]!r} {parts[1]}"
    if sort == "latitude":
        return "galactic_latitude()"
    return (
        f"{parts[0]}('{parts[1]}')" if sort == "member" else str(parts[3]) if sort == "cone" else f"tag('{parts[0]}')"
    )


def _place(inner: Expression, outer: str, chance: random.Random, *, right: bool) -> str:
    own = BINDING.get(inner[0], 3)
    if inner[0] in ("literal", "quantity") and not isinstance(inner[1], str) and math.copysign(1, inner[1]) < 0:
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


THINGS = Things(
    frozenset({"here"}), frozenset({"mine"}), {name: spell(each, random.Random(1)) for name, each in OTHERS.items()}
)
"""What may be named in the texts."""
