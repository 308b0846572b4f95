"""Why a filter passes or not: against the filter itself, logic in plain Python, and brute force. About 90 s."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import simulated_nights
from corridors import SURVEYS
from linnet.core.avro_schema import SchemaCache
from linnet.core.column import Column, boolean, code, integer, real, text
from linnet.core.counted import counted
from linnet.core.envelope import Message, envelopes
from linnet.core.lightcurve import join
from linnet.core.unit import POINT
from linnet.engines.arrivals import open_batch
from linnet.filters.blocking import to_turn
from linnet.filters.builtin import BuiltinFilter, builtin
from linnet.filters.explain import Explanation, explain
from linnet.filters.language import Filter, parse
from linnet.filters.ordered_values import ordered
from linnet.filters.tree import And, Node, Not, Or, Tagged
from test_filter_builtin import COLUMNS, EVERY, PLAN
from test_filter_builtin import real as real_batch

SMALL = {
    "a": integer("a", bits=8),
    "b": integer("b", bits=8),
    "c": integer("c", bits=8),
    "x": real("x", unit="mag"),
    "y": real("y", bits=64, unit="nJy"),
    "y_err": real("y_err", unit="nJy"),
    "t": boolean("t"),
    "word": code("word"),
    "near": Column(pa.float32(), "near", "arcsec", look_up="cat_state"),
    "cat_state": Column(pa.string(), "cat_state", look_up="cat_state"),
    "name": text("name"),
}
Look = Callable[[str], pa.Array]


def look_up_in(batch: pa.RecordBatch, columns: dict[str, Column]) -> Look:
    """Columns of a batch, typed nulls for all others."""
    return lambda n: batch.column(n) if n in batch.schema.names else columns[n].empty(batch.num_rows)


def one(text: str, **values: Any) -> Explanation:
    """The explanation of one row."""
    row = pa.RecordBatch.from_pydict({n: pa.array([values.get(n)], c.type) for n, c in SMALL.items()})
    (found,) = explain(parse(text, SMALL), look_up_in(row, SMALL), 1, SMALL)
    return found


def kleene(node: Node, said: Iterator[bool | None]) -> bool | None:
    """The verdict of a tree out of those of its clauses, one after the other, in plain Python."""
    if isinstance(node, Tagged):
        return kleene(node.item, said)
    if not isinstance(node, And | Or | Not):
        return next(said)
    if isinstance(node, Not):
        inner = kleene(node.item, said)
        return None if inner is None else not inner
    parts = [kleene(item, said) for item in node.items]
    if isinstance(node, And):
        return False if False in parts else None if None in parts else True
    return True if True in parts else None if None in parts else False


def check(condition: Filter, batch: pa.RecordBatch, columns: dict[str, Column]) -> tuple[int, int]:
    """Explain every row and hold it against the filter itself; gives rows that pass, and rows with a change."""
    look_up = look_up_in(batch, columns)
    found = explain(condition, look_up, batch.num_rows, columns)
    verdicts = condition.evaluate(look_up, batch.num_rows).to_pylist()
    assert [e.verdict for e in found] == verdicts
    for each in found:
        assert kleene(condition.tree, iter([h.verdict for h in each.clauses])) is each.verdict
    rows = [i for i, each in enumerate(found) if each.change is not None]
    changed = {}
    for name in condition.columns:
        values = look_up(name).take(pa.array(rows, pa.int64())).to_pylist()
        for place, row in enumerate(rows):
            change = found[row].change
            assert change is not None
            if change.column == name:
                assert values[place] == change.before
                values[place] = change.after
        changed[name] = pa.array(values, columns[name].type)
    after = condition.evaluate(changed.__getitem__, len(rows)).to_pylist()
    assert all((now is True) is not (verdicts[row] is True) for now, row in zip(after, rows, strict=True))
    return sum(v is True for v in verdicts), len(rows)


@pytest.fixture(scope="module")
def thousand(shared_data: Path) -> list[pa.RecordBatch]:
    """About 1,000 alerts with all columns: real ones of both surveys, and simulated ones of all classes."""
    found = [real_batch(shared_data, "ztf").slice(0, 320), real_batch(shared_data, "lsst").slice(0, 180)]
    for name in ("ztf", "lsst"):
        messages = simulated_nights.night_of(name)[2]
        chosen = messages[:: max(1, len(messages) // 260)][:260]
        survey = next(s for s in SURVEYS if s.name == name)
        batch = envelopes([Message(m, name, 0, i) for i, m in enumerate(chosen)])
        fields = {s.name: s.fields() for s in SURVEYS}
        (arrivals,) = open_batch(batch, SURVEYS, SchemaCache(SURVEYS), fields, 0.0).arrivals
        parts = {n: arrivals.alerts.column(n) for n in arrivals.alerts.schema.names}
        parts |= join(arrivals.alerts, POINT.empty_table())
        parts |= counted(pa.RecordBatch.from_pydict(parts), survey.night)
        found.append(PLAN.run(pa.RecordBatch.from_pydict(parts), lambda _m, error: pytest.fail(repr(error))))
    assert sum(b.num_rows for b in found) >= 1000
    return found


@pytest.mark.parametrize("each", EVERY)
def test_clauses_combine_to_the_verdict_and_the_change_turns_it_on_a_thousand_alerts(
    each: BuiltinFilter, thousand: list[pa.RecordBatch]
) -> None:
    condition = parse(each.text, COLUMNS)
    counts = [check(condition, batch, COLUMNS) for batch in thousand]
    passing, changed = (sum(c) for c in zip(*counts, strict=True))
    # Whatever passes can be turned by one value.
    assert changed >= passing


def test_what_passes_in_the_built_in_examples_is_turned_by_one_value() -> None:
    from linnet.filters.builtin import table

    for each in builtin():
        batch = table(each.must_pass, COLUMNS)
        passing, changed = check(parse(each.text, COLUMNS), batch, dict(COLUMNS))
        assert passing == changed == batch.num_rows, each.name


TEXTS = ("a > 3", "b between -4 and 6", "a + b >= c", "c in (1, 5, -7)", "not a = 2", "2 * c < a", "abs(b) > 9", "t")


def random_text(draw: random.Random, depth: int = 3) -> str:
    """A condition over a, b, c and t."""
    if depth == 0 or draw.random() < 0.25:
        return draw.choice((*TEXTS, f"a < {draw.randint(-20, 20)}", "c is null", f"abs(c - b) <= {draw.randint(0, 9)}"))
    parts = [random_text(draw, depth - 1) for _ in range(draw.randint(2, 3))]
    joined = f" {draw.choice(('and', 'or'))} ".join(f"({p})" for p in parts)
    return f"not ({joined})" if draw.random() < 0.2 else joined


def brute_force(condition: Filter, row: dict[str, Any]) -> float | None:
    """The smallest relative change of one whole number that turns the verdict; None where none of them does."""
    least: float | None = None
    for name in ("a", "b", "c"):
        here = row[name]
        if here is None or name not in condition.columns:
            continue
        values = [v for v in range(-127, 128) if v != here]
        columns = {n: pa.array([row[n]] * len(values), SMALL[n].type) for n in row} | {
            name: pa.array(values, pa.int8())
        }
        now = condition.evaluate(columns.__getitem__, len(values)).to_pylist()
        before = condition.evaluate(lambda n: pa.array([row[n]], SMALL[n].type), 1).to_pylist()[0] is True
        sizes = [abs(v - here) / (abs(here) or 1.0) for v, n in zip(values, now, strict=True) if (n is True) != before]
        least = min([*sizes, *([] if least is None else [least])], default=None)
    return least


def test_no_smaller_change_of_a_number_is_found_by_trying_them_all() -> None:
    draw = random.Random(7)
    worse = missed = found_some = 0
    for _ in range(400):
        condition = parse(random_text(draw), SMALL)
        row = {n: draw.choice((None, *range(-25, 26))) for n in "abc"} | {"t": draw.choice((None, True, False))}
        batch = pa.RecordBatch.from_pydict({n: pa.array([v], SMALL[n].type) for n, v in row.items()})
        check(condition, batch, SMALL)
        (found,) = explain(condition, look_up_in(batch, SMALL), 1, SMALL)
        least = brute_force(condition, row)
        size = found.change.size if found.change is not None else None
        if least is None:
            assert size is None
            continue
        found_some += 1
        missed += size is None
        worse += size is not None and size > least * (1 + 1e-9)
    assert found_some > 100
    assert (worse, missed) == (0, 0)


def test_the_least_number_of_clauses_is_that_of_trying_all_sets_of_them() -> None:
    draw = random.Random(11)
    for _ in range(150):
        condition = parse(random_text(draw, 2), SMALL)
        row = pa.RecordBatch.from_pydict({n: pa.array([draw.randint(-25, 25)], pa.int8()) for n in "abc"})
        (found,) = explain(condition, look_up_in(row, SMALL), 1, SMALL)
        said = {h.path: h.verdict for h in found.clauses}
        if len(said) > 6:
            continue
        passes = found.verdict is True
        least = min(
            sum(now is not said[path] for path, now in zip(said, way, strict=True))
            for way in itertools.product((True, False, None), repeat=len(said))
            if (kleene(condition.tree, iter(way)) is True) is not passes
        )
        assert to_turn(condition.tree, said) == least


def test_a_clause_says_what_it_saw_with_margin_threshold_and_unit() -> None:
    found = one("x < 19 and y > 5 * y_err and abs(a) > 7 and a between 1 and 9", x=19.5, y=90.0, y_err=20.0, a=-8)
    first, second, third, fourth = found.clauses
    assert (first.verdict, dict(first.saw), first.threshold, first.margin, first.unit) == (
        False,
        {"x": 19.5},
        19,
        -0.5,
        "mag",
    )
    assert (second.verdict, dict(second.saw), second.threshold, second.margin, second.unit) == (
        False,
        {"y": 90.0, "y_err": 20.0},
        100.0,
        -10.0,
        "nJy",
    )
    assert (third.verdict, third.margin) == (True, 1)
    assert (fourth.verdict, fourth.margin) == (False, -9)
    assert found.change is None
    assert found.clauses_to_turn == 3


def test_the_change_goes_to_the_next_value_of_the_columns_own_type() -> None:
    for name in ("x", "y"):
        order = ordered(SMALL[name].type)
        assert order is not None
        change = one(f"{name} > 5", **{name: 4.5}).change
        assert change is not None
        assert change.after == order.value(order.number(5.0) + 1) > 5
    change = one("y / y_err > 3", y=10.0, y_err=5.0).change
    assert change is not None
    assert change.column in ("y", "y_err")
    at_limit = one("x >= 5", x=5.0).change
    assert at_limit is not None
    assert at_limit.after is not None
    assert 4.9999 < float(at_limit.after) < 5


def test_null_says_why_and_a_failed_look_up_is_named() -> None:
    assert one("x < 19").clauses[0].why_null == "x is null"
    assert one("y / y_err > 3", y=1.0, y_err=0.0).clauses[0].why_null == "what is computed here has no finite value"
    failed = one("near is null", cat_state="failed")
    assert failed.verdict is None
    assert failed.clauses[0].why_null == "the look-up failed: cat_state is failed"
    assert failed.change is not None
    assert (failed.change.column, failed.change.before, failed.change.after) == ("cat_state", "failed", "match")
    assert one("not near < 2", cat_state="failed").clauses[0].why_null.startswith("the look-up failed")


def test_texts_and_truths_change_where_no_number_can() -> None:
    change = one("word = 'ztf' and t", word="lsst", t=True).change
    assert change is not None
    assert (change.column, change.after) == ("word", "ztf")
    change = one("not t", t=True).change
    assert change is not None
    assert (change.column, change.after) == ("t", False)
    both = one("word = 'ztf' and t", word="lsst", t=False)
    assert both.change is None
    assert both.clauses_to_turn == 2
    number_first = one("word = 'ztf' and x < 19", word="ztf", x=10.0).change
    assert number_first is not None
    assert number_first.column == "x"
