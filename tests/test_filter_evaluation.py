"""What a filter says about rows, held against exact arithmetic in plain Python. About 40 s."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import filter_grammar as grammar
import filter_reference as reference
from linnet.core.column import TEXT_CODE, Column, code, integer, real, text
from linnet.core.vocabulary import COMMON
from linnet.errors import FilterError
from linnet.filters.clauses import at, clauses, verdicts
from linnet.filters.filter_set import FilterSet, NamedFilter
from linnet.filters.formatter import canonical
from linnet.filters.language import parse

ROWS = grammar.some_rows(random.Random(3), 24)
BATCH = grammar.batch(ROWS)


def judged(condition: str, column: Column, values: Sequence[object]) -> list[bool | None]:
    """Verdicts of a condition on the values of one column `x`."""
    array = pa.array(values, column.type)
    found: list[bool | None] = (
        parse(condition, {"x": column}).evaluate({"x": array}.__getitem__, len(array)).to_pylist()
    )
    return found


@settings(max_examples=10_000, deadline=None)
@given(st.integers(0, 2**48))
def test_every_accepted_text_means_what_the_slow_reference_says(seed: int) -> None:
    """By itself, and compiled, as it is and under `not`."""
    chance = random.Random(seed)
    expression = grammar.condition(chance, 4)
    text_ = grammar.spell(expression, chance)
    checked = parse(text_, grammar.COLUMNS, grammar.THINGS)
    found = checked.evaluate(BATCH.column, len(ROWS)).to_pylist()
    wanted = [reference.meaning(expression, row) for row in ROWS]
    assert found == wanted, text_
    opposite = parse(f"not ({text_})", grammar.COLUMNS, grammar.THINGS)
    both = FilterSet([NamedFilter("is", 1, checked), NamedFilter("is not", 1, opposite)])
    hits, which = both.hits(BATCH.column, len(ROWS))
    assert hits[which == 0].tolist() == [row for row, verdict in enumerate(wanted) if verdict is True], text_
    assert hits[which == 1].tolist() == [row for row, verdict in enumerate(wanted) if verdict is False], text_
    again = parse(canonical(checked.tree), grammar.COLUMNS, grammar.THINGS)
    assert again.tree == checked.tree, text_
    assert canonical(again.tree) == canonical(checked.tree)
    assert set(checked.columns) == reference.reads(expression)


def test_integers_beyond_2_to_the_53_are_compared_exactly() -> None:
    ids: list[object] = [2**53, 2**53 + 1, 2**63 - 1, -(2**63), None]
    assert judged("x > 9007199254740992.0", integer("Ids."), ids) == [False, True, True, False, None]
    assert judged("x = 9007199254740993", integer("Ids."), ids) == [False, True, False, False, None]
    assert judged("x in (9007199254740993, 1.5)", integer("Ids."), ids) == [False, True, False, False, None]
    assert judged("x < 9223372036854775808.0", integer("Ids."), ids) == [True, True, True, True, None]
    assert judged("x = 9223372036854775807.0", integer("Ids."), ids) == [False, False, False, False, None]
    assert judged("x between 9007199254740991.0 and 9007199254740992.0", integer("Ids."), ids)[:2] == [True, False]


def test_overflow_of_64_bits_is_null() -> None:
    edge: list[object] = [2**63 - 1, -(2**63), 3, None]
    for condition in ("x + 1 > 0", "x - 1 < 99", "x * 2 < 99", "abs(x) >= 0", "-x < 99"):
        found = judged(condition, integer("Edge."), edge)
        assert found[2] is True, condition
        assert None in found[:2], condition
        assert found[3] is None, condition
    assert judged("abs(x) > 0", integer("Edge."), edge) == [True, None, True, None]
    assert judged("x * -1 < 99", integer("Edge."), edge) == [True, None, True, None]


def test_narrow_integers_are_widened_before_they_are_added() -> None:
    assert judged("x + x = 254", integer("8 bits.", bits=8), [127]) == [True]
    assert judged("x * x = 4611686014132420609", integer("32 bits.", bits=32), [2**31 - 1]) == [True]


def test_nan_and_infinity_are_null_coming_in_and_coming_out() -> None:
    values: list[object] = [np.nan, np.inf, -np.inf, None, 1e308, 0.0]
    column = real("Odd.", bits=64)
    assert judged("x > 0", column, values) == [None, None, None, None, True, False]
    assert judged("not x > 0", column, values) == [None, None, None, None, False, True]
    assert judged("x is null", column, values) == [True, True, True, True, False, False]
    assert judged("x * 10 > 0", column, values) == [None, None, None, None, None, False]
    assert judged("1 / x > 0", column, values) == [None, None, None, None, True, None]
    assert judged("x in (0, 1)", column, values) == [None, None, None, None, False, True]


def test_division_of_integers_gives_a_float_and_of_ids_that_no_float_holds_gives_null() -> None:
    assert judged("x / 2 = 3.5", integer("Count."), [7, 2**53 + 1]) == [True, None]
    assert judged("x / 0 = 1", integer("Count."), [7, 0]) == [None, None]


def test_kleenes_tables_hold_for_and_or_and_not() -> None:
    values = [True, False, None]
    rows = [(a, b) for a in values for b in values]
    columns = {n: grammar.COLUMNS[n] for n in ("flag", "other_flag")}
    data = {"flag": pa.array([a for a, _ in rows]), "other_flag": pa.array([b for _, b in rows])}

    def verdict(condition: str) -> list[bool | None]:
        found: list[bool | None] = parse(condition, columns).evaluate(data.__getitem__, 9).to_pylist()
        return found

    assert verdict("flag and other_flag") == [True, False, None, False, False, False, None, False, None]
    assert verdict("flag or other_flag") == [True, True, True, True, False, None, True, None, None]
    assert verdict("not flag") == [False] * 3 + [True] * 3 + [None] * 3
    assert verdict("flag = other_flag") == [True, False, None, False, True, None, None, None, None]


def test_single_precision_is_compared_as_the_double_of_what_is_stored() -> None:
    stored = float(np.float32(20.1))
    assert stored > 20.1
    assert judged("x < 20.1", real("Mag."), [20.1]) == [False]
    assert judged("x = 20.1", real("Mag."), [20.1]) == [False]
    assert judged(f"x = {stored!r}", real("Mag."), [20.1]) == [True]


@pytest.mark.parametrize("type_", [pa.string(), pa.large_string(), TEXT_CODE, pa.dictionary(pa.int32(), pa.string())])
def test_texts_are_equal_letter_by_letter_however_they_are_stored(type_: pa.DataType) -> None:
    column, values = Column(type_, "A word."), ["ztf", "ZTF", None, "lsst", ""]
    assert judged("x = 'ztf'", column, values) == [True, False, None, False, False]
    assert judged("x != 'ztf'", column, values) == [False, True, None, True, True]
    assert judged("x not in ('ztf', '')", column, values) == [False, True, None, True, False]
    assert judged("x is not null", column, values) == [True, True, False, True, True]
    assert judged("x = x", column, values) == [True, True, None, True, True]


def test_a_dictionary_with_nulls_repeats_or_no_words_is_read_right() -> None:
    odd = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None], pa.int8()), pa.array(["a", None, "a"]))
    condition = parse("x = 'a'", {"x": code("A word.")})
    assert condition.evaluate({"x": odd}.__getitem__, 4).to_pylist() == [True, None, True, None]
    empty = pa.DictionaryArray.from_arrays(pa.array([None, None], pa.int8()), pa.array([], pa.string()))
    assert condition.evaluate({"x": empty}.__getitem__, 2).to_pylist() == [None, None]
    both = parse("x = y", {"x": code("A word."), "y": text("A word.")})
    assert both.evaluate({"x": empty, "y": pa.array(["a", None])}.__getitem__, 2).to_pylist() == [None, None]


def test_splitting_and_permuting_a_batch_splits_and_permutes_the_verdicts() -> None:
    chance = random.Random(8)
    order = list(range(len(ROWS)))
    chance.shuffle(order)
    permuted = BATCH.take(pa.array(order))
    for _ in range(150):
        checked = parse(grammar.spell(grammar.condition(chance, 4), chance), grammar.COLUMNS, grammar.THINGS)
        whole = checked.evaluate(BATCH.column, len(ROWS)).to_pylist()
        assert checked.evaluate(permuted.column, len(ROWS)).to_pylist() == [whole[i] for i in order]
        cut = chance.randint(0, len(ROWS))
        parts = [BATCH.slice(0, cut), BATCH.slice(cut), BATCH.slice(cut, 0)]
        found = [v for p in parts for v in checked.evaluate(p.column, p.num_rows).to_pylist()]
        assert found == whole


def test_a_column_that_comes_otherwise_than_declared_is_an_error_and_not_an_answer() -> None:
    condition = parse("x > 1", {"x": integer("Count.")})
    with pytest.raises(FilterError, match="column x came as double"):
        condition.evaluate({"x": pa.array([1.5])}.__getitem__, 1)
    with pytest.raises(FilterError, match="2 rows instead of 1"):
        condition.evaluate({"x": pa.array([1, 2])}.__getitem__, 1)
    assert condition.evaluate({"x": pa.nulls(2)}.__getitem__, 2).to_pylist() == [None, None]


def test_the_batch_itself_is_never_changed() -> None:
    values = np.array([1.0, np.nan, np.inf])
    parse("x > 0", {"x": real("Mag.", bits=64)}).evaluate({"x": pa.array(values)}.__getitem__, 3)
    assert np.isnan(values[1])
    assert np.isinf(values[2])


def test_clauses_have_addresses_texts_and_verdicts_that_combine_to_the_filter() -> None:
    written = "mag < 19 and not (survey = 'ztf' or ra is null)"
    checked = parse(written, COMMON)
    found = clauses(checked.tree)
    assert [c.text for c in found] == ["mag < 19", "survey = 'ztf'", "ra is null"]
    assert [c.path for c in found] == [(0,), (1, 0, 0), (1, 0, 1)]
    assert [written[slice(*c.span)] for c in found] == ["mag < 19", "survey = 'ztf'", "ra is null"]
    assert all(at(checked.tree, c.path) is c.node for c in found)
    data = {"mag": pa.array([18.0]), "survey": pa.array(["lsst"]), "ra": pa.array([1.0])}
    single = verdicts(checked.tree, data.__getitem__, 1)
    assert [single[c.path].to_pylist() for c in found] == [[True], [False], [False]]
    assert checked.evaluate(data.__getitem__, 1).to_pylist() == [True]
