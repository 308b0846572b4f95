"""Match, no match and failed are three values, in the columns of a match and in every filter that reads them."""

from __future__ import annotations

import itertools
import pickle
import random
from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pytest

from linnet.adapters.memory_catalogue import MemoryCatalogue
from linnet.adapters.shipped_catalogues import shipped
from linnet.core.catalogue import OpenCatalogue
from linnet.core.column import Column
from linnet.core.module import Module
from linnet.core.plan import Plan
from linnet.core.sky import healpix29
from linnet.core.vocabulary import COMMON
from linnet.errors import ServiceError
from linnet.filters.clauses import verdicts
from linnet.filters.filter_set import FilterSet, NamedFilter
from linnet.filters.formatter import canonical
from linnet.filters.language import parse
from linnet.science.crossmatch import Crossmatch, crossmatch

ROWS = pa.table(
    {
        "ra": [10.0, 10.0002, 200.0],
        "dec": [-5.0, -5.0, 60.0],
        "kind": pa.array(["EW", None, "M"]),
        "period": pa.array([0.5, 2.0, None], pa.float32()),
        "count": pa.array([3, None, 7], pa.int64()),
        "sure": pa.array([True, False, None]),
    }
)
SOME = MemoryCatalogue("some", ROWS, neighbours=2)
DOWN = MemoryCatalogue("some", ROWS, neighbours=2, trouble="the server at home does not answer in time")


def batch(ra: list[float | None], dec: list[float | None]) -> pa.RecordBatch:
    positions = [np.array([np.nan if v is None else v for v in each]) for each in (ra, dec)]
    cells = healpix29(*positions)
    return pa.RecordBatch.from_pydict(
        {
            "healpix": pa.array(cells, pa.int64(), mask=cells < 0),
            "ra": pa.array(ra, pa.float64()),
            "dec": pa.array(dec, pa.float64()),
            "mjd": pa.array([60000.0] * len(ra)),
            "mag": pa.array([17.0] * len(ra), pa.float32()),
        }
    )


ALERTS = batch([10.00001, 200.0, 50.0, None, 10.0002], [-5.0, 60.0001, 0.0, None, -5.0])


def plan(*catalogues: MemoryCatalogue) -> Plan:
    return Plan([crossmatch(c) for c in catalogues], COMMON)


def run(of: Plan, alerts: pa.RecordBatch) -> tuple[pa.RecordBatch, list[tuple[str, str]]]:
    failures: list[tuple[str, str]] = []
    found = of.run(alerts, lambda m, e: failures.append((m.name, str(e))))
    return found, failures


def test_a_match_brings_separation_and_columns_of_the_nearest_rows() -> None:
    found, failures = run(plan(SOME), ALERTS)
    assert failures == []
    assert found.column("some_state").to_pylist() == ["match", "match", "none", None, "match"]
    assert found.column("some_kind").to_pylist() == ["EW", "M", None, None, None]
    assert found.column("some_period").to_pylist() == [0.5, None, None, None, 2.0]
    assert found.column("some_count").to_pylist() == [3, 7, None, None, None]
    assert found.column("some_sure").to_pylist() == [True, None, None, None, False]
    assert found.column("some_sep").to_pylist() == pytest.approx([0.03586, 0.36, None, None, 0.0], abs=1e-4)
    assert found.column("some_2_kind").to_pylist() == [None, None, None, None, "EW"]
    assert found.column("some_2_period").to_pylist() == [2.0, None, None, None, 0.5]
    assert found.column("some_2_sep").to_pylist() == pytest.approx([0.6814, None, None, None, 0.7172], abs=1e-3)


def test_where_nobody_could_look_the_state_says_so_and_the_rest_is_null() -> None:
    found, failures = run(plan(DOWN), ALERTS)
    assert failures == [("some", "the server at home does not answer in time")]
    assert found.column("some_state").to_pylist() == ["failed", "failed", "failed", None, "failed"]
    others = [n for n in found.schema.names if n.startswith("some_") and n != "some_state"]
    assert len(others) == 10
    assert {found.column(n).null_count for n in others} == {ALERTS.num_rows}


def test_a_catalogue_that_comes_back_is_opened_again() -> None:
    class Flaky(MemoryCatalogue):
        down = True

        def open(self) -> OpenCatalogue:
            if Flaky.down:
                raise ServiceError("down")
            return super().open()

    of = plan(Flaky("some", ROWS))
    assert set(run(of, ALERTS)[0].column("some_state").to_pylist()) == {"failed", None}
    Flaky.down = False
    assert run(of, ALERTS)[0].column("some_state").to_pylist() == ["match", "match", "none", None, "match"]


FIRING_NEVER = [
    "some_state = 'match'",
    "some_state != 'match'",
    "some_state = 'none'",
    "some_state = 'failed'",
    "some_state != 'failed'",
    "some_state in ('match', 'none', 'failed')",
    "some_state is null",
    "some_state is not null",
    "some_sep < 1",
    "some_sep is null",
    "some_kind = 'EW'",
    "some_kind is null",
    "some_2_kind is not null",
    "some_period + 1 > 0",
    "(some_period > 1) is null",
    "some_sure",
    "some_sure is null",
    "(some_sure = (mag < 18)) is null",
    "some_sep is null and some_period is null",
    "some_state = some_kind",
]


@pytest.mark.parametrize("text", FIRING_NEVER)
def test_no_filter_fires_because_a_look_up_failed_under_not_either(text: str) -> None:
    of = plan(DOWN)
    found, _ = run(of, ALERTS)
    for each in (text, f"not ({text})", f"not not ({text})", f"({text}) and mag < 18", f"not (({text}) or mag > 18)"):
        assert fired(of, found, each) == []


def test_what_is_true_without_the_look_up_still_fires() -> None:
    of = plan(DOWN)
    found, _ = run(of, ALERTS)
    assert fired(of, found, "mag < 18 or some_state = 'match'") == [0, 1, 2, 3, 4]
    assert fired(of, found, "not (mag > 18 and some_sep is null)") == [0, 1, 2, 3, 4]


def test_a_look_up_that_worked_answers_whether_something_is_null() -> None:
    of = plan(SOME)
    found, _ = run(of, ALERTS)
    assert fired(of, found, "some_kind is null") == [2, 4]
    assert fired(of, found, "some_state = 'match' and some_kind is null") == [4]
    assert fired(of, found, "not (some_sep is null)") == [0, 1, 4]
    assert fired(of, found, "some_state != 'match'") == [2]


def test_a_filter_on_a_look_up_reads_its_state_and_keeps_its_text() -> None:
    columns = plan(SOME).columns
    read = parse("some_sep is null and mag<18", columns)
    assert read.columns == ("mag", "some_sep", "some_state")
    assert parse(canonical(read.tree), columns).tree == read.tree
    assert "some_state" not in canonical(read.tree)


def test_whatever_fires_where_a_look_up_failed_fires_for_all_that_it_could_have_said() -> None:
    rng = random.Random(1)
    of = plan(SOME)
    unknown, _ = run(plan(DOWN), batch([10.0], [-5.0]))
    worlds = [run(of, batch([ra], [dec]))[0] for ra, dec in ((10.0, -5.0), (200.0, 60.0), (50.0, 0.0), (10.0002, -5.0))]
    fired_somewhere = 0
    for _ in range(400):
        text = condition(rng, 4)
        if fired(of, unknown, text):
            fired_somewhere += 1
            assert all(fired(of, world, text) for world in worlds), text
    assert fired_somewhere > 20


def condition(rng: random.Random, depth: int) -> str:
    """A random condition over looked-up and other columns."""
    if depth == 0 or rng.random() < 0.2:
        return rng.choice([*FIRING_NEVER, "mag < 18", "mag > 18", "mag is null"])
    match rng.choice(["and", "or", "not", "null"]):
        case "not":
            return f"not ({condition(rng, depth - 1)})"
        case "null":
            return f"({condition(rng, depth - 1)}) is null"
        case word:
            return f"({condition(rng, depth - 1)}) {word} ({condition(rng, depth - 1)})"


def fired(of: Plan, found: pa.RecordBatch, text: str) -> list[int]:
    """Rows on which a filter fires, by both evaluators, which agree."""
    read = parse(text, of.columns)
    alone = read.evaluate(found.column, found.num_rows)
    rows, _ = FilterSet([NamedFilter("it", 1, read)]).hits(found.column, found.num_rows)
    assert rows.tolist() == [i for i, true in enumerate(alone.to_pylist()) if true], text
    assert set(verdicts(read.tree, found.column, found.num_rows))
    return [int(row) for row in rows]


def arguments(each: Module, alerts: pa.RecordBatch) -> list[pa.Array]:
    return [alerts.column(name) for name in each.needs]


def split(
    alerts: pa.RecordBatch, look: Callable[[pa.RecordBatch], Mapping[str, pa.Array]]
) -> list[Mapping[str, pa.Array]]:
    cuts = [0, 2, 2, 3, alerts.num_rows]
    return [look(alerts.slice(a, b - a)) for a, b in itertools.pairwise(cuts)]


def test_any_split_any_order_and_repetition_give_the_same_rows() -> None:
    each = crossmatch(SOME)
    whole = each.run(arguments(each, ALERTS), ALERTS.num_rows)
    parts = split(ALERTS, lambda part: each.run(arguments(each, part), part.num_rows))
    order = pa.array([4, 1, 1, 0, 3, 2])
    shuffled = each.run(arguments(each, ALERTS.take(order)), len(order))
    for name, column in whole.items():
        assert pa.concat_arrays([p[name] for p in parts]).to_pylist() == column.to_pylist()
        assert shuffled[name].to_pylist() == column.take(order).to_pylist()


def test_nothing_given_nothing_said_and_an_empty_batch_gives_empty_columns() -> None:
    for catalogue in (SOME, DOWN):
        found, _ = run(plan(catalogue), batch([None, None], [None, None]))
        assert {found.column(n).null_count for n in found.schema.names if n.startswith("some_")} == {2}
        found, _ = run(plan(catalogue), ALERTS.slice(0, 0))
        assert found.num_rows == 0


@pytest.mark.parametrize("each", [crossmatch(c) for c in shipped()], ids=lambda m: m.name)
def test_what_a_catalogue_gives_is_declared_as_modules_declare_it(each: Module) -> None:
    assert each.content.split()[0] == "1"
    for name, column in each.gives.items():
        assert name.startswith(f"{each.name}_")
        assert column.doc.endswith(".")
        assert column.nullable
        assert column.look_up == f"{each.name}_state"
        assert isinstance(column, Column)


def test_the_module_of_a_catalogue_pickles_as_a_short_description() -> None:
    each = crossmatch(shipped()[0])
    packed = pickle.dumps(each.function)
    assert len(packed) < 1500, "a description, not the rows"
    again = pickle.loads(packed)  # noqa: S301 - our own bytes, this is how Spark ships a function
    assert isinstance(again, Crossmatch)
    assert again == each.function
