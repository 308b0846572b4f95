"""Visits, depth and noise of simulated surveys against published tables, and what a measurement is worth."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.coordinates import SkyCoord, SkyOffsetFrame

from linnet.simulation.cadence import APART, sidereal
from linnet.simulation.draws import Draws
from linnet.simulation.fields import offset
from linnet.simulation.noise import depth, flux_error
from linnet.simulation.radiation import flux_of
from linnet.simulation.telescopes import (
    LSST,
    LSST_OBSERVED,
    LSST_OBSERVED_M5,
    LSST_PUBLISHED_M5,
    ZTF,
    ZTF_PUBLISHED_M5,
)
from simulated_nights import campaign, night_of


def test_the_formula_gives_the_published_depths_of_lsst() -> None:
    bands = np.arange(6)
    found = depth(LSST, bands, LSST.msky, LSST.theta, np.ones(6))
    assert found == pytest.approx(LSST_PUBLISHED_M5, abs=0.05)
    assert depth(LSST_OBSERVED, bands, LSST.msky, LSST.theta, np.ones(6))[1:] == pytest.approx(
        LSST_OBSERVED_M5[1:], abs=0.05
    )


def test_science_images_of_ztf_are_as_deep_as_published_and_differences_a_little_less() -> None:
    bands = np.array([1, 2])
    found = depth(ZTF, bands, ZTF.msky[bands], ZTF.theta[bands], np.ones(2))
    assert found + ZTF.lost[bands] == pytest.approx(ZTF_PUBLISHED_M5[bands], abs=1e-9)
    visits = campaign("ztf").visits
    medians = [np.median(visits.m5[visits.band == band]) for band in (1, 2)]
    assert medians == pytest.approx([20.06, 20.23], abs=0.15)  # diffmaglim of 886 real alerts


def test_errors_follow_the_published_relation_of_signal_and_depth() -> None:
    m5, gamma = np.full(5, 24.35), np.full(5, 0.039)
    mag = np.array([20.0, 22.0, 23.0, 24.35, 25.0])
    flux = flux_of(mag)
    x = 10.0 ** (0.4 * (mag - m5))
    expected = np.sqrt((0.04 - 0.039) * x + 0.039 * x**2 + 0.005**2) * flux  # Ivezic et al. 2019, equation 5
    assert flux_error(m5, flux, gamma, 10**9) == pytest.approx(expected, rel=1e-6)
    assert flux_error(m5, flux, gamma, 8)[3] / expected[3] == pytest.approx(np.sqrt(1.0 + 1.0 / 8.0), rel=0.01)


def test_a_source_on_a_bright_host_is_measured_worse() -> None:
    empty, bright = (flux_error(np.array([24.0]), np.array([total]), np.array([0.039]), 8) for total in (0.0, 1e6))
    assert bright[0] > 5.0 * empty[0]


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_measurements_scatter_about_the_truth_by_their_errors(survey: str) -> None:
    points = night_of(survey)[0].points
    pull = (points.flux - points.true) / points.error
    assert pull.mean() == pytest.approx(0.0, abs=0.02)
    assert pull.std() == pytest.approx(1.0, abs=0.02)
    assert np.mean(np.abs(pull) > 2.0) == pytest.approx(0.0455, abs=0.005)
    at_depth = np.abs(points.true) > 0
    snr = (np.abs(points.flux) / points.error)[at_depth]
    assert np.array_equal(points.detected[at_depth] & (snr < 5.0), np.zeros(len(snr), dtype=bool))


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_no_two_visits_overlap_and_fields_come_back_as_the_survey_does(survey: str) -> None:
    visits = campaign(survey).visits
    assert np.diff(visits.mjd).min() > 0.99 * APART
    assert visits.airmass.max() < 2.5
    gaps = []
    for field in np.unique(visits.field):
        nights = np.unique(visits.night[visits.field == field])
        gaps += np.diff(nights).tolist()
    assert np.median(gaps) == {"ztf": 2, "lsst": 3}[survey]
    pairs = [
        np.diff(visits.mjd[(visits.field == f) & (visits.night == n)])[-1] * 1440.0
        for f in np.unique(visits.field)
        for n in np.unique(visits.night[visits.field == f])
        if np.sum((visits.field == f) & (visits.night == n)) == 2
    ]
    assert np.median(pairs) == pytest.approx(33.0, abs=3.0)


def test_sidereal_time_is_that_of_the_almanac() -> None:
    mjd = np.array([60_000.3, 61_345.9])
    greenwich = 280.46061837 + 360.98564736629 * (mjd + 2400000.5 - 2451545.0)  # Meeus 1998, equation 12.4
    assert sidereal(LSST, mjd) == pytest.approx((greenwich + LSST.longitude) % 360.0, abs=0.01)


def test_offsets_are_those_of_a_tangent_plane() -> None:
    ra, dec = np.array([10.0, 350.0, 200.0]), np.array([-70.0, 40.0, 5.0])
    east, north = np.array([0.5, -0.3, 0.01]), np.array([0.2, 0.6, -0.02])
    found = SkyCoord(*offset(ra, dec, east, north), unit="deg")
    for i in range(3):
        seen = found[i].transform_to(SkyOffsetFrame(origin=SkyCoord(ra[i], dec[i], unit="deg")))
        plane = np.degrees(np.tan(seen.lon.rad)), np.degrees(np.tan(seen.lat.rad) / np.cos(seen.lon.rad))
        assert plane == pytest.approx((east[i], north[i]), abs=1e-6)


def test_draws_belong_to_numbers_and_have_their_distributions() -> None:
    draws, number = Draws(1, "kind"), np.arange(100_000)
    assert np.array_equal(draws.uniform("a", number)[500:510], draws.uniform("a", number[500:510]))
    for other in (
        Draws(2, "kind").uniform("a", number),
        Draws(1, "b").uniform("a", number),
        draws.uniform("b", number),
    ):
        assert abs(np.corrcoef(other, draws.uniform("a", number))[0, 1]) < 0.015
    normal = draws.normal("n", number, 3.0, 2.0)
    assert (normal.mean(), normal.std()) == pytest.approx((3.0, 2.0), abs=0.03)
    assert np.quantile(draws.uniform("a", number, 2.0, 6.0), [0.25, 0.75]) == pytest.approx([3.0, 5.0], abs=0.03)
    logs = np.log10(draws.log_uniform("l", number, 1.0, 100.0))
    assert np.quantile(logs, [0.25, 0.75]) == pytest.approx([0.5, 1.5], abs=0.02)
    assert draws.chance("c", number, 0.2).mean() == pytest.approx(0.2, abs=0.01)
    assert set(draws.whole("w", number, 5).tolist()) == {0, 1, 2, 3, 4}
