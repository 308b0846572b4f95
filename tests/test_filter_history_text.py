"""Which texts about the light curve are read, what they read, and what is said of the others."""

from __future__ import annotations

import pytest

from linnet.core.column import Column, real
from linnet.core.vocabulary import COMMON
from linnet.errors import FilterError
from linnet.filters.builtin import read
from linnet.filters.clauses import clauses
from linnet.filters.formatter import canonical
from linnet.filters.history import MAX_HISTORIES, unit_of
from linnet.filters.history_nodes import History
from linnet.filters.language import parse
from linnet.filters.tree import walk

REFUSED = {
    "count(lc where |count(lc) > 1) > 1": "cannot stand in a condition on its points",
    "count(lc where |in_area('lmc')) > 1": "about the alert and not about its points",
    "count(lc where |tag('other')) > 1": "about the alert and not about its points",
    "max(|lc) > 1": "wants a field of numbers: lc.mjd, lc.flux",
    "max(|lc.flx) > 1": "wants a field of numbers",
    "max(|lc.band) = 'r'": "wants a field of numbers",
    "max(|flux) > 1": "did you mean max(lc.flux)?",
    "max(|limits.flux) > 1": "points of limits have no flux; the limiting flux is 5 * flux_err",
    "count(limits where |mag < 20) > 1": "points of limits have no mag",
    "count(|lc.flux) > 1": "count counts points; write count(lc)",
    "count(|x) > 1": "asks something of a sequence of points: lc (detections)",
    "count(|forcd) > 1": "asks something of a sequence of points",
    "count(|) > 1": "asks something of the light curve",
    "count(|3) > 1": "asks something of the light curve",
    "count(lc|, forced) > 1": "followed by `where` and a condition, or ends",
    "count(lc |flux > 1) > 1": "followed by `where` and a condition, or ends",
    "count(lc where|) > 1": "a condition on the points belongs behind `where`",
    "count(lc where |flux) > 1": "what follows `where` is a condition; this is a number",
    "count(lc where |lc.flux > 1) > 1": "after `where` the fields of a point stand alone",
    "count(lc where |forced.flux > 1) > 1": "after `where` the fields of a point stand alone",
    "count(lc where |flxx > 1) > 1": "no column is named flxx; did you mean flux?",
    "count(lc where |hist_flux > 1) > 1": "is a list",
    "count(lc where flux > |'r') > 1": "a number cannot be compared with a text",
    "count(lc where flux > 1 |where flux > 2) > 1": "`where` stands only within a function",
    "count(lc where (flux > 1) > 1|": "a parenthesis is not closed",
    "|lc > 3": "lc is a sequence of points; ask for one number of it",
    "|lc.flux > 3": "lc.flux has one value for each point",
    "|forced.mag is null": "forced.mag has one value for each point",
    "mag < 3 and avg(|lc.flux) > 3": "lc.flux has one value for each point",
    "|MAX(lc.flux) > 3": "no function is named MAX; did you mean max?",
    "mag < 19 and |Now() > 3": "no function is named Now; did you mean now?",
    "mag < 19 |where mag > 2": "`where` stands only within a function",
    "|where > 1": "`where` stands only within a function",
    "now(|3) > 1": "takes nothing in its parentheses",
    "mag < |now": "no column is named now",
    "|counts(1) > 2": "no function is named counts; did you mean count?",
    "alert|.flux > 1": "names have no dots",
    "max(lc.flux|.x) > 1": "names have no dots",
    "max(|lc.1) > 1": "wants a field of numbers",
}


@pytest.mark.parametrize("marked", REFUSED)
def test_a_refused_text_has_a_reason_at_its_place(marked: str) -> None:
    text = marked.replace("|", "")
    with pytest.raises(FilterError) as caught:
        parse(text, COMMON)
    assert REFUSED[marked] in str(caught.value)
    assert 10 < len(str(caught.value)) < 250
    assert caught.value.position == marked.index("|")


def test_the_nearest_valid_name_is_suggested() -> None:
    near = {
        "max(lc.flx) > 1": "lc.flux",
        "max(flux) > 1": "lc.flux",
        "Count(lc) > 1": "count",
        "count(forcd) > 1": "forced",
        "count(lc where bnd = 'r') > 1": "band",
        "count(lc where lc.snr > 3) > 1": "snr",
        "median(forced.snrr) > 1": "forced.snr",
    }
    for text, wanted in near.items():
        with pytest.raises(FilterError) as caught:
            parse(text, COMMON)
        assert caught.value.suggestion == wanted, text


def test_a_filter_names_the_lists_and_columns_that_it_reads() -> None:
    wanted = {
        "count(lc) > 1": {"hist_kind"},
        "max(lc.snr) > mag": {"hist_kind", "hist_flux", "hist_flux_err", "mag"},
        "mean(lc.mag) < 19": {"hist_kind", "hist_flux"},
        "slope(lc.flux) > 1": {"hist_kind", "hist_flux", "hist_mjd"},
        "count(lc where band = 'r' and gal_lat > 3) > 1": {"hist_kind", "hist_band", "gal_lat"},
        "min(forced.mjd where mjd > now() - 3) > 1": {"hist_kind", "hist_mjd", "mjd"},
        "now() > 60000": {"mjd"},
    }
    for text, columns in wanted.items():
        assert parse(text, COMMON).columns == tuple(sorted(columns)), text


def test_names_in_a_condition_on_points_mean_the_point_and_now_the_alert() -> None:
    inside = parse("count(lc where mjd > now() - 10) > 1", COMMON).tree
    assert [type(n).__name__ for n in walk(inside)].count("Field") == 1
    assert parse("now() > 1", COMMON).tree == parse("mjd > 1", COMMON).tree
    assert parse("count(lc where mjd > now()) > 1", COMMON).tree != parse("count(lc where mjd > mjd) > 1", COMMON).tree


def test_layout_and_parentheses_make_no_other_filter() -> None:
    one = parse("count( lc  WHERE ((band='r')) and not (flux<0) )>=2", COMMON)
    assert canonical(one.tree) == "count(lc where band = 'r' and not flux < 0) >= 2"
    assert parse(canonical(one.tree), COMMON).tree == one.tree


def test_a_clause_stands_where_its_words_stand() -> None:
    text = "mag < 19 and not (count(lc where flux > 0 and band = 'r') > 3 or now() - max(lc.mjd) > 2)"
    found = clauses(parse(text, COMMON).tree)
    assert [text[slice(*c.span)] for c in found] == [
        "mag < 19",
        "count(lc where flux > 0 and band = 'r') > 3",
        "now() - max(lc.mjd) > 2",
    ]
    functions = [n for c in found for n in walk(c.node) if isinstance(n, History)]
    assert [text[slice(*f.span)] for f in functions] == ["count(lc where flux > 0 and band = 'r')", "max(lc.mjd)"]


def test_limits_hold_for_conditions_on_points_too() -> None:
    many = " and ".join(["count(lc) > 1"] * (MAX_HISTORIES + 1))
    with pytest.raises(FilterError, match="more than 20 functions of the light curve") as caught:
        parse(many, COMMON)
    assert caught.value.position == many.rindex("count")
    wide = " or ".join(["flux > 1"] * 62)
    parse(f"count(lc where {wide}) > 1 and count(forced where {wide}) > 1", COMMON)
    with pytest.raises(FilterError, match="more than 400"):
        parse(" and ".join([f"count(lc where {wide}) > 1"] * 3), COMMON)
    with pytest.raises(FilterError, match="deep"):
        parse(f"count(lc where {'(' * 24}flux > 1{')' * 24}) > 1", COMMON)


def test_where_there_is_no_light_curve_nothing_is_asked_of_it() -> None:
    columns: dict[str, Column] = {"mag": real("Magnitude.")}
    for text, missing in (("mag < 19 and count(lc) > 1", "hist_kind"), ("now() > 1", "mjd")):
        with pytest.raises(FilterError, match=f"no column {missing} here"):
            parse(text, columns)


def test_functions_have_units() -> None:
    wanted = {
        "count(lc)": "",
        "max(lc.flux)": "nJy",
        "slope(lc.mag)": "mag.d**-1",
        "slope(lc.snr)": "d**-1",
        "slope(lc.mjd)": "",
        "std(lc.mjd)": "d",
    }
    for text, unit in wanted.items():
        function = next(n for n in walk(parse(f"{text} > 1", COMMON).tree) if isinstance(n, History))
        assert unit_of(function) == unit, text


RISING = """
topic_line = "Rising in r"
description = "Two detections in r, the last one brighter."
reference = "none"
text = "count(lc where band = 'r') >= 2 and slope(lc.flux where band = 'r') > {least}"

[options]
least = { value = 5, unit = "nJy.d**-1", meaning = "Slope, at least." }

[prey]
classes = ["sn_ia"]
among = "count(lc) >= 2"
efficiency = 0.8

[[must_pass]]
why = "it rises by 10 a day"
[must_pass.row]
hist_mjd = [60000.0, 60001.0, 60002.0]
hist_band = ["r", "r", "g"]
hist_kind = [0, 0, 0]
hist_flux = [100.0, 110.0, 5.0]

[[must_not]]
why = "it is constant"
like = 0
change = { hist_flux = [100.0, 100.0, 5.0] }

[[must_not]]
why = "the first flux is not known"
like = 0
change = { hist_flux = [nan, 110.0, 5.0] }

[[must_not]]
why = "no light curve is known"
like = 0
null = ["hist_mjd", "hist_band", "hist_kind", "hist_flux"]
"""


def test_numbers_with_units_are_converted_to_those_of_points_and_functions() -> None:
    same = {
        "max(lc.flux) > 5 uJy": "max(lc.flux) > 5000.0",
        "slope(lc.mag) < -0.2 mag/d": "slope(lc.mag) < -0.2",
        "count(lc where mjd > now() - 48 h) > 3": "count(lc where mjd > now() - 2.0) > 3",
        "now() - min(lc.mjd) < 12 h": "now() - min(lc.mjd) < 0.5",
    }
    for text, plain in same.items():
        assert parse(text, COMMON).tree == parse(plain, COMMON).tree, text
    for text in ("max(lc.snr) > 5 mag", "count(lc) > 3 d", "count(lc where flux > 3 d) > 3", "slope(lc.mag) < 0.2 mag"):
        with pytest.raises(FilterError, match="does not fit"):
            parse(text, COMMON)


def test_examples_of_a_filter_have_light_curves() -> None:
    assert "hist_flux" in read("rising", RISING).check(COMMON).columns
    with pytest.raises(FilterError, match="it is constant: it must not pass"):
        read("rising", RISING.replace("value = 5", "value = -1")).check(COMMON)
    with pytest.raises(FilterError, match="other lengths"):
        read("rising", RISING.replace("[100.0, 110.0, 5.0]", "[100.0, 110.0]")).check(COMMON)
    with pytest.raises(FilterError, match="of another type"):
        read("rising", RISING.replace("[100.0, 110.0, 5.0]", '["a", "b", "c"]')).check(COMMON)
