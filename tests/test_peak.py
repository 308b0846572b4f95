"""The module `peak` by hand; on real packets see test_science_oracle."""

from __future__ import annotations

import math

import pytest

from alert_batches import MJD_OF_TESTS, Alert, Point, alert, forced, point, with_history
from linnet.core.module import declaration
from linnet.core.vocabulary import BANDS
from linnet.science.peak import peak
from module_rows import Row, said_of

MODULE = declaration(peak)
NOW = MJD_OF_TESTS
POGSON = 2.5 / math.log(10)


def said(one: Alert) -> Row:
    return said_of(MODULE, one)[0]


def at(magnitudes: dict[float, float], band: str = "r") -> list[Point]:
    """Detections at days before the alert, with errors of 5 %."""
    fluxes = {d: 10 ** ((31.4 - m) / 2.5) for d, m in magnitudes.items()}
    return [point(NOW - d, band, f, f / 20) for d, f in fluxes.items()]


def test_a_rise_and_a_fall_by_hand() -> None:
    """Up by 0.2 mag/d over 10 d, down by 0.1 over 12 d; the alert is its last point."""
    curve = at({22: 20.0, 17: 19.0, 12: 18.0, 6: 18.6})
    last = 10 ** ((31.4 - 19.2) / 2.5)
    found = said(alert(1, curve, band="r", flux=last, flux_err=last / 20))
    assert found["r_rise"] == pytest.approx(-0.2, rel=1e-4)
    assert found["r_fall"] == pytest.approx(0.1, rel=1e-4)
    assert found["r_rise_err"] == pytest.approx(0.05 * POGSON / math.sqrt(50), rel=1e-4)
    assert found["r_fall_err"] == pytest.approx(0.05 * POGSON / math.sqrt(72), rel=1e-4)
    assert (found["r_mag"], found["mag"]) == pytest.approx((18.0, 18.0), rel=1e-6)
    assert found["mag_err"] == pytest.approx(0.05 * POGSON, rel=1e-5)
    assert (found["mjd"], found["r_mjd"], found["age"], found["band"]) == (NOW - 12, NOW - 12, 12.0, "r")
    assert found["is_past"] is True


def test_of_several_bands_the_brightest_is_the_peak() -> None:
    found = said(alert(1, at({3: 19.0, 2: 18.5}, "g"), band="r", flux=1000.0))
    assert (found["band"], found["age"]) == ("g", 2.0)
    assert found["g_mag"] == pytest.approx(18.5, rel=1e-6)
    assert found["r_mag"] == pytest.approx(23.9, rel=1e-6)
    assert (found["r_rise"], found["g_fall"], found["is_past"]) == (None, None, False)


@pytest.mark.parametrize(
    ("earlier", "past"),
    [
        ([], None),
        ([point(NOW - 0.019, "r", 5000.0)], None),
        ([point(NOW - 5, "r", 1050.0)], False),
        ([point(NOW - 5, "r", 1250.0)], True),
        ([point(NOW - 5, "r", 900.0)], False),
        ([point(NOW - 5, "g", 5000.0)], None),
        ([point(NOW - 5, "g", 5000.0), point(NOW - 4, "g", 1000.0)], True),
        ([point(NOW - 5, "g", 5000.0), point(NOW - 4, "g", -5000.0)], True),
        ([point(NOW - 5, "r", 5000.0, None)], None),
        ([forced(NOW - 5, "r", 5000.0)], None),
    ],
    ids=str,
)
def test_past_where_the_last_detection_of_a_band_is_three_sigma_fainter(
    earlier: list[Point], past: bool | None
) -> None:
    """The alert has 1000 in r, all errors are 50: 3 sigma of both are 212."""
    assert said(alert(1, earlier, band="r", flux=1000.0))["is_past"] is past


def test_sides_reach_30_days_and_no_farther() -> None:
    inside = said(alert(1, at({50: 20.0, 20: 18.0}), band="r", flux=10 ** ((31.4 - 19.0) / 2.5)))
    outside = said(alert(1, at({51: 20.0, 20.5: 18.0}), band="r", flux=10 ** ((31.4 - 19.0) / 2.5)))
    assert inside["r_rise"] == pytest.approx(-2 / 30, rel=1e-4)
    assert outside["r_rise"] is None
    assert outside["r_fall"] is not None


def test_a_source_that_only_ever_faded_has_no_peak() -> None:
    found = said(alert(1, [point(NOW - 2, "r", -500.0)], band="r", flux=-900.0))
    assert {n: v for n, v in found.items() if v is not None} == {}


def test_of_equal_fluxes_the_first_is_the_peak() -> None:
    found = said(alert(1, [point(NOW - 3, "r", 1000.0), point(NOW - 2, "g", 1000.0)], band="r", flux=1000.0))
    assert (found["r_mjd"], found["band"]) == (NOW - 3, "g"), "of two bands the bluer one"


def test_a_point_after_the_alert_or_of_an_unknown_band_does_not_enter() -> None:
    first = alert(1, at({5: 19.0, 3: 18.5}), flux=1000.0)
    others = [point(NOW + 1, "r", 9e6), point(NOW - 1, "VR", 9e6), point(NOW - 1, None, 9e6)]
    assert said(with_history(first, [*first.hist, *others])) == said(first)
    assert {n.split("_")[0] for n in MODULE.gives} == {"peak"}
    assert sum(n.endswith("_rise") for n in MODULE.gives) == len(BANDS)
