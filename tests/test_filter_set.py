"""Filters judged together say what each says alone, and what the slow reference says. About 10 s."""

from __future__ import annotations

import pickle
import random
import time
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import filter_grammar as grammar
import filter_reference as reference
from linnet.core.column import Column, boolean, code, integer, real
from linnet.core.tagging import evaluate
from linnet.core.unit import TAG
from linnet.core.vocabulary import COMMON
from linnet.errors import FilterError
from linnet.filters import operations
from linnet.filters.arithmetic import combine
from linnet.filters.evaluate import Lookup
from linnet.filters.filter_set import BLOCK, FilterSet, NamedFilter
from linnet.filters.language import parse
from linnet.filters.vectors import Numbers

ROWS = grammar.some_rows(random.Random(5), 70)
BATCH = grammar.batch(ROWS)


def together(texts: Sequence[str], columns: dict[str, Column]) -> FilterSet:
    """The texts as one set, named by their places."""
    return FilterSet([NamedFilter(str(k), 1, parse(text, columns, grammar.THINGS)) for k, text in enumerate(texts)])


def pairs(filters: FilterSet, lookup: Lookup, length: int) -> list[tuple[int, int]]:
    """(row, filter) of all hits, in the order given."""
    rows, places = filters.hits(lookup, length)
    return list(zip(rows.tolist(), places.tolist(), strict=True))


def alone(filters: Sequence[NamedFilter], batch: pa.RecordBatch) -> list[tuple[int, int]]:
    """The same, every filter judged by itself."""
    verdicts = [f.condition.evaluate(batch.column, batch.num_rows).to_pylist() for f in filters]
    return [(row, k) for row in range(batch.num_rows) for k, found in enumerate(verdicts) if found[row] is True]


def judged(text: str, columns: dict[str, Column], data: dict[str, pa.Array], length: int) -> list[bool]:
    """Whether one filter of a set passes each row; and that its set says the same as itself."""
    hit = {row for row, _ in pairs(together([text], columns), data.__getitem__, length)}
    assert hit == {
        i for i, v in enumerate(parse(text, columns).evaluate(data.__getitem__, length).to_pylist()) if v is True
    }
    return [row in hit for row in range(length)]


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**48))
def test_a_set_says_of_every_row_what_the_slow_reference_says(seed: int) -> None:
    chance = random.Random(seed)
    expressions = [grammar.condition(chance, 4) for _ in range(chance.randint(1, 12))]
    expressions += [("not", e) for e in expressions[:4]] + [("null", e) for e in expressions[:3]]
    filters = together([grammar.spell(e, chance) for e in expressions], grammar.COLUMNS)
    cut = chance.randint(0, len(ROWS))
    for part, rows in ((BATCH.slice(0, cut), ROWS[:cut]), (BATCH.slice(cut), ROWS[cut:])):
        meant = [[reference.meaning(e, row) is True for e in expressions] for row in rows]
        wanted = [(i, k) for i, row in enumerate(meant) for k, passes in enumerate(row) if passes]
        assert pairs(filters, part.column, len(rows)) == wanted


def test_hundreds_of_filters_over_several_blocks_say_what_each_says_alone() -> None:
    chance = random.Random(11)
    batch = grammar.batch(grammar.some_rows(chance, BLOCK + 777))
    named = [
        NamedFilter(
            str(k), 1, parse(grammar.spell(grammar.condition(chance, 4), chance), grammar.COLUMNS, grammar.THINGS)
        )
        for k in range(200)
    ]
    found = pairs(FilterSet(named), batch.column, batch.num_rows)
    assert len(found) > 10_000
    assert found == alone(named, batch)


def test_constants_of_another_type_than_their_column_keep_their_exact_meaning() -> None:
    ids = {"x": pa.array([2**53, 2**53 + 1, 2**63 - 1, -(2**63), None])}
    columns: dict[str, Column] = {"x": integer("Ids.")}
    wanted = {
        "x > 9007199254740992.0": [False, True, True, False, False],
        "not x <= 9007199254740992.0": [False, True, True, False, False],
        "x in (9007199254740993, 1.5)": [False, True, False, False, False],
        "x not in (9007199254740993, 1.5)": [True, False, True, True, False],
        "x < 9223372036854775808.0": [True, True, True, True, False],
        "x >= -9223372036854775808.0": [True, True, True, True, False],
        "9007199254740992.5 < x": [False, True, True, False, False],
        "x != 0.5": [True, True, True, True, False],
    }
    for text, verdicts in wanted.items():
        assert judged(text, columns, ids, 5) == verdicts, text
    numbers = {"x": pa.array([2.0**53, 2.0**53 + 2, None, 20.5])}
    assert judged("x < 9007199254740993", {"x": real("N.", bits=64)}, numbers, 4) == [True, False, False, True]
    assert judged("x = 9007199254740993", {"x": real("N.", bits=64)}, numbers, 4) == [False] * 4
    assert judged("x < 21", {"x": real("N.", bits=64)}, numbers, 4) == [False, False, False, True]


def test_nulls_of_a_whole_condition_are_seen_on_both_sides_of_not() -> None:
    columns: dict[str, Column] = {"x": real("N."), "flag": boolean("F."), "word": code("W.")}
    data = {
        "x": pa.array([1.0, None, 3.0], pa.float32()),
        "flag": pa.array([True, False, None]),
        "word": pa.array(["a", None, "b"]).dictionary_encode(),
    }
    assert judged("(x < 2) is null", columns, data, 3) == [False, True, False]
    assert judged("(x < 2 and flag) is null", columns, data, 3) == [False, False, False]
    assert judged("not ((x > 2 and flag) is null)", columns, data, 3) == [True, True, False]
    assert judged("((x > 2 or flag) = (word = 'a')) is null", columns, data, 3) == [False, True, False]
    assert judged("(word != 'a') = flag", columns, data, 3) == [False, False, False]
    assert judged("(word != 'a') != flag", columns, data, 3) == [True, False, False]
    assert judged("(flag is null) is null", columns, data, 3) == [False, False, False]


def test_columns_that_a_survey_does_not_have_refuse_without_any_work() -> None:
    columns: dict[str, Column] = {"x": real("N."), "y": real("N."), "word": code("W.")}
    data = {"x": pa.nulls(3, pa.float32()), "y": pa.array([1.0, 2.0, None], pa.float32()), "word": pa.nulls(3)}
    for text in ("x < 1", "x != 1", "not x < 1", "x + y > 0", "y > x", "word = 'a'", "word != 'a'", "abs(x) >= 0"):
        assert judged(text, columns, data, 3) == [False, False, False], text
    assert judged("x is null and y is not null", columns, data, 3) == [True, True, False]
    assert judged("x - y is null", columns, data, 3) == [True, True, True]


def test_what_is_shared_is_looked_up_and_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    computed: Counter[str] = Counter()

    def counting(operator: str, left: Numbers, right: Numbers) -> Numbers:
        computed[operator] += 1
        return combine(operator, left, right)

    monkeypatch.setattr(operations, "combine", counting)
    looked_up: Counter[str] = Counter()

    def lookup(name: str) -> pa.Array:
        looked_up[name] += 1
        return BATCH.column(name)

    texts = [f"double < {k} and single - double < {k % 3} and (short > 1 or tiny < {k})" for k in range(50)]
    filters = together(texts, grammar.COLUMNS)
    pairs(filters, lookup, len(ROWS))
    assert looked_up == dict.fromkeys(("double", "short", "single", "tiny"), 1)
    assert computed == {"-": 1}


def test_what_nobody_can_pass_any_more_is_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"mag < -100 and flux * {k} > 1 and not flux / {k} < 2" for k in range(2, 50)]
    filters = together([*texts, "mag < 30 and flux * 2 > 1"], COMMON)
    computed: list[str] = []

    def counting(operator: str, left: Numbers, right: Numbers) -> Numbers:
        computed.append(operator)
        return combine(operator, left, right)

    monkeypatch.setattr(operations, "combine", counting)
    data = {"mag": pa.array([18.0, None], pa.float32()), "flux": pa.array([3.0, 4.0], pa.float32())}
    assert pairs(filters, data.__getitem__, 2) == [(0, 48)]
    assert computed == ["*"]


def test_a_column_that_comes_otherwise_than_declared_is_an_error_and_not_an_answer() -> None:
    filters = together(["x > 1 and y < 2"], {"x": integer("Count."), "y": integer("Count.")})
    with pytest.raises(FilterError, match="column y came as double"):
        filters.hits({"x": pa.array([0]), "y": pa.array([1.5])}.__getitem__, 1)
    with pytest.raises(FilterError, match="2 rows instead of 1"):
        filters.hits({"x": pa.array([1]), "y": pa.array([1, 2])}.__getitem__, 1)


def test_tags_come_by_alert_and_then_by_filter_with_name_and_version() -> None:
    named = [NamedFilter("bright", 3, parse("mag < 19", COMMON)), NamedFilter("all", 1, parse("mag > 0", COMMON))]
    batch = pa.record_batch({"alert_id": pa.array([7, 8, 9]), "mag": pa.array([18.0, 20.0, None], pa.float32())})
    tags = evaluate(FilterSet(named), batch, COMMON)
    assert tags.schema == TAG
    assert [tuple(row.values()) for row in tags.to_pylist()] == [(7, "bright", 3), (7, "all", 1), (8, "all", 1)]
    assert evaluate(FilterSet([]), batch, COMMON).num_rows == 0
    assert evaluate(FilterSet(named), batch.slice(0, 0), COMMON).num_rows == 0


def test_a_set_names_its_columns_and_survives_pickling() -> None:
    ready = FilterSet([NamedFilter("bright", 3, parse("mag < 19 and survey = 'ztf' and mag > 1", COMMON))])
    assert (ready.versions, ready.needs) == ((("bright", 3),), ("mag", "survey"))
    data = {"mag": pa.array([18.0, 20.0], pa.float32()), "survey": pa.array(["ztf", "ztf"]).dictionary_encode()}
    again = pickle.loads(pickle.dumps(ready))  # noqa: S301 - our own object, as Spark ships it
    assert pairs(again, data.__getitem__, 2) == [(0, 0)]


def test_a_thousand_filters_compile_in_a_fraction_of_the_time_that_reading_them_takes() -> None:
    chance = random.Random(4)
    texts = [grammar.spell(grammar.condition(chance, 4), chance) for _ in range(40)]
    started = time.process_time()
    read = [NamedFilter(text, 1, parse(text, grammar.COLUMNS, grammar.THINGS)) for text in texts]
    reading = time.process_time() - started
    started = time.process_time()
    FilterSet(read)
    assert time.process_time() - started < reading / 4
