"""The filters that ship: their examples, real alerts, and that every clause is held by an example. About 10 s."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import real_alerts
from linnet.app.wiring import plan, stored_columns
from linnet.core.column import Column
from linnet.core.module import Module
from linnet.errors import FilterError
from linnet.filters.builtin import BuiltinFilter, Example, builtin, read, table
from linnet.filters.clauses import clauses
from linnet.filters.evaluate import Evaluation
from linnet.filters.language import parse
from linnet.filters.parts import NAMED, parts
from linnet.filters.tree import And, IsNull, Node, Not, Or

PLAN = plan()
COLUMNS: dict[str, Column] = PLAN.columns
EVERY = [pytest.param(each, id=each.name) for each in builtin()]
NULL_SAYS_SOMETHING = (
    "ztf_drb",
    "ztf_ssdistnr",
    "ztf_distpsnr1",
    "ztf_sgscore1",
    "body_id",
    "lsst_timeWithdrawnMjdTai",
)
"""Columns whose null a filter may take for an answer: no such score yet, nothing near, not withdrawn."""

OF_EITHER_SIGN = {"agn_variable", "blazar_high_state", "uniform_sample_clean", "variable_star"}
"""Filters that take what is fainter than the template, too."""

ONE_OF_SEVERAL = {
    "blazar_high_state": ("hsp_state", "lac_state"),
    "known_variable_outburst": (
        "gcvs_state",
        "gcvs_type",
        "cv_state",
        "mcv_state",
        "mag",
        "ztf_magnr",
        "template_flux",
        "science_flux",
    ),
    "fast_fading": ("n_detections",),
    "long_slow_riser": ("slope_chi2",),
    "near_galaxy_rising": ("lsst_extendedness",),
    "tde_candidate": ("colour_g_r_change_err", "lsst_extendedness"),
}
"""Columns of conditions of which one is enough: without one of them a row may pass by another."""

NO_SCORES = {"fast_trail"}
"""Filters that do not ask for a survey's score, which takes trails for bogus."""

NEAR_BODIES = {"uniform_sample_clean", "known_variable_outburst", "galactic_nova_candidate"}
"""Filters that do not ask for known bodies nearby: a star stays what it is when an asteroid passes."""

GOOD = """
topic_line = "A line"
description = "What it is."
reference = "A paper"
text = "mag < {faintest}"
options = { faintest = { value = 19, unit = "mag", meaning = "Faintest magnitude." } }
prey = { classes = ["sn_ia"], among = "mag < 19", efficiency = 0.8 }
must_pass = [{ why = "bright", row = { mag = 18.0 } }]
must_not = [{ why = "unknown", like = 0, null = ["mag"] }]
"""


def verdicts(tree: Node, examples: tuple[Example, ...]) -> list[bool]:
    """Whether each example passes."""
    batch = table(examples, COLUMNS)
    return [v is True for v in Evaluation(batch.column, batch.num_rows).condition(tree).to_pylist()]


def negated_at(node: Node, path: tuple[int, ...]) -> Node:
    """A tree with the clause at an address turned around."""
    if not path:
        return Not(node)
    if isinstance(node, Not):
        return Not(negated_at(node.item, path[1:]))
    if isinstance(node, And | Or):
        items = list(node.items)
        items[path[0]] = negated_at(items[path[0]], path[1:])
        return replace(node, items=tuple(items))
    raise AssertionError(path)


@cache
def real(folder: Path, survey: str) -> pa.RecordBatch:
    """Real alerts with all module columns."""
    return PLAN.run({"ztf": real_alerts.ztf, "lsst": real_alerts.lsst}[survey](folder)[1], _fails)


def _fails(module: Module, error: Exception) -> None:
    raise AssertionError(module.name) from error


def passing(each: BuiltinFilter, batch: pa.RecordBatch) -> pa.RecordBatch:
    """The alerts that pass a filter."""

    def lookup(name: str) -> pa.Array:
        return batch.column(name) if name in batch.schema.names else COLUMNS[name].empty(batch.num_rows)

    return batch.filter(parse(each.text, COLUMNS).evaluate(lookup, batch.num_rows).fill_null(False))


def without_a_value(each: BuiltinFilter) -> Iterator[Example]:
    for example in each.must_pass:
        for name, _ in example.row:
            yield Example(name, tuple((n, v) for n, v in example.row if n != name))


def test_these_filters_ship() -> None:
    assert [each.name for each in builtin()] == [
        *("agn_variable", "blazar_high_state", "bright_new_transient", "fast_fading", "fast_trail"),
        *("galactic_nova_candidate", "hostless_transient", "known_variable_outburst", "long_slow_riser"),
        *("microlensing_candidate", "near_galaxy_rising", "solar_system_new_candidate", "stellar_flare"),
        *("tde_candidate", "uniform_sample_clean", "variable_star", "young_and_rising"),
    ]


@pytest.mark.parametrize("each", EVERY)
def test_its_examples_pass_and_its_counter_examples_do_not(each: BuiltinFilter) -> None:
    checked = each.check(COLUMNS)
    assert "survey" in checked.columns
    assert ("is_positive" in checked.columns) is (each.name not in OF_EITHER_SIGN)
    assert {dict(e.row)["survey"] for e in each.must_pass} == {"ztf", "lsst"}
    assert len(each.topic_line) <= 120
    assert "unknown never passes" in each.description


@pytest.mark.parametrize("each", EVERY)
def test_turning_any_clause_around_is_noticed_by_an_example(each: BuiltinFilter) -> None:
    tree = each.check(COLUMNS).tree
    examples = (*each.must_pass, *each.must_not)
    right = verdicts(tree, examples)
    unnoticed = [c.text for c in clauses(tree) if verdicts(negated_at(tree, c.path), examples) == right]
    assert not unnoticed


@pytest.mark.parametrize("each", EVERY)
def test_it_never_fires_on_what_is_unknown(each: BuiltinFilter) -> None:
    tree = each.check(COLUMNS).tree
    assert verdicts(tree, (Example("nothing is known", ()),)) == [False]
    examples = tuple(without_a_value(each))
    fired = {e.why for e, passes in zip(examples, verdicts(tree, examples), strict=True) if passes}
    assert fired <= {*NULL_SAYS_SOMETHING, *ONE_OF_SEVERAL.get(each.name, ())}
    asked = {c.text for c in clauses(tree) if isinstance(c.node, IsNull)}
    assert asked <= {f"{name} is null" for name in NULL_SAYS_SOMETHING}


@pytest.mark.parametrize("each", EVERY)
def test_no_quality_flag_is_read_the_wrong_way_round(each: BuiltinFilter) -> None:
    good = next(e for e in each.must_pass if dict(e.row)["survey"] == "lsst")
    flags = [n for n, v in good.row if n.startswith("lsst_") and v is False]
    assert len(flags) == (4 if each.name == "fast_trail" else 12)
    raised = tuple(Example(f, tuple((n, True if n == f else v) for n, v in good.row)) for f in flags)
    missing = tuple(Example(f, tuple((n, v) for n, v in good.row if n != f)) for f in flags)
    tree = each.check(COLUMNS).tree
    assert verdicts(tree, (good,)) == [True]
    assert not any(verdicts(tree, raised + missing))


def test_bright_new_transients_are_found_among_real_alerts(shared_data: Path) -> None:
    each = next(e for e in builtin() if e.name == "bright_new_transient")
    found = passing(each, real(shared_data, "ztf"))
    names = set(found.column("object_id").to_pylist())
    assert {"ZTF21abiuvdk", "ZTF19aazzpje"} <= names
    assert found.num_rows < 0.05 * real(shared_data, "ztf").num_rows
    for row in found.to_pylist():
        assert row["mag"] < 19
        assert row["is_positive"]
        assert row["ztf_rb"] >= 0.55
        assert row["ztf_nbad"] == 0
        assert row["ztf_ssdistnr"] is None or row["ztf_ssdistnr"] > 12


def test_young_and_rising_finds_a_supernova_in_its_first_days_and_not_later(shared_data: Path) -> None:
    each = next(e for e in builtin() if e.name == "young_and_rising")
    found = [r for r in passing(each, real(shared_data, "ztf")).to_pylist() if r["object_id"] == "ZTF21abiuvdk"]
    assert found
    assert all(r["age"] < 5 and r["ztf_jd"] - r["ztf_jdstarthist"] < 5 for r in found)


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_no_filter_takes_a_real_asteroid_that_the_survey_knows(shared_data: Path, survey: str) -> None:
    for each in builtin():
        for row in passing(each, real(shared_data, survey)).to_pylist():
            assert not row["is_moving"] or each.name == "uniform_sample_clean", each.name
            assert each.name in NEAR_BODIES or row["body_sep"] is None or row["body_sep"] > 5, each.name


def test_a_filter_that_breaks_its_example_is_refused() -> None:
    columns = {"mag": COLUMNS["mag"]}
    assert read("good_one", GOOD).check(columns).columns == ("mag",)
    with pytest.raises(FilterError, match="unknown: it must not pass"):
        read("bad_one", GOOD.replace("{faintest}", "{faintest} or mag is null")).check(columns)
    with pytest.raises(FilterError, match="bright: it must pass"):
        read("bad_one", GOOD.replace("value = 19", "value = 17")).check(columns)
    with pytest.raises(FilterError, match="names column nag"):
        read("bad_one", GOOD.replace("{ mag = 18.0 }", "{ nag = 18.0 }")).check(columns)
    with pytest.raises(FilterError, match="of another type"):
        read("bad_one", GOOD.replace("{ mag = 18.0 }", "{ mag = 'x' }")).check(columns)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('reference = "A paper"', "", "keys missing or unknown: reference"),
        ('reference = "A paper"', 'reference = " "', "reference is empty"),
        ('reference = "A paper"', 'reference = "A paper"\ncut = 1', "keys missing or unknown: cut"),
        ("like = 0", "like = 1", "like a row that is not there"),
        ("like = 0", "like = 0, row = { mag = 1.0 }", "an example has"),
        ('must_not = [{ why = "unknown", like = 0, null = ["mag"] }]', "must_not = []", "both needed"),
        ("topic_line", "topic line", "filter a_file:"),
        ("value = 19", "value = '19'", "has a number as value"),
        ("value = 19", "value = true", "has a number as value"),
        ("value = 19", "value = inf", "has a number as value"),
        (', unit = "mag"', "", "a unit and a meaning"),
        ("{faintest}", "19", "faintest is in its text or among its options"),
        ("{faintest}", "{brightest}", "in its text or among its options"),
        ("efficiency = 0.8", "efficiency = 80.0", "a fraction above 0"),
        ("efficiency = 0.8", "efficiency = 1", "a fraction above 0"),
        ('["sn_ia"]', '"sn_ia"', "a list of names"),
        ('among = "mag < 19", ', "", "the keys classes, among, efficiency"),
        ('"mag < 19", eff', '" ", eff', "among which sources"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_refused(old: str, new: str, part: str) -> None:
    with pytest.raises(FilterError, match=part):
        read("a_file", GOOD.replace(old, new))
    with pytest.raises(FilterError, match="is no name of a filter"):
        read("../x", GOOD)


def test_an_option_changes_the_text_and_nothing_else() -> None:
    each = read("good_one", GOOD)
    assert each.text == "mag < 19"
    assert each.with_options({"faintest": 18.5}) == "mag < 18.5"
    assert parse(each.with_options({"faintest": -3}), COLUMNS).text == "mag < (-3)"
    for values, part in (({"faintest": float("nan")}, "is a number"), ({"brightest": 3.0}, "has no option brightest")):
        with pytest.raises(FilterError, match=part):
            each.with_options(values)


@pytest.mark.parametrize("each", EVERY)
def test_its_options_are_numbers_of_its_text(each: BuiltinFilter) -> None:
    for name, option in each.options.items():
        assert option.meaning.endswith("."), name
        assert parse(each.with_options({name: option.value + 1}), COLUMNS).tree != parse(each.text, COLUMNS).tree


@pytest.mark.parametrize("each", EVERY)
def test_what_it_hunts_can_be_asked_of_stored_alerts(each: BuiltinFilter) -> None:
    assert each.prey.condition(stored_columns(PLAN)).columns
    assert each.prey.efficiency == 0.8


def test_every_shared_part_is_used_and_holds_with_its_good_values() -> None:
    texts = [f.read_text() for f in Path(str(files("linnet.filters") / "builtin")).glob("*.toml")]
    for name, part in parts().items():
        assert any(f"{{{name}}}" in text for text in texts), name
        good = Example(name, tuple(sorted({**part.good, "survey": part.survey}.items())))
        tree = parse(NAMED.sub("2", part.text), COLUMNS).tree
        assert verdicts(tree, (good,)) == [True], name
        assert verdicts(tree, tuple(part.counterexamples((good,)))) == [False] * len(part.must_not), name


@pytest.mark.parametrize("each", EVERY)
def test_it_does_not_fire_because_a_look_up_failed(each: BuiltinFilter) -> None:
    tree = each.check(COLUMNS).tree
    states = [n for n in parse(each.text, COLUMNS).columns if n.endswith("_state")]
    for example in each.must_pass:
        row = {**dict(example.row), **dict.fromkeys(states, "failed")}
        needs_an_answer = any(n in dict(example.row) for n in states)
        failed = Example(example.why, tuple(sorted((n, v) for n, v in row.items() if n != "gcvs_type")))
        assert verdicts(tree, (failed,)) == [not needs_an_answer], example.why


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_no_real_alert_of_bad_quality_passes(shared_data: Path, survey: str) -> None:
    batch = real(shared_data, survey)
    bad = pc.fill_null(pc.not_equal(batch.column("quality_reasons"), ""), False)
    hopeless = batch.filter(pc.and_(bad, pc.fill_null(batch.column("quality_low_reliability"), False)))
    assert hopeless.num_rows > 10
    for each in builtin():
        caught = passing(each, hopeless)
        assert each.name in NO_SCORES or not caught.num_rows, each.name


def test_the_catalogues_find_the_known_variables_among_real_alerts(shared_data: Path) -> None:
    each = next(e for e in builtin() if e.name == "known_variable_outburst")
    for row in passing(each, real(shared_data, "ztf")).to_pylist():
        assert "match" in {row["gcvs_state"], row["cv_state"], row["mcv_state"]}
        assert row["snr"] > 10
        assert row["science_flux"] >= 2.5 * row["template_flux"] or row["mag"] < row["ztf_magnr"] - 1
