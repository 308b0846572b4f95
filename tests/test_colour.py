"""The module `colour` by hand; on real packets see test_science_oracle."""

from __future__ import annotations

import math

import pytest

from alert_batches import MJD_OF_TESTS, Alert, Point, alert, forced, point, with_history
from linnet.core.module import declaration
from linnet.science.colour import COLOURS, colour
from module_rows import Row, said_of

MODULE = declaration(colour)
NOW = MJD_OF_TESTS
POGSON = 2.5 / math.log(10)


def said(one: Alert) -> Row:
    return said_of(MODULE, one)[0]


def red(flux: float, *earlier: Point) -> Alert:
    """An alert in r."""
    return alert(1, list(earlier), band="r", flux=flux)


def test_a_pair_by_hand() -> None:
    """G ten times fainter than r, both at 5 %: g-r is 2.5 mag, its error 0.0543 sqrt(2)."""
    found = said(red(1000.0, point(NOW - 0.4, "g", 100.0, 5.0)))
    assert found["g_r"] == pytest.approx(2.5, rel=1e-6)
    assert found["g_r_err"] == pytest.approx(POGSON * 0.05 * math.sqrt(2), rel=1e-6)
    assert found["g_r_age"] == pytest.approx(0.2, rel=1e-5)
    assert found["g_r_pairs"] == 1
    assert (found["g_r_change"], found["r_i"], found["r_i_pairs"]) == (None, None, 0)


def test_the_change_is_that_from_the_first_to_the_latest_pair() -> None:
    """From 0 to 2.5 mag, the middles of the pairs 4.9 d apart; a pair between them counts only as one."""
    first = [point(NOW - 5, "g", 1000.0), point(NOW - 4.9, "r", 1000.0)]
    found = said(red(1000.0, *first, point(NOW - 2, "g", 1.0), point(NOW - 2, "r"), point(NOW - 0.1, "g", 100.0, 5.0)))
    errors = [POGSON * 0.05 * math.sqrt(2)] * 2
    assert found["g_r_change"] == pytest.approx(2.5 / 4.9, rel=1e-5)
    assert found["g_r_change_err"] == pytest.approx(math.hypot(*errors) / 4.9, rel=1e-5)
    assert found["g_r_pairs"] == 3


@pytest.mark.parametrize(
    "other",
    [
        point(NOW - 0.501, "g"),
        point(NOW - 0.1, "g", -100.0),
        point(NOW - 0.1, "g", None),
        point(NOW - 0.1, "g", 100.0, None),
        point(NOW - 0.1, "g", 100.0, 0.0),
        forced(NOW - 0.1, "g", 100.0),
        point(NOW - 0.1, "z"),
        point(NOW - 0.1, None),
    ],
    ids=str,
)
def test_no_pair_without_a_positive_detection_in_the_neighbouring_band_of_the_night(other: Point) -> None:
    found = said(red(1000.0, other))
    assert {n: v for n, v in found.items() if v is not None} == {f"{b}_{r}_pairs": 0 for b, r in COLOURS}


def test_pairs_less_than_a_day_apart_have_no_change() -> None:
    first = [point(NOW - 0.9, "g", 1000.0), point(NOW - 0.9, "r", 1000.0)]
    found = said(red(1000.0, *first, point(NOW, "g", 100.0)))
    assert (found["g_r_pairs"], found["g_r_change"]) == (2, None)


def test_each_point_takes_the_nearest_and_of_two_equally_near_the_later() -> None:
    pair = [point(NOW - 0.5, "r", 500.0), point(NOW - 0.25, "g", 1000.0)]
    assert said(red(1000.0, *pair))["g_r"] == pytest.approx(0.0, abs=1e-6)
    nearer = [point(NOW - 0.45, "r", 500.0), point(NOW - 0.25, "g", 1000.0)]
    assert said(red(1000.0, *nearer))["g_r"] == pytest.approx(-2.5 * math.log10(2), rel=1e-5)


def test_all_five_colours_are_there() -> None:
    others = [point(NOW - 0.1, b, 10.0**i) for i, b in enumerate("ugizy")]
    found = said(red(100.0, *others))
    assert [found[f"{b}_{r}"] for b, r in COLOURS] == pytest.approx([2.5, 2.5, 0.0, 2.5, 2.5], abs=1e-5)


def test_a_point_after_the_alert_makes_no_pair() -> None:
    first = red(1000.0, point(NOW - 0.4, "g", 100.0))
    assert said(with_history(first, [*first.hist, point(NOW + 0.3, "g", 9e5)])) == said(first)
