"""The module `slope` by hand; on real packets see test_science_oracle."""

from __future__ import annotations

import math

import pytest

from alert_batches import MJD_OF_TESTS, Alert, Point, alert, forced, point, with_history
from linnet.core.module import declaration
from linnet.science.slope import slope
from module_rows import Row, said_of

MODULE = declaration(slope)
NOW = MJD_OF_TESTS
POGSON = 2.5 / math.log(10)


def said(one: Alert) -> Row:
    return said_of(MODULE, one)[0]


def fading(rate: float, days: list[float], band: str, error: float = 0.05) -> list[Point]:
    """Detections on a straight line in magnitude through 1000 nJy now, errors relative."""
    fluxes = [1000.0 * 10 ** (rate * d / 2.5) for d in days]
    return [point(NOW - d, band, f, error * f) for d, f in zip(days, fluxes, strict=True)]


def test_a_known_line_comes_back_with_the_textbook_error() -> None:
    days = [40.0, 30.0, 20.0, 10.0]
    found = said(alert(1, fading(0.02, days, "r"), band="r", flux=1000.0, flux_err=50.0))
    spread = math.sqrt(sum((d - 20.0) ** 2 for d in [*days, 0.0]))
    assert found["r_mag"] == pytest.approx(0.02, rel=1e-5)
    assert found["r_mag_err"] == pytest.approx(0.05 * POGSON / spread, rel=1e-5)
    assert found["r_chi2"] == pytest.approx(0.0, abs=1e-6)
    assert (found["r_span"], found["r_n"], found["g_n"], found["g_mag"]) == (40.0, 5, 0, None)


def test_the_common_slope_lets_each_band_have_its_level() -> None:
    """G a hundred times fainter: both fade alike, so does the common line, with the levers of both."""
    green = [point(p.mjd, "g", (p.flux or 0) / 100, (p.flux or 0) / 2000) for p in fading(0.05, [8.0, 4.0, 0.0], "g")]
    found = said(alert(1, [*green, *fading(0.05, [10.0, 5.0], "r")], band="r", flux=1000.0, flux_err=50.0))
    assert (found["mag"], found["g_mag"], found["r_mag"]) == pytest.approx((0.05, 0.05, 0.05), rel=1e-4)
    levers = [sum((d - m) ** 2 for d in days) for days, m in (((8.0, 4.0, 0.0), 4.0), ((10.0, 5.0, 0.0), 5.0))]
    assert found["mag_err"] == pytest.approx(0.05 * POGSON / math.sqrt(sum(levers)), rel=1e-4)
    assert (found["n"], found["span"]) == (6, 10.0)


def test_bands_that_disagree_show_in_chi_square() -> None:
    both = [*fading(0.3, [3.0, 2.0, 1.0], "g"), *fading(-0.3, [3.0, 2.0, 1.0], "r")]
    found = said(alert(1, both, band="r", flux=1000.0, flux_err=50.0))
    assert found["chi2"] > 20
    assert found["g_chi2"] < 1
    assert found["g_mag"] == pytest.approx(0.3, rel=1e-4)
    assert found["r_mag"] == pytest.approx(-0.3, rel=1e-4)


def test_two_points_have_a_slope_and_no_chi_square() -> None:
    found = said(alert(1, fading(0.1, [5.0], "r"), band="r", flux=1000.0, flux_err=50.0))
    assert found["r_mag"] == pytest.approx(0.1, rel=1e-5)
    assert (found["r_chi2"], found["chi2"], found["n"]) == (None, None, 2)


@pytest.mark.parametrize(
    "other",
    [
        point(NOW - 0.019),
        point(NOW - 60.1),
        point(NOW - 5, "g"),
        point(NOW - 5, "r", -100.0),
        point(NOW - 5, "r", 100.0, None),
        forced(NOW - 5, "r", 100.0),
        point(NOW - 5, "VR"),
    ],
    ids=str,
)
def test_no_slope_without_two_positive_detections_of_a_band_in_the_window(other: Point) -> None:
    found = said(alert(1, [other]))
    assert {n for n, v in found.items() if v is not None} == {n for n in found if n == "n" or n.endswith("_n")}
    assert found["n"] == 0


def test_scatter_makes_the_error_larger_and_never_smaller() -> None:
    steady = said(alert(1, [point(NOW - d) for d in (8, 6, 4, 2)]))
    jumps = said(alert(1, [point(NOW - d, "r", 1000.0 + j) for d, j in ((8, 900), (6, -900), (4, 900), (2, -900))]))
    assert jumps["r_mag_err"] > 5 * steady["r_mag_err"]
    assert steady["r_mag_err"] == pytest.approx(0.05 * POGSON / math.sqrt(40), rel=1e-5)


def test_a_point_after_the_alert_does_not_enter() -> None:
    first = alert(1, fading(0.1, [5.0, 3.0], "r"), flux=1000.0)
    assert said(with_history(first, [*first.hist, point(NOW + 1, "r", 9e5)])) == said(first)
