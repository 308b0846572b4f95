"""The module `variability` by hand; on real packets see test_science_oracle."""

from __future__ import annotations

import math

import numpy as np
import pytest

import module_oracles
from alert_batches import MJD_OF_TESTS, Alert, Point, alert, forced, limit, point, with_history
from linnet.core import kernels
from linnet.core.module import declaration
from linnet.science.variability import variability
from module_rows import Row, said_of

MODULE = declaration(variability)
NOW = MJD_OF_TESTS


def said(*alerts: Alert) -> list[Row]:
    return said_of(MODULE, *alerts)


def steady(days: list[float], flux: float = 1000.0, band: str = "r") -> list[Point]:
    return [point(NOW - d, band, flux) for d in days]


def test_three_fluxes_by_hand() -> None:
    """1000, 1100, 1200 with errors 50: mean 1100, chi square 8 of 2 degrees, whose probability is exp(-4)."""
    (found,) = said(alert(1, [point(NOW - 2, "r", 1100.0), point(NOW - 1, "r", 1200.0)], flux=1000.0))
    assert (found["r_n"], found["n"], found["g_n"]) == (3, 3, 0)
    assert found["r_chi2"] == pytest.approx(4.0)
    assert found["r_log_p"] == pytest.approx(-4 / math.log(10), rel=1e-6)
    assert (found["chi2"], found["log_p"]) == (found["r_chi2"], found["r_log_p"])
    assert (found["g_chi2"], found["g_log_p"], found["forced_chi2"], found["forced_n"]) == (None, None, None, 0)


def test_each_band_has_its_own_mean_and_a_single_point_no_scatter() -> None:
    green = [point(NOW - d, "g", 9000.0) for d in (1, 2, 3)]
    (found,) = said(alert(1, [*green, *steady([1]), point(NOW - 4, "i", 5.0)], flux=1000.0))
    assert (found["chi2"], found["log_p"], found["n"], found["i_n"]) == (0.0, 0.0, 6, 1)
    assert found["i_chi2"] is None


def test_forced_measurements_are_a_sample_of_their_own() -> None:
    (found,) = said(alert(1, [forced(NOW - 1, "r", 0.0), forced(NOW - 2, "r", 100.0), limit(NOW - 3)], flux=1000.0))
    assert (found["n"], found["chi2"], found["forced_n"]) == (1, None, 2)
    assert found["forced_chi2"] == pytest.approx(2.0)
    assert found["forced_log_p"] == pytest.approx(math.log10(math.erfc(1.0)), rel=1e-6)


def test_what_cannot_be_counted_with_does_not_count() -> None:
    useless = [point(NOW - 1, "r", None), point(NOW - 1, "r", 5.0, None), point(NOW - 1, "r", 5.0, 0.0)]
    strange = [point(NOW - 1, None, 5.0), point(NOW - 1, "VR", 5.0)]
    first = alert(1, [*steady([2]), *useless, *strange])
    later = with_history(first, [*first.hist, point(NOW + 1, "r", 9e5)])
    assert said(first) == said(later) == said(alert(1, steady([2])))


@pytest.mark.parametrize("freedom", [1, 2, 3, 7, 30, 101, 400, 1001])
def test_probabilities_are_those_of_the_finite_sums(freedom: int) -> None:
    """From far below the mean of chi square to far beyond where float64 ends."""
    chi2 = freedom * np.array([1e-3, 0.1, 0.5, 0.9, 1.0, 1.1, 2.0, 10.0, 100.0, 1000.0])
    found = np.empty(len(chi2))
    kernels.compile_kernels()["constant"].log_chance(chi2, np.full(len(chi2), freedom), found)
    wanted = [module_oracles.log_chance(float(each), freedom) for each in chi2]
    assert found == pytest.approx(wanted, rel=1e-7, abs=1e-12)


def test_a_probability_below_all_numbers_is_still_a_number() -> None:
    (found,) = said(alert(1, [point(NOW - 1, "r", 1e9, 1.0)], flux=1.0, flux_err=1.0))
    assert found["log_p"] < -1e16


def test_a_source_twice_as_bright_as_for_a_month_is_high() -> None:
    """Template 500, eleven earlier totals of 1500 +- 10 and one each side: the last two days 3000, errors 50."""
    past = [point(NOW - 10 - 3 * i, "r", 1000.0 + 10 * (-1) ** i) for i in range(11)]
    (found,) = said(alert(1, [*past, point(NOW - 2, "r", 2500.0)], flux=2500.0, template_flux=500.0))
    assert found["high_ratio"] == pytest.approx(3000 / 1510, rel=1e-6)
    error = math.hypot(50 / math.sqrt(2), math.sqrt(math.pi / 2) * 1.4826 * 0.0 / math.sqrt(11))
    assert found["high_sigma"] == pytest.approx(1490 / error, rel=1e-5)


@pytest.mark.parametrize(
    ("days", "template", "band"),
    [
        ([10 + 4 * i for i in range(9)], 500.0, "r"),
        ([10 + 2.9 * i for i in range(10)], 500.0, "r"),
        ([10 + 4 * i for i in range(10)], None, "r"),
        ([10 + 4 * i for i in range(10)], 500.0, "g"),
        ([10 + 4 * i for i in range(10)], 500.0, None),
    ],
    ids=["nine points", "26 d", "no template", "another band", "no band"],
)
def test_without_a_past_there_is_no_high_state(days: list[float], template: float | None, band: str | None) -> None:
    (found,) = said(alert(1, steady(days), band=band, template_flux=template))
    assert (found["high_ratio"], found["high_sigma"]) == (None, None)
    (whole,) = said(alert(1, steady([10 + 4 * i for i in range(10)]), band="r", template_flux=500.0))
    assert whole["high_ratio"] == pytest.approx(1.0)


def test_a_past_that_is_not_positive_has_no_ratio() -> None:
    (found,) = said(alert(1, steady([10 + 4 * i for i in range(10)], flux=-900.0), flux=1000.0, template_flux=500.0))
    assert found["high_ratio"] is None
    assert found["high_sigma"] > 10
