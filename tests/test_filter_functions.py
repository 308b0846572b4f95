"""Functions and `case when`: what they give, in both evaluators, and what is refused."""

from __future__ import annotations

import math
import random

import numpy as np
import pyarrow as pa
import pytest

from linnet.core.column import Column, boolean, code, integer, real, text
from linnet.errors import FilterError
from linnet.filters.clauses import clauses
from linnet.filters.filter_set import FilterSet, NamedFilter
from linnet.filters.formatter import canonical
from linnet.filters.functions import NUMERIC
from linnet.filters.language import parse
from linnet.filters.tree import Compare, Kind
from linnet.filters.vectors import Numbers

STATE = code("How the look-up went.")
COLUMNS: dict[str, Column] = {
    "x": real("A number.", bits=64),
    "y": real("A number."),
    "n": integer("A whole number."),
    "flag": boolean("A flag."),
    "word": text("A word."),
    "band": code("A band."),
    "found_state": Column(STATE.type, STATE.doc, look_up="found_state"),
    "found": Column(pa.float32(), "What was found.", look_up="found_state"),
}


def judged(condition: str, **given: list[object]) -> list[bool | None]:
    """Verdicts on columns of these values; compiled, the filter says the same, and so it does written out."""
    columns = {name: pa.array(values, COLUMNS[name].type) for name, values in given.items()}
    length = len(next(iter(columns.values())))
    checked = parse(condition, COLUMNS)
    found: list[bool | None] = checked.evaluate(columns.__getitem__, length).to_pylist()
    both = FilterSet([NamedFilter("is", 1, checked), NamedFilter("is not", 1, parse(f"not ({condition})", COLUMNS))])
    hits, which = both.hits(columns.__getitem__, length)
    assert hits[which == 0].tolist() == [row for row, verdict in enumerate(found) if verdict is True], condition
    assert hits[which == 1].tolist() == [row for row, verdict in enumerate(found) if verdict is False], condition
    assert parse(canonical(checked.tree), COLUMNS).tree == checked.tree
    return found


def refused(condition: str) -> FilterError:
    """The error that a text meets."""
    with pytest.raises(FilterError) as caught:
        parse(condition, COLUMNS)
    return caught.value


def test_logarithms_roots_and_powers_are_those_of_the_c_library_number_by_number() -> None:
    chance = random.Random(2)
    values = [chance.uniform(-1, 1) * 10.0 ** chance.randint(-300, 300) for _ in range(3000)] + [0.5, 2.0, 709.0, 1.0]
    many = Numbers(np.array(values), np.ones(len(values), dtype=np.bool_))
    plain = {"sqrt": math.sqrt, "ln": math.log, "log10": math.log10, "exp": math.exp}
    for name, function in plain.items():
        found = NUMERIC[name].compute([many])
        for value, result, valid in zip(values, found.values, found.valid, strict=True):
            try:
                wanted: float | None = function(value)
            except (ValueError, OverflowError):
                wanted = None
            assert (float(result) if valid else None) == wanted, (name, value)


def test_what_has_no_finite_result_is_null() -> None:
    assert judged("sqrt(x) >= 0", x=[4.0, -1.0, None, 0.0]) == [True, None, None, True]
    assert judged("ln(x) < 1", x=[1.0, 0.0, -1.0, None]) == [True, None, None, None]
    assert judged("log10(x) = 2", x=[100.0, 0.0, -1.0, None]) == [True, None, None, None]
    assert judged("exp(x) > 1", x=[1.0, 1000.0, -1000.0, None]) == [True, None, False, None]
    assert judged("sqrt(x) is null", x=[4.0, -1.0, None, 0.0]) == [False, True, True, False]
    assert judged("sqrt(n) = 3", n=[9, 2**53 + 1, None, -9]) == [True, None, None, None]


def test_floor_and_ceil_keep_whole_numbers_whole() -> None:
    assert judged("floor(x) = -2 and ceil(x) = -1", x=[-1.5, -1.0, 1.5, None]) == [True, False, False, None]
    assert judged("floor(n) = 9007199254740993", n=[2**53 + 1, 2**53]) == [True, False]
    assert judged("ceil(x) = x", x=[1e300, 0.5]) == [True, False]


def test_least_and_greatest_are_exact_and_null_where_any_argument_is() -> None:
    assert judged("least(x, 2, y) = 2", x=[3.0, 1.0, None, 3.0], y=[4.0, 4.0, 4.0, None]) == [True, False, None, None]
    assert judged("greatest(n, 9007199254740992) = n", n=[2**53 + 1, 2**53 - 1, None]) == [True, False, None]
    assert judged("greatest(n, 0.5) > 1", n=[2**53 + 1, 2, -2]) == [None, True, False]


def test_a_case_gives_the_value_behind_the_first_condition_that_is_true() -> None:
    condition = "case when x > 2 then 'high' when x > 1 then 'middle' else word end = 'middle'"
    assert judged(condition, x=[3.0, 1.5, 0.0, None], word=["a", "b", "middle", None]) == [False, True, True, None]
    numbers = "case when band = 'g' then 18.5 when band = 'r' then 18 end > x"
    assert judged(numbers, band=["g", "r", "i", None], x=[18.0] * 4) == [True, False, None, None]
    assert judged("case when flag then x > 1 else x < 1 end", flag=[True, False, None], x=[2.0] * 3) == [
        True,
        False,
        False,
    ]
    assert judged("case when true then x end > 1", x=[2.0, None]) == [True, None]
    assert judged("case when flag then 'a' else 'b' end in ('a', 'c')", flag=[True, False, None]) == [
        True,
        False,
        False,
    ]


def test_a_condition_that_is_null_for_want_of_a_value_lets_the_next_one_be_asked_as_in_sql() -> None:
    assert judged("case when x > 1 then 1 when y > 1 then 2 else 3 end = 2", x=[None, 0.0], y=[2.0, 2.0]) == [
        True,
        True,
    ]
    assert judged("case when x > 1 then true else false end", x=[None, 2.0]) == [False, True]


def test_a_failed_look_up_takes_no_else() -> None:
    states = ["match", "none", "failed", None]
    given: dict[str, list[object]] = {"found_state": [*states], "found": [1.0, None, None, None]}
    assert judged("case when found_state = 'match' then false else true end", **given) == [False, True, None, None]
    assert judged("case when found > 0 then 1 else 2 end = 2", **given) == [False, True, None, None]
    assert judged("case when x > 1 then 1 when found > 0 then 2 else 3 end is null", x=[2.0] * 4, **given) == [
        False,
        False,
        False,
        False,
    ]
    assert judged("case when found > 0 then 2 else 3 end is null", **given) == [False, False, None, None]
    assert judged("sqrt(found) + 1 is null", **given) == [False, True, None, None]
    assert judged("not case when found > 0 then flag else true end", flag=[False] * 4, **given) == [
        True,
        False,
        None,
        None,
    ]


def test_values_of_a_case_have_one_kind_and_a_mixture_of_numbers_is_a_float() -> None:
    mixed = parse("case when flag then n else 0.5 end > 1", COLUMNS).tree
    whole = parse("case when flag then n else 0 end > 1", COLUMNS).tree
    assert isinstance(mixed, Compare)
    assert isinstance(whole, Compare)
    assert (mixed.left.kind, whole.left.kind) == (Kind.FLOAT, Kind.INTEGER)
    assert judged("case when flag then n else 0.5 end > 1", flag=[True, True, False], n=[2**53 + 1, 2, 2]) == [
        None,
        True,
        False,
    ]
    assert judged("case when flag then n else 0 end = 9007199254740993", flag=[True, False], n=[2**53 + 1] * 2) == [
        True,
        False,
    ]


def test_deep_conditions_about_conditions_compile_in_linear_time() -> None:
    nested = "flag"
    for _ in range(20):
        nested = f"({nested} = flag)"
    assert FilterSet([NamedFilter("x", 1, parse(nested, COLUMNS))]).sizes["gates"] < 400
    nested = "flag"
    for _ in range(20):
        nested = f"case when {nested} then x > 1 else flag end"
    assert FilterSet([NamedFilter("x", 1, parse(nested, COLUMNS))]).sizes["gates"] < 400


def test_clauses_about_a_case_or_a_function_stand_where_they_are_written() -> None:
    written = (
        "sqrt(abs(x)) > 1 and case when flag then x else y end < 2 and x in (1, 2) and case when flag then flag end"
    )
    found = clauses(parse(written, COLUMNS).tree)
    assert [written[slice(*c.span)] for c in found] == [
        "sqrt(abs(x)) > 1",
        "case when flag then x else y end < 2",
        "x in (1, 2)",
        "case when flag then flag end",
    ]


@pytest.mark.parametrize(
    ("written", "position", "part"),
    [
        ("sqrt(word) > 1", 5, "`sqrt` works on numbers; this is a text"),
        ("sqrt() > 1", 0, "sqrt takes 1 argument; here are 0"),
        ("x > 1 and least(x) > 1", 10, "least takes 2 to 16 arguments; here are 1"),
        ("log(x) > 1", 0, "no function is named log; did you mean log10?"),
        ("SQRT(x) > 1", 0, "no function is named SQRT; did you mean sqrt?"),
        ("case when x then 1 end = 1", 10, "`when` asks a condition; this is a number"),
        ("case when flag then 1 else 'a' end = 1", 27, "an integer and a text are not"),
        ("case when flag then 1 else null end = 1", 27, "null is no value"),
        ("case x when 1 then 2 end = 1", 0, "write: case when CONDITION then VALUE"),
        ("case end = 1", 0, "write: case when CONDITION then VALUE"),
        ("case else 1 end = 1", 0, "write: case when CONDITION then VALUE"),
        ("case when flag 1 end = 1", 0, "`then` is missing"),
        ("case when flag then 1", 21, "a `case` is not closed"),
        ("x > 1 end", 6, "this `end` closes nothing"),
        ("case when flag then (1 end) = 1", 23, "this `end` closes nothing"),
        ("case when flag then 1 end", 0, "a filter is a condition; this is an integer"),
        ("case when flag then 'a' end > 'b'", 0, "knows only = and !="),
        ("case when " * 30 + "flag", 240, "nested more than 24 deep"),
    ],
)
def test_an_error_says_where_and_why(written: str, position: int, part: str) -> None:
    error = refused(written)
    assert part in str(error)
    assert error.position == position
