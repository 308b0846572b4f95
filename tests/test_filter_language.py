"""Which texts are filters, what is said about those that are not, and that nothing else ever happens. About 8 s."""

from __future__ import annotations

import inspect
import string
import sys
import tracemalloc
from contextlib import suppress
from time import process_time

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filter_hostile import HARMLESS, HOSTILE
from linnet.core.column import Column, code, integer, listing, real, text
from linnet.core.vocabulary import COMMON
from linnet.errors import FilterError
from linnet.filters.formatter import canonical
from linnet.filters.language import parse
from linnet.filters.tokens import KEYWORDS

COLUMNS: dict[str, Column] = {**COMMON, "offset": integer("A column that SQL takes for a keyword.")}
NULLS = {n: c.empty(3) for n, c in COLUMNS.items()}


def refused(written: str, columns: dict[str, Column] = COLUMNS) -> FilterError:
    """The error that a text meets."""
    with pytest.raises(FilterError) as caught:
        parse(written, columns)
    return caught.value


def quickest(written: str) -> float:
    """Seconds of CPU of the best of three readings."""
    times = []
    for _ in range(3):
        start = process_time()
        with suppress(FilterError):
            parse(written, COLUMNS)
        times.append(process_time() - start)
    return min(times)


def test_every_hostile_text_is_refused_with_a_reason_and_a_position() -> None:
    for written in HOSTILE:
        error = refused(written)
        assert "\n" not in str(error), written[:80]
        assert 10 < len(str(error)) < 250, written[:80]
        assert error.position is not None, written[:80]
        assert 0 <= error.position <= len(written), written[:80]
    assert len(HOSTILE) == len(set(HOSTILE)) >= 300


def test_every_harmless_text_is_a_condition_and_nothing_else() -> None:
    for written in HARMLESS:
        checked = parse(written, COLUMNS)
        found = checked.evaluate(NULLS.__getitem__, 3)
        assert len(found) == 3, written
        assert parse(canonical(checked.tree), COLUMNS).tree == checked.tree, written


def test_no_text_takes_longer_than_10_ms() -> None:
    slow = {w[:60]: t for w in [*HOSTILE, *HARMLESS] if (t := quickest(w)) > 0.010}
    assert not slow


def test_no_text_takes_more_than_16_mb() -> None:
    tracemalloc.start()
    try:
        for written in HOSTILE:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            refused(written)
            assert tracemalloc.get_traced_memory()[1] - before < 16e6, written[:60]
    finally:
        tracemalloc.stop()


WORDS = [*KEYWORDS, "mag", "ra", "survey", "is_moving", "lc_mjd", "abs", "1", "1.5", "'a'", "(", ")", ","]
WORDS += ["=", "!=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "--", ";", "select", "case", ".", "''", "'", " "]


@settings(max_examples=3000, deadline=None)
@given(
    st.one_of(
        st.text(max_size=60),
        st.text(string.printable, max_size=60),
        st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join),
        st.lists(st.sampled_from(WORDS), max_size=25).map("".join),
    )
)
def test_any_text_gives_a_filter_or_a_filter_error_and_what_is_read_reads_back(written: str) -> None:
    try:
        checked = parse(written, COLUMNS)
    except FilterError:
        return
    assert parse(canonical(checked.tree), COLUMNS).tree == checked.tree


def test_a_wrong_name_meets_the_nearest_right_one() -> None:
    error = refused("mag < 19 and galactic_lat > 5", {"mag": real("Mag."), "gal_lat": real("Latitude.")})
    assert (error.position, error.suggestion) == (13, "gal_lat")
    assert "galactic_lat" in str(error)
    assert refused("RA > 1").suggestion == "ra"
    assert refused("asb(mag) < 1").suggestion == "abs"
    assert refused("survey = ztf").position == 9


@pytest.mark.parametrize(
    ("written", "position", "part"),
    [
        ("mag < 19 and lc_flux > 1", 13, "is a list, one value per point"),
        ("mag < 19 or sqr(mag) < 1", 12, "no function is named sqr; did you mean sqrt?"),
        ("mag < 'x'", 6, "a number cannot be compared with a text"),
        ("mag < 19 and survey < 'x'", 13, "knows only = and !="),
        ("mag < 19 and 1", 13, "`and` joins conditions; this is an integer"),
        ("mag + survey < 1", 6, "`+` works on numbers; this is a text"),
        ("mag = null", 6, "write `is null`"),
        ("mag between 1 2", 0, "`and` is missing"),
        ("mag < +5", 6, "`+` is too much here"),
        ("mag in (1, 2 * 3)", 11, "a list holds constants"),
        ("survey = 'abc", 9, "does not end"),
        ('survey = "abc"', 9, "texts in single quotes"),
        ("alerts.mag < 1", 6, "names have no dots"),
        ("mag < 19; true", 8, "a filter is one condition"),
        ("mag < 1e999", 6, "outside of what a double can hold"),
        ("alert_id < 9223372036854775808", 11, "whole numbers lie between"),
        ("mag == 19", 4, "write a single ="),
        ("mag < 19)", 8, "closes nothing"),
        ("(mag < 19", 9, "is not closed"),
        ("mag < 19 ra", 9, "no unit is named ra; units are: deg, arcmin"),
        ("mag", 0, "a filter is a condition; this is a number"),
    ],
)
def test_an_error_says_where_and_why(written: str, position: int, part: str) -> None:
    columns = {n: COMMON[n] for n in ("mag", "ra", "survey", "lc_flux", "alert_id")}
    error = refused(written, columns)
    assert (error.position, part in str(error)) == (position, True), str(error)


def test_limits_are_met_and_not_passed_by_one() -> None:
    columns = {"a": integer("A."), "b": text("B.")}
    for good, bad in [
        (" and ".join(["a=1"] * 100), " and ".join(["a=1"] * 101)),
        (f"a in ({','.join(['1'] * 200)})", f"a in ({','.join(['1'] * 201)})"),
        (f"b = '{'x' * 64}'", f"b = '{'x' * 65}'"),
        ("(" * 24 + "a=1" + ")" * 24, "(" * 25 + "a=1" + ")" * 25),
        ("not " * 24 + "a = 1", "not " * 25 + "a = 1"),
        ("a = 1" + " " * 4091, "a = 1" + " " * 4092),
        ("a" + "+a" * 98 + "=1", "a" + "+a" * 101 + "=1"),
    ]:
        parse(good, columns)
        refused(bad, columns)


def test_a_caller_deep_in_the_stack_gets_a_filter_or_a_filter_error() -> None:
    written = "(" * 23 + "mag" + " + mag" * 90 + " < 1" + ")" * 23

    def at_depth(left: int) -> str:
        if left:
            return at_depth(left - 1)
        try:
            return canonical(parse(written, COMMON).tree)
        except FilterError as error:
            return str(error)

    start = len(inspect.stack())
    found = {at_depth(sys.getrecursionlimit() - start - room)[:29] for room in range(60, 900, 40)}
    assert found == {"the condition is nested too d", "mag + mag + mag + mag + mag +"}


def test_columns_of_other_types_are_refused_by_name() -> None:
    odd = {"taken": Column(pa.timestamp("us"), "A time."), "raw": Column(pa.binary(), "Bytes.")}
    assert "is of type timestamp" in str(refused("taken > 1", odd))
    assert "is of type binary" in str(refused("raw is null", odd))
    assert "is a list" in str(refused("points > 1", {"points": listing(pa.float32(), "Points.")}))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("((mag < 19)) AND Not (ra is NULL)", "mag < 19 and ra is not null"),
        ("not ra between 1 and 2 or (mag<>1 and ra=2)", "ra not between 1 and 2 or mag != 1 and ra = 2"),
        ("mag - (ra - 1) < -(-2)", "mag - (ra - 1) < - -2"),
        ("(mag - ra) - 1 < 1e3", "mag - ra - 1 < 1000.0"),
        ("survey not in ('it''s', 'b')", "survey not in ('it''s', 'b')"),
        ("(is_moving and is_positive) and (ra > 1 and mag > 2)", "is_moving and is_positive and ra > 1 and mag > 2"),
        ("not (is_moving or is_positive)", "not (is_moving or is_positive)"),
        ("(mag < 1) = (ra < 2)", "(mag < 1) = (ra < 2)"),
        ("-abs(-mag) * 2 / (ra + 1) > 0.50", "-abs(-mag) * 2 / (ra + 1) > 0.5"),
    ],
)
def test_the_canonical_text_has_one_spelling(written: str, expected: str) -> None:
    tree = parse(written, COMMON).tree
    assert canonical(tree) == expected
    assert parse(expected, COMMON).tree == tree


def test_whole_numbers_and_floats_stay_different_constants() -> None:
    columns = {"x": real("X.")}
    assert parse("x = 1", columns).tree != parse("x = 1.0", columns).tree
    assert canonical(parse("x = 1e22 or x = 10000000000000000000000.0", columns).tree) == "x = 1e+22 or x = 1e+22"


def test_a_filter_knows_the_columns_that_it_reads_in_order() -> None:
    checked = parse("survey = 'ztf' and abs(gal_lat) > 7 and mag < 19 and mag > ra", COMMON)
    assert checked.columns == ("gal_lat", "mag", "ra", "survey")
    assert checked.text.startswith("survey")
    assert hash(checked) == hash(parse(checked.text, COMMON))


def test_dictionary_columns_are_texts() -> None:
    assert parse("band in ('g', 'r')", {"band": code("Band.")}).columns == ("band",)
