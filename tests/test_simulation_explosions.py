"""Light curves of simulated explosions against published numbers, and the laws of physics behind them."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units
from astropy.modeling.physical_models import BlackBody

from linnet.simulation import kilonova, radiation, superluminous, supernovae, tidal_disruption
from linnet.simulation.classes import CLASSES, natural
from linnet.simulation.draws import Draws
from linnet.simulation.radiation import WAVELENGTH, planck, redshifts, sphere, volume
from simulated_nights import absolute_curve, asked, campaign, median_curve, nearest

GREEN, RED, INFRARED = 1, 2, 3


def comoving(z: float) -> float:
    """Distance in Mpc by Gauss and Legendre's rule, which has nothing to do with the table under test."""
    x, weight = np.polynomial.legendre.leggauss(40)
    inner = 0.5 * z * (x + 1.0)
    return float(299792.458 / 70.0 * 0.5 * z * (weight / np.sqrt(0.3 * (1.0 + inner) ** 3 + 0.7)).sum())


def test_distances_and_volumes_are_those_of_a_flat_universe() -> None:
    assert comoving(1.0) * 2.0 == pytest.approx(6607.0, abs=2.0)  # Wright 2006, PASP 118, 1711: its calculator
    for z in (0.005, 0.02, 0.1, 0.5, 1.0, 3.0):
        expected = 5.0 * np.log10(comoving(z) * (1.0 + z)) + 25.0
        assert radiation.distance_modulus(z) == pytest.approx(expected, abs=0.002)
        assert radiation.kiloparsec(z) == pytest.approx(np.radians(comoving(z) * 1e3 / (1.0 + z) / 3600.0), rel=2e-3)
        assert radiation.z_at(expected) == pytest.approx(z, rel=2e-3)
    assert volume(0.3) == pytest.approx(4.0 / 3.0 * np.pi * (comoving(0.3) / 1000.0) ** 3, rel=1e-3)


def test_black_bodies_are_those_of_astropy() -> None:
    for kelvin in (3000.0, 6000.0, 25000.0):
        theirs = BlackBody(kelvin * units.K)(WAVELENGTH * units.nm)
        np.testing.assert_allclose(planck(WAVELENGTH, kelvin), theirs.to("erg/(s cm2 Hz sr)").value, rtol=1e-5)


def test_a_sphere_is_received_as_luminosity_over_the_square_of_the_distance() -> None:
    z, kelvin, radius = np.array([0.1]), np.array([10_000.0]), np.array([1e15])
    lam = WAVELENGTH[RED] / 1.1
    luminosity = 4.0 * np.pi**2 * radius**2 * planck(lam, kelvin)  # per frequency of the rest frame
    distance = comoving(0.1) * 1.1 * 3.0857e24
    expected = 1.1 * luminosity / (4.0 * np.pi * distance**2) * 1e32
    np.testing.assert_allclose(sphere(np.array([RED]), z, kelvin, radius), expected, rtol=2e-3)


def test_redshifts_follow_volume_and_time_dilation() -> None:
    z = redshifts(Draws(1, "x"), np.arange(100_000), 0.5, 0.0)
    grid = np.linspace(0.0, 0.5, 2001)
    shells = np.diff([comoving(z) ** 3 for z in grid.tolist()], prepend=0.0)
    density = shells / (1.0 + grid)
    expected = np.cumsum(density) / density.sum()
    for part in (0.1, 0.3, 0.5, 0.9):
        assert np.quantile(z, part) == pytest.approx(float(np.interp(part, expected, grid)), rel=0.01)


def test_type_ia_peaks_at_the_published_magnitude_with_the_published_scatter() -> None:
    absolute = supernovae.ia(asked("ztf", "sn_ia", 20_000)).truth["M"]
    assert absolute.mean() == pytest.approx(-19.36 + 3.1 * -0.05, abs=0.02)
    assert absolute.std() == pytest.approx(np.sqrt(0.14**2 + 0.31**2 + 0.12**2), rel=0.03)


def test_type_ia_declines_as_observed_and_has_a_second_maximum_in_the_red() -> None:
    phases = np.array([0.0, 15.0, 25.0])
    g, r, i = (median_curve(supernovae.ia, band, phases) for band in (GREEN, RED, INFRARED))
    shape = supernovae.FastFall(np.array([18.5]), np.array([9.0]), 0.12)
    blue = -2.5 * np.log10(shape.at(phases, np.zeros(3, dtype=np.int64)))
    assert blue[1] == pytest.approx(1.1, abs=0.1)  # dm15(B), Phillips et al. 1999
    assert g[1] - g[0] == pytest.approx(1.0, abs=0.15)
    assert r[1] - r[0] == pytest.approx(0.7, abs=0.15)
    assert g[0] - r[0] == pytest.approx(-0.1, abs=0.1)
    assert -0.35 < i[2] - i[1] < 0.0  # brighter at +25 d than at +15 d (Kasen 2006)


def test_type_ia_rises_with_the_square_of_time_in_eighteen_days() -> None:
    shape = supernovae.FastFall(np.array([18.5]), np.array([9.0]))
    none = np.zeros(2, dtype=np.int64)
    assert shape.at(np.array([-18.6, -18.4]), none) == pytest.approx([0.0, 0.0], abs=1e-3)
    since = np.array([0.5, 1.0])
    early = shape.at(since - 18.5, none)
    assert np.log2(early[1] / early[0]) == pytest.approx(2.0, abs=0.05)


def test_type_ii_has_its_plateau_drop_and_tail() -> None:
    sources = supernovae.ii(asked("ztf", "sn_ii", 5000))
    assert sources.truth["plateau_d"].mean() == pytest.approx(84.0, abs=1.0)
    assert sources.truth["M"].mean() == pytest.approx(-16.7, abs=0.05)
    one = np.ones(1)
    shape = supernovae.Plateau(8.0 * one, 76.0 * one, 1.5 * one, 1.3 * one)
    days = np.array([10.0, 50.0, 110.0, 160.0])
    mag = -2.5 * np.log10(shape.at(days, np.zeros(4, dtype=np.int64)))
    assert mag[1] - mag[0] == pytest.approx(1.3 * 0.40, abs=0.02)
    assert mag[2] - mag[1] == pytest.approx(1.3 * 0.26 + 1.5 + 0.34, abs=0.03)
    assert mag[3] - mag[2] == pytest.approx(0.5, abs=0.02)


def test_types_ibc_fall_by_eight_tenths_in_fifteen_days() -> None:
    r = median_curve(supernovae.ibc, RED, np.array([0.0, 15.0]))
    assert r[1] - r[0] == pytest.approx(0.8, abs=0.12)
    g, red = (median_curve(supernovae.ibc, band, np.array([10.0])) for band in (GREEN, RED))
    assert (g - red)[0] == pytest.approx(0.5, abs=0.15)


def test_a_magnetar_gives_off_its_energy_of_rotation() -> None:
    days = np.concatenate([np.linspace(0.0, 100.0, 20_000), np.geomspace(100.0, 1e7, 20_000)[1:]])
    power = superluminous.magnetar(days, np.array(2.4), np.array(0.8))
    energy = np.trapezoid(power, days) * 86400.0
    assert energy == pytest.approx(2.0e52 / 2.4**2, rel=1e-3)


def test_diffusion_keeps_energy_but_for_adiabatic_losses() -> None:
    days = np.linspace(0.0, 60.0, 6001)
    tau = np.array([12.0])
    steady = superluminous.arnett(days, np.ones((1, len(days))), tau)[0]
    # Arnett's integral of a constant source: 1 - exp(-(t / tau)^2).
    np.testing.assert_allclose(steady, 1.0 - np.exp(-((days / 12.0) ** 2)), atol=1e-4)


def test_superluminous_ones_are_as_bright_and_slow_as_published() -> None:
    sources = superluminous.superluminous(asked("ztf", "slsn", 2000))
    assert np.mean((sources.truth["rise_d"] > 20.0) & (sources.truth["rise_d"] < 60.0)) > 0.95
    g = median_curve(superluminous.superluminous, GREEN, np.linspace(-20.0, 20.0, 21))
    assert g.min() == pytest.approx(-21.5, abs=0.4)


def test_kilonovae_fade_like_that_of_gw170817() -> None:
    days = np.array([0.5, 1.0, 2.0])
    curves = [median_curve(kilonova.kilonova, band, days, "merger_mjd") for band in (GREEN, RED, INFRARED)]
    assert curves[0][0] == pytest.approx(-15.7, abs=0.6)  # g 17.3 at 40 Mpc
    rates = [curve[2] - curve[1] for curve in curves]
    assert rates == pytest.approx([1.7, 1.2, 0.8], abs=0.35)
    assert rates[0] > rates[1] > rates[2]


def test_r_process_matter_heats_as_published() -> None:
    one = kilonova.heating(np.array([1.0, 2.0]))
    assert 1.0e10 < one[0] < 2.5e10  # erg/s/g at a day (Korobkin et al. 2012, figure 7)
    assert np.log2(one[0] / one[1]) == pytest.approx(1.3, abs=0.01)
    assert kilonova.thermalised(np.array([0.01]))[0] == pytest.approx(0.7, abs=0.05)


def test_tidal_disruptions_stay_blue_and_fade_as_a_power_law_or_an_exponential() -> None:
    sources = tidal_disruption.tidal_disruption(asked("ztf", "tde", 5000))
    phases = np.array([0.0, 60.0])
    colours = [
        absolute_curve(sources, i, GREEN, phases) - absolute_curve(sources, i, RED, phases)
        for i in nearest(sources, 40)
    ]
    assert np.median(colours) == pytest.approx(-0.3, abs=0.12)  # black bodies of 15 to 35 kK
    assert np.abs(np.diff(colours, axis=1)).max() < 1e-6
    one = np.ones(2)
    shape = tidal_disruption.Disruption(15.0 * one, 50.0 * one, np.array([True, False]))
    late = shape.at(np.array([5e4, 1e5]), np.zeros(2, dtype=np.int64))
    assert np.log2(late[0] / late[1]) == pytest.approx(5.0 / 3.0, abs=0.01)
    assert shape.at(np.array([50.0]), np.ones(1, dtype=np.int64))[0] == pytest.approx(np.exp(-1.0))
    assert -21.1 < sources.truth["M"].min() < sources.truth["M"].max() < -16.9


def test_a_natural_mixture_has_as_many_of_each_class_as_their_rates_say() -> None:
    given = campaign("lsst")
    counts = natural(given)
    kind = CLASSES["sn_ia"]
    z = radiation.z_at(given.reach(kind.absolute))
    area = len(given.fields.ra) * np.pi * 1.75**2 / 41252.96
    years = (kind.days + 2) / 365.25 / (1.0 + z)
    expected = 2.35e4 * 4.0 / 3.0 * np.pi * (comoving(z) / 1000.0) ** 3 * years * area
    assert counts["sn_ia"] == pytest.approx(expected, rel=0.02)
    assert counts["sn_ii"] > counts["slsn"]
    assert counts["bogus_star_residual"] > counts["rr_lyrae"]
