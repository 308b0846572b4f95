"""Why, for every form of the language: functions, case, tags, memberships, the light curve. About 10 s."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from linnet.core.column import Column, boolean, code, integer, real
from linnet.core.vocabulary import HISTORY
from linnet.filters.explain import Explanation, explain
from linnet.filters.language import parse
from linnet.filters.things import Things
from test_filter_explain import check

COLUMNS: dict[str, Column] = {
    "a": integer("a", bits=32),
    "b": real("b", unit="mag"),
    "c": real("c", unit="nJy", bits=64),
    "mjd": real("mjd", unit="d", bits=64),
    "gal_lat": real("gal_lat", unit="deg"),
    "ra": real("ra", unit="deg", bits=64),
    "dec": real("dec", unit="deg", bits=64),
    "t": boolean("t"),
    "band": code("band"),
    "near": Column(pa.float32(), "near", "arcsec", look_up="cat_state"),
    "cat_state": Column(pa.string(), "cat_state", look_up="cat_state"),
    **HISTORY,
}
THINGS = Things(
    frozenset({"field"}), frozenset({"targets"}), {"bright": "b < 18 and t", "inner": "tag('bright') or a > 9"}
)
MEMBERS = {"in_area:field": [True, False, None, True, False, True], "in_watchlist:targets": [None, True, False] * 2}
ROWS: dict[str, list[Any]] = {
    "a": [1, -5, None, 12, 7, 0],
    "b": [17.5, 18.5, 21.0, None, 19.0, 18.0],
    "c": [100.0, -3.0, 0.0, 5e4, None, 81.0],
    "mjd": [60000.0 + i for i in range(6)],
    "gal_lat": [-60.0, 3.0, None, 45.0, -1.0, 20.0],
    "ra": [10.0, 10.001, 359.9, 180.0, 0.0, 90.0],
    "dec": [-1.0, -1.001, 89.0, 45.0, 0.0, -90.0],
    "t": [True, False, None, True, True, False],
    "band": ["r", "g", None, "i", "r", "u"],
    "near": [0.5, None, None, 3.0, None, 1.0],
    "cat_state": ["match", "none", "failed", "match", None, "match"],
}
TEXTS = (
    "case when b < 18 then c > 50 when t then a > 3 else false end",
    "case when band = 'r' then b when band = 'g' then b - 1 else 25 end < 19",
    "sqrt(c) > 9 and least(a, 5) >= 1",
    "log10(c) between 1 and 3 or exp(a) < 2 or floor(b) = 18",
    "greatest(b, 18.2) > 18.2 and abs(a) <= 7",
    "tag('inner') and c > 0",
    "not tag('bright')",
    "in_area('field') and not in_watchlist('targets')",
    "in_area('field') or b < 18",
    "in_watchlist('targets') is null or a > 0",
    "cone(10, -1, 10 arcsec) and b < 20 mag",
    "near < 0.1 arcmin and not near is null",
    "now() > 60002 d and galactic_latitude() > 0 deg",
    "count(lc) >= 2 and max(lc.flux where band = 'r') > 5 * c",
    "slope(lc.mag where mjd > now() - 10) < -0.1 or std(lc.flux) > 3 * mean(lc.flux_err)",
    "count(lc where snr > 5 and flux > c) = 0 or count(forced) > 0",
    "a is not null and -a * 2 + 3 >= b / 2 - 1",
)


def batch() -> pa.RecordBatch:
    """Six rows with everything."""
    columns = {n: pa.array(v, COLUMNS[n].type) if n != "band" else band(v) for n, v in ROWS.items()}
    n = len(ROWS["a"])
    points = {
        "mjd": [[60000.0 + i - d for d in (5.0, 2.0, 0.0)][: i % 4] for i in range(n)],
        "band": [["r", "g", "r"][: i % 4] for i in range(n)],
        "flux": [[50.0 * i, 700.0, 90.0][: i % 4] for i in range(n)],
        "flux_err": [[5.0, 9.0, 8.0][: i % 4] for i in range(n)],
        "kind": [[0, 1, 0][: i % 4] for i in range(n)],
        "source_id": [[1, 2, 3][: i % 4] for i in range(n)],
        "key": [[1, 2, 3][: i % 4] for i in range(n)],
        "public": [[True] * min(i % 4, 3) for i in range(n)],
    }
    for name, lists in points.items():
        kind = HISTORY[f"hist_{name}"].type
        plain = pa.array(lists, pa.list_(pa.string()) if name == "band" else kind)
        if name == "band":
            plain = pa.ListArray.from_arrays(plain.offsets, band(plain.flatten().to_pylist()))
        columns[f"hist_{name}"] = plain
    columns |= {name: pa.array(values, pa.bool_()) for name, values in MEMBERS.items()}
    return pa.RecordBatch.from_pydict(columns)


def band(values: list[str | None]) -> pa.Array:
    return pa.array(values, pa.string()).dictionary_encode()


def told(text: str) -> list[Explanation]:
    rows = batch()
    return explain(parse(text, COLUMNS, THINGS), rows.column, rows.num_rows, COLUMNS)


PLAIN = [text for text in TEXTS if "lc" not in text]
DECLARED = {**COLUMNS, **{name: boolean("member") for name in MEMBERS}}


@pytest.mark.parametrize("text", PLAIN)
def test_every_form_combines_to_the_verdict_and_its_change_turns_it(text: str) -> None:
    passing, changed = check(parse(text, COLUMNS, THINGS), batch(), DECLARED)
    assert changed >= 1, text
    assert changed >= passing


@pytest.mark.parametrize("text", [text for text in TEXTS if "lc" in text])
def test_a_function_of_the_light_curve_is_one_value(text: str) -> None:
    condition, rows = parse(text, COLUMNS, THINGS), batch()
    found = told(text)
    assert [e.verdict for e in found] == condition.evaluate(rows.column, rows.num_rows).to_pylist()
    names = {name for e in found for h in e.clauses for name in h.saw}
    assert any(name.startswith(("count(", "max(", "slope(", "std(")) for name in names)
    assert not any(name.startswith("hist_") for name in names)
    assert any(e.change is not None for e in found)


def test_what_a_function_saw_has_its_value_and_unit() -> None:
    found = told("max(lc.flux where band = 'r') > 120 and slope(lc.flux) > 0 and count(lc) >= 2")
    (largest, slope, count) = found[3].clauses
    assert (dict(largest.saw), largest.unit) == ({"max(lc.flux where band = 'r')": 150.0}, "nJy")
    assert largest.margin == 30.0
    assert slope.unit == "nJy.d**-1"
    assert slope.saw == {"slope(lc.flux)": pytest.approx((90.0 - 150.0) / 5.0)}
    assert (count.margin, count.verdict) == (0, True)
    assert found[0].clauses[0].why_null == "max(lc.flux where band = 'r') is null"
    change = told("count(lc) >= 3")[3].change
    assert change is not None
    assert (change.column, change.before, change.after) == ("count(lc)", 2, 3)


def test_a_membership_that_nobody_could_look_up_is_named() -> None:
    found = told("in_area('field') and a > -100")
    assert found[2].clauses[0].why_null == "the look-up failed: in_area:field"
    change = found[1].change
    assert change is not None
    assert (change.column, change.before, change.after) == ("in_area:field", False, True)


def test_the_clauses_of_another_filter_stand_where_its_name_does() -> None:
    text = "tag('inner') and c > 0"
    clauses = told(text)[0].clauses
    assert [c.text for c in clauses] == ["b < 18", "t", "a > 9", "c > 0"]
    assert {text[slice(*c.span)] for c in clauses[:3]} == {"tag('inner')"}


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("sqrt(c) > 1", ""),
        ("abs(c) > 1", "nJy"),
        ("least(c, 5) > 1", "nJy"),
        ("c / c > 1", ""),
        ("2 * c > 1", "nJy"),
        ("c / 2 > 1", "nJy"),
        ("case when t then b else 25 end < 19", "mag"),
    ],
)
def test_a_margin_has_the_unit_of_what_is_compared(text: str, unit: str) -> None:
    assert told(text)[0].clauses[0].unit == unit
