"""Functions of the light curve say what a slow reference says, alone and together, however a batch is cut. 30 s."""

from __future__ import annotations

import math
import pickle
import random
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import history_reference as reference
import real_alerts
from history_reference import COLUMNS, Alert, a_function, spelled
from linnet.filters import light_curves
from linnet.filters.evaluate import judging
from linnet.filters.filter_set import FilterSet, NamedFilter
from linnet.filters.formatter import canonical
from linnet.filters.history_nodes import History
from linnet.filters.history_values import Histories
from linnet.filters.language import parse
from linnet.filters.things import Things
from linnet.filters.tree import Compare

ALERTS = reference.some_alerts(random.Random(7), 60, 30)
BATCH = reference.batch(ALERTS)


def node(text: str) -> History:
    """The node of a function."""
    compared = parse(f"{text} > 0", COLUMNS).tree
    assert isinstance(compared, Compare)
    assert isinstance(compared.left, History)
    return compared.left


def values(texts: Sequence[str], batch: pa.RecordBatch) -> list[list[float | None]]:
    """The values of functions on a batch."""
    nodes = [node(text) for text in texts]
    made = Histories(batch.column, batch.num_rows, nodes, judging(batch.column)).numbers(nodes)
    return [
        [v if ok else None for v, ok in zip(each.values.tolist(), each.valid.tolist(), strict=True)] for each in made
    ]


def close(found: float | None, wanted: float | None) -> bool:
    """Whether two values are the same but for rounding."""
    if found is None or wanted is None:
        return found is wanted
    return math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-9)


def judged(text: str, alerts: Sequence[Alert]) -> list[bool | None]:
    """Verdicts of a filter on alerts; and that a set of filters says the same."""
    batch, checked = reference.batch(alerts), parse(text, COLUMNS)
    found: list[bool | None] = checked.evaluate(batch.column, len(alerts)).to_pylist()
    rows, _ = FilterSet([NamedFilter("it", 1, checked)]).hits(batch.column, len(alerts))
    assert [v is True for v in found] == [row in set(rows.tolist()) for row in range(len(alerts))]
    return found


def alert(*points: tuple[float, float | None], kind: int = 0, **scalars: object) -> Alert:
    """An alert of points (mjd, flux) in r with an error of 2."""
    told = [{"mjd": m, "flux": f, "band": "r", "flux_err": 2.0, "kind": kind} for m, f in points]
    return {"mjd": 60_000.0, "gal_lat": 3.0, "n_detections": 1, "is_moving": False, "points": told, **scalars}


@settings(max_examples=1250, deadline=None)
@given(st.integers(0, 2**48))
def test_every_function_is_what_the_slow_reference_says(seed: int) -> None:
    functions = [a_function(random.Random(seed + k)) for k in range(8)]
    found = values([spelled(each) for each in functions], BATCH)
    for function, mine in zip(functions, found, strict=True):
        wanted = [reference.value(*function, alert) for alert in ALERTS]
        odd = [(f, w) for f, w in zip(mine, wanted, strict=True) if not close(f, w)]
        assert not odd, spelled(function)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**48))
def test_a_set_says_of_every_alert_what_the_slow_reference_says(seed: int) -> None:
    chance = random.Random(seed)
    functions = [a_function(chance) for _ in range(6)]
    told = [[reference.value(*each, alert) for alert in ALERTS] for each in functions]
    texts: list[str] = []
    wanted: list[tuple[int, int]] = []
    for k, (function, mine) in enumerate(zip(functions, told, strict=True)):
        bound = (next((v for v in mine if v is not None), 1.0) or 1.0) * 1.000123 + 0.000456
        first = chance.choice(("", "not is_moving and ", "gal_lat > 0 and ", "is_moving or "))
        texts.append(f"{first}{spelled(function)} > {bound!r}" if k % 3 else f"{spelled(function)} is null")
        passes = [(v is not None and v > bound) if k % 3 else v is None for v in mine]
        if k % 3:
            passes = [_joined(first, alert, p) for alert, p in zip(ALERTS, passes, strict=True)]
        wanted.extend((row, k) for row, p in enumerate(passes) if p)
    filters = FilterSet([NamedFilter(str(k), 1, parse(text, COLUMNS)) for k, text in enumerate(texts)])
    again = pickle.loads(pickle.dumps(filters))  # noqa: S301 - our own object, as Spark ships it
    rows, places = again.hits(BATCH.column, BATCH.num_rows)
    assert list(zip(rows.tolist(), places.tolist(), strict=True)) == sorted(wanted), texts
    alone = [f for k, text in enumerate(texts) for f in _alone(text, k)]
    assert sorted(alone) == sorted(wanted), texts


def _joined(first: str, alert: Alert, passes: bool) -> bool:
    moving, latitude = alert["is_moving"], alert["gal_lat"]
    if first.startswith("is_moving"):
        return passes or moving is True
    return passes and {"": True, "not": moving is False, "gal": latitude is not None and latitude > 0}[first[:3]]


def _alone(text: str, place: int) -> list[tuple[int, int]]:
    verdicts = parse(text, COLUMNS).evaluate(BATCH.column, BATCH.num_rows).to_pylist()
    return [(row, place) for row, verdict in enumerate(verdicts) if verdict is True]


def test_splitting_permuting_and_small_blocks_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(3)
    texts = [spelled(a_function(chance)) for _ in range(40)]
    whole = values(texts, BATCH)
    order = list(range(len(ALERTS)))
    chance.shuffle(order)
    permuted = values(texts, BATCH.take(pa.array(order)))
    assert permuted == [[mine[i] for i in order] for mine in whole]
    for cut in (0, 1, 23, len(ALERTS)):
        parts = [values(texts, part) for part in (BATCH.slice(0, cut), BATCH.slice(cut))]
        assert [a + b for a, b in zip(*parts, strict=True)] == whole
    monkeypatch.setattr(light_curves, "BLOCK", 9)
    assert values(texts, BATCH) == whole


def test_a_text_written_out_is_the_same_filter() -> None:
    chance = random.Random(11)
    for _ in range(200):
        text = f"{spelled(a_function(chance))} > {spelled(a_function(chance))} and now() - mjd = 0"
        tree = parse(text, COLUMNS).tree
        assert parse(canonical(tree), COLUMNS).tree == tree, text
        assert canonical(parse(canonical(tree), COLUMNS).tree) == canonical(tree)


def test_points_without_a_flux_count_and_have_no_value() -> None:
    told = [alert((59_990, None), (59_991, math.nan), (59_992, 8.0))]
    assert judged("count(lc) = 3 and count(lc where flux is not null) = 1", told) == [True]
    assert judged("mean(lc.flux) = 8 and std(lc.flux) is null and slope(lc.flux) is null", told) == [True]
    assert judged("count(lc where flux < 9) = 1 and count(lc where not flux < 9) = 0", told) == [True]


def test_few_points_say_as_much_as_they_can() -> None:
    none, one, twice = alert(), alert((59_990, 5)), alert((59_990, 5), (59_990, 7))
    told = [none, one, twice, {**one, "points": None}]
    assert judged("count(lc) >= 0", told) == [True, True, True, None]
    assert judged("count(lc) is null", told) == [False, False, False, True]
    for function in ("min", "max", "mean", "median"):
        assert judged(f"{function}(lc.flux) > 0", told) == [None, True, True, None], function
    assert judged("std(lc.flux) > 1", told) == [None, None, True, None]
    assert judged("slope(lc.flux) > 0", told) == [None, None, None, None]


def test_values_are_those_of_the_formulas() -> None:
    rising = [alert((59_990, 10.0), (59_991, 12.0), (59_993, 16.0))]
    assert judged("slope(lc.flux) = 2 and mean(lc.flux where mjd < now() - 8) = 11", rising) == [True]
    assert judged("median(lc.flux) = 12 and min(lc.snr) = 5 and max(lc.snr) = 8", rising) == [True]
    bright = [alert((59_990, 36_307.8055), (59_991, -36_307.8055))]
    assert judged("count(lc where mag between 19.9999 and 20.0001) = 1 and min(lc.snr) < -18000", bright) == [True]
    assert judged("count(lc where mag is null) = 1", bright) == [True]


def test_sequences_are_told_apart_by_what_their_points_are() -> None:
    for kind, sequence in enumerate(reference.SEQUENCES):
        told = [alert((59_990, 5.0), kind=kind)]
        others = [name for name in reference.SEQUENCES if name != sequence]
        assert judged(f"count({sequence}) = 1 and {' and '.join(f'count({o}) = 0' for o in others)}", told) == [True]
    limit = [alert((59_990, None), kind=2)]
    assert judged("min(limits.flux_err) * 5 = 10 and max(limits.mjd) = 59990", limit) == [True]


def test_every_construct_of_the_language_may_stand_behind_where_and_around_a_function() -> None:
    told = [alert((59_990, 10.0), (59_995, -4.0), (59_999, 25.0))]
    for text in (
        "count(lc where case when flux > 20 then true when band = 'g' then true else flux < 0 end) = 2",
        "count(lc where sqrt(flux) < 4 and floor(mjd) = mjd) = 1",
        "max(lc.flux where flux between -5 and 2 * n_detections * 6) = 10",
        "case when count(lc where flux > 0) > 1 then max(lc.flux) else gal_lat end = 25",
        "greatest(max(lc.flux), gal_lat) = 25 and least(count(lc), 2) = 2",
        "not (count(lc) in (1, 2) or mean(lc.flux) is null)",
    ):
        assert judged(text, told) == [True], text


def test_a_filter_may_stand_on_one_that_asks_the_light_curve() -> None:
    things = Things(filters={"seen": "count(lc where flux > 0) > 1"})
    checked = parse("not tag('seen') and count(lc) > 0", COLUMNS, things)
    batch = reference.batch([alert((59_990, 10.0), (59_995, 4.0)), alert((59_990, 10.0)), alert()])
    assert checked.columns == ("hist_flux", "hist_kind")
    assert checked.evaluate(batch.column, 3).to_pylist() == [False, True, False]
    assert FilterSet([NamedFilter("it", 1, checked)]).hits(batch.column, 3)[0].tolist() == [1]


@pytest.mark.parametrize("survey", [real_alerts.ztf, real_alerts.lsst])
def test_functions_say_of_real_packets_what_the_slow_reference_says(samples: Path, survey: real_alerts.Reader) -> None:
    batch = survey(samples)[1]
    alerts, chance = reference.alerts_of(batch), random.Random(19)
    functions = [a_function(chance) for _ in range(150)]
    found = values([spelled(each) for each in functions], batch)
    told = 0
    for function, mine in zip(functions, found, strict=True):
        wanted = [reference.value(*function, alert) for alert in alerts]
        assert all(map(close, mine, wanted)), spelled(function)
        told += sum(v is not None for v in wanted)
    assert told > 500
