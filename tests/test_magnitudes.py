"""Magnitudes and fluxes against astropy's AB unit and worked numbers."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest

from linnet.core import magnitudes


def test_fluxes_are_those_of_the_ab_unit_of_astropy() -> None:
    mag = np.linspace(-5.0, 35.0, 4001)
    np.testing.assert_allclose(magnitudes.flux(mag), (mag * u.ABmag).to_value(u.nJy), rtol=2e-5)
    # The zero point 31.4 is 31.40006 to more digits (3631 Jy = 10^(0.4 * 48.6) to 6e-6): the source of the 2e-5.


def test_twenty_magnitudes_are_36308_nanojansky() -> None:
    assert magnitudes.flux(20.0) == pytest.approx(36307.8, abs=0.05)
    assert magnitudes.flux(31.4) == 1.0


def test_a_flux_goes_back_to_its_magnitude() -> None:
    mag = np.linspace(10.0, 28.0, 1801)
    np.testing.assert_allclose(magnitudes.mag(magnitudes.flux(mag)), mag, rtol=0, atol=1e-12)


def test_no_magnitude_for_what_is_not_positive() -> None:
    assert np.isnan(magnitudes.mag([0.0, -1.0, np.nan, np.inf, -np.inf])).all()
    assert np.isnan(magnitudes.mag_error([0.0, -1.0, np.nan, np.inf], [1.0, 1.0, 1.0, 1.0])).all()


def test_no_flux_for_a_magnitude_beyond_all_numbers() -> None:
    # One real upper limit says -1006.94 mag.
    assert np.isnan(magnitudes.flux([-1006.94, np.nan, np.inf, -np.inf])).tolist() == [True, True, False, True]
    assert magnitudes.flux(np.inf) == 0.0


def test_errors_are_the_slope_of_the_magnitude_scale() -> None:
    mag, sigma = np.array([15.0, 18.5, 21.0]), 1e-5
    slope = (magnitudes.flux(mag - sigma) - magnitudes.flux(mag + sigma)) / 2
    np.testing.assert_allclose(magnitudes.flux_error(magnitudes.flux(mag), sigma), slope, rtol=1e-8)


def test_the_error_of_a_negative_flux_is_positive() -> None:
    # sigma_F = 0.921034 F sigma_m
    assert magnitudes.flux_error(-1000.0, 0.1) == pytest.approx(92.1034, rel=1e-6)


def test_errors_go_there_and_back() -> None:
    flux = magnitudes.flux(np.array([16.0, 20.0]))
    back = magnitudes.mag_error(flux, magnitudes.flux_error(flux, np.array([0.01, 0.2])))
    np.testing.assert_allclose(back, [0.01, 0.2], rtol=1e-12)
