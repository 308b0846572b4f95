"""What a set of filters reads of light curves: each point once, of few alerts, in little memory."""

from __future__ import annotations

import random
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import history_reference as reference
from linnet.core.catalogue import FAILED
from linnet.core.column import Column, code, real
from linnet.core.vocabulary import COMMON, HISTORY
from linnet.errors import FilterError
from linnet.filters import history_values, light_curves
from linnet.filters.evaluate import Evaluation, Lookup
from linnet.filters.filter_set import FilterSet, NamedFilter
from linnet.filters.language import parse
from linnet.filters.light_curves import LightCurves, Points
from linnet.filters.tree import Node
from linnet.filters.vectors import Truth

ALERTS = reference.some_alerts(random.Random(9), 200, 25)
BATCH = reference.batch(ALERTS)


def together(texts: Sequence[str], columns: dict[str, Column] = COMMON) -> FilterSet:
    """The texts as one set."""
    return FilterSet([NamedFilter(str(k), 1, parse(text, columns)) for k, text in enumerate(texts)])


def alone(texts: Sequence[str], batch: pa.RecordBatch) -> list[tuple[int, int]]:
    """Row and filter of all hits, every filter judged by itself."""
    told = [parse(text, COMMON).evaluate(batch.column, batch.num_rows).to_pylist() for text in texts]
    return [(row, k) for row in range(batch.num_rows) for k, mine in enumerate(told) if mine[row] is True]


def hits(filters: FilterSet, lookup: Lookup, length: int) -> list[tuple[int, int]]:
    """Row and filter of all hits."""
    rows, places = filters.hits(lookup, length)
    return list(zip(rows.tolist(), places.tolist(), strict=True))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Gets the number of alerts whose points are looked for, at each time."""
    found: list[int] = []

    def noted(self: LightCurves, rows: Any, kind: int) -> Points:
        found.append(len(rows))
        return _points(self, rows, kind)

    _points = LightCurves.points
    monkeypatch.setattr(LightCurves, "points", noted)
    return found


def test_functions_share_the_points_of_a_sequence_and_the_clauses_of_conditions(
    read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: Counter[Node] = Counter()
    _truth = Evaluation.truth

    def counting(self: Evaluation, node: Node) -> Truth:
        judged[node] += 1
        return _truth(self, node)

    monkeypatch.setattr(Evaluation, "truth", counting)
    texts = [f"{f}(lc.flux where band = 'r' and mjd > now() - 10) > {k}" for k in range(9) for f in ("max", "mean")]
    assert hits(together([*texts, "count(forced) > 3"]), BATCH.column, BATCH.num_rows)
    assert read == [BATCH.num_rows] * 2
    assert sorted(judged.values()) == [1, 1]


def test_what_the_other_clauses_refuse_is_not_read(read: list[int]) -> None:
    passing = [k for k, each in enumerate(ALERTS) if each["gal_lat"] is not None and abs(each["gal_lat"]) > 80]
    assert 0 < len(passing) < len(ALERTS) / 4
    texts = ["abs(gal_lat) > 80 and not (count(lc) > 4)", "mjd < 1 and max(lc.flux) > 3 * gal_lat"]
    assert hits(together(texts), BATCH.column, BATCH.num_rows) == alone(texts, BATCH)
    assert read[0] == len(passing)
    assert len(read) == 1 + 2


def test_functions_that_want_few_of_many_alerts_read_no_others(
    read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [
        "count(lc) > 4",
        "max(lc.flux) > 50",
        "gal_lat > 80 and min(lc.flux) < 3",
        "gal_lat < -80 and count(lc) > 2",
    ]
    wanted = alone(texts, BATCH)
    monkeypatch.setattr(history_values, "BLOCK", 10)
    read.clear()
    assert hits(together(texts), BATCH.column, BATCH.num_rows) == wanted
    few = sum(each["gal_lat"] is not None and each["gal_lat"] > 80 for each in ALERTS)
    assert sorted(read) == [few, len(ALERTS)]


def test_hundreds_of_filters_in_small_blocks_say_what_each_says_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(17)
    texts = []
    for _ in range(150):
        sequence = chance.choice(reference.SEQUENCES)
        where = reference.spell(reference.condition(chance, 2, sequence))
        first = chance.choice(
            ("", "gal_lat > 40 and ", "not is_moving and ", "n_detections > 5 or ", "abs(gal_lat) < 9 and ")
        )
        function = f"count({sequence} where {where})"
        texts.append(
            f"{first}{chance.choice((f'{function} > 2', f'not ({function} < 3)', f'{function} / 2 >= gal_lat'))}"
        )
    wanted = alone(texts, BATCH)
    assert len(wanted) > 1000
    monkeypatch.setattr(light_curves, "BLOCK", 40)
    monkeypatch.setattr(history_values, "BLOCK", 40)
    assert hits(together(texts), BATCH.column, BATCH.num_rows) == wanted


def test_what_a_failed_look_up_did_not_say_leaves_the_number_unknown() -> None:
    state = Column(code("State.").type, "State.", look_up="near_state")
    columns = {**COMMON, "near_state": state, "near_mag": Column(real("M.").type, "Mag.", look_up="near_state")}
    told = [reference.some_alerts(random.Random(1), 1, 0)[0] | {"points": []} for _ in range(4)]
    batch = reference.batch(told)
    more = {
        "near_state": pa.array(["match", "none", FAILED, None]).dictionary_encode(),
        "near_mag": pa.array([19.0, None, None, None], pa.float32()),
    }

    def lookup(name: str) -> pa.Array:
        return more[name] if name in more else batch.column(name)

    wanted = {
        "count(lc where mag < near_mag) = 0": {0, 1},
        "not (count(lc where mag < near_mag) > 0)": {0, 1},
        "count(lc where mag < near_mag) is null": set(),
        "count(lc where near_state = 'none' or flux > 0) = 0": {0, 1},
        "count(lc) = 0": {0, 1, 2, 3},
    }
    for text, rows in wanted.items():
        checked = parse(text, columns)
        assert "hist_kind" in checked.columns
        assert ("near_state" in checked.columns) == ("near" in text)
        verdicts = checked.evaluate(lookup, 4).to_pylist()
        assert {k for k, v in enumerate(verdicts) if v is True} == rows, text
        assert {row for row, _ in hits(together([text], columns), lookup, 4)} == rows, text


def test_a_batch_without_light_curves_says_nothing() -> None:
    for absent in (lambda _: pa.nulls(3), lambda name: HISTORY[name].empty(3)):
        for text in ("count(lc) >= 0", "not count(lc where band = 'r') > 3", "max(lc.flux) > 0 or count(forced) = 0"):
            assert parse(text, COMMON).evaluate(absent, 3).to_pylist() == [None] * 3, text
            assert hits(together([text]), absent, 3) == []
        assert hits(together(["count(lc) is null"]), absent, 3) == [(0, 0), (1, 0), (2, 0)]


def test_lists_that_come_otherwise_than_declared_are_an_error_and_not_an_answer() -> None:
    good = {"hist_kind": pa.array([[0, 0]], pa.list_(pa.int8())), "hist_flux": pa.array([[1.0, 2.0]])}
    odd = {
        "came with 2 rows instead of 1": {"hist_flux": pa.array([[1.0], [2.0]])},
        "came as list<item: string>": {"hist_flux": pa.array([["a", "b"]])},
        "came as double": {"hist_flux": pa.array([1.0])},
        "other lengths": {"hist_flux": pa.array([[1.0]])},
    }
    for words, changed in odd.items():
        lists = {**good, **changed}
        with pytest.raises(FilterError, match=words):
            parse("max(lc.flux) > 1", COMMON).evaluate(lists.__getitem__, 1)
        with pytest.raises(FilterError, match=words):
            together(["max(lc.flux) > 1"]).hits(lists.__getitem__, 1)


def test_lists_whose_points_lie_at_different_places_are_read_right() -> None:
    kinds = pa.array([[9], [0, 1, 0], [], [0]], pa.list_(pa.int8())).slice(1)
    flux = pa.array([[8.0, 8.0], [8.0], [1.0, 50.0, 3.0], None, [7.0]], pa.list_(pa.float32())).slice(2)
    lists = {"hist_kind": kinds, "hist_flux": flux}
    found = parse("max(lc.flux) = 3 or max(lc.flux) = 7", COMMON).evaluate(lists.__getitem__, 3).to_pylist()
    assert found == [True, None, True]


def long_histories(alerts: int, points: int) -> pa.RecordBatch:
    """Alerts with as many points each, as LSST has them after a year."""
    rng, total = np.random.default_rng(4), alerts * points
    edges = pa.array((np.arange(alerts + 1) * points).astype(np.int32))
    columns = {
        "hist_mjd": pa.array(60_000 - rng.uniform(0, 365, total)),
        "hist_band": pa.DictionaryArray.from_arrays(
            rng.integers(0, 6, total).astype(np.int32), pa.array(list("ugrizy"))
        ),
        "hist_flux": pa.array(rng.normal(900, 500, total).astype(np.float32)),
        "hist_kind": pa.array(rng.integers(0, 2, total).astype(np.int8)),
    }
    lists = {name: pa.ListArray.from_arrays(edges, each) for name, each in columns.items()}
    return pa.RecordBatch.from_pydict({**lists, "mjd": pa.array(np.full(alerts, 60_000.0))})


def test_a_filter_takes_little_memory_however_many_points_there_are() -> None:
    batch = long_histories(10_000, 350)
    text = "median(lc.mag where band in ('g', 'r') and mjd > now() - 90) < 23.5 and slope(lc.flux) > 0"
    filters, checked = together([text]), parse(text, COMMON)
    for judge in (lambda: filters.hits(batch.column, 10_000), lambda: checked.evaluate(batch.column, 10_000)):
        judge()
        before = pa.total_allocated_bytes()
        tracemalloc.start()
        judge()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 16e6
        assert pa.total_allocated_bytes() - before < 1e6
