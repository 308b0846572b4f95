"""The module `trail` on drawn sources and on the real packets of fast and slow bodies."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import real_alerts
from linnet.core.module import declaration
from linnet.science.trail import trail
from module_rows import said

MODULE = declaration(trail)
PSF = 0.35
"""Standard deviation of the PSF of these tests in arcsec: 0.82 arcsec wide."""


def streak(length: float, angle: float, snr: float, **more: Any) -> dict[str, Any]:
    """A Gaussian PSF drawn out evenly over a length in one direction: its second moments grow by length^2/12."""
    along, cos, sin = length**2 / 12, math.cos(angle), math.sin(angle)
    moments = (PSF**2 + along * cos**2, PSF**2 + along * sin**2, along * cos * sin)
    names = ("lsst_ixx", "lsst_iyy", "lsst_ixy")
    psf = {"lsst_ixxPSF": PSF**2, "lsst_iyyPSF": PSF**2, "lsst_ixyPSF": 0.0}
    row = {**dict(zip(names, moments, strict=True)), **psf, "snr": snr, "lsst_trailLength": length}
    return said(MODULE, {**row, **more})[0]


def test_the_width_of_the_psf_is_that_of_its_gaussian() -> None:
    assert streak(1.0, 0.3, 10.0)["psf_fwhm"] == pytest.approx(2 * PSF * math.sqrt(2 * math.log(2)), rel=1e-6)


@pytest.mark.parametrize("angle", [0.0, 0.5, math.pi / 2, 2.5, -1.0])
def test_a_trail_is_as_significant_in_every_direction(angle: float) -> None:
    v = PSF**2 + 3.0**2 / 12
    wanted = (v - PSF**2) / (v * math.hypot(2 * math.sqrt(2) / 50, 0.05))
    assert streak(3.0, angle, 50.0)["sigma"] == pytest.approx(wanted, rel=1e-5)


def test_significance_grows_with_length_and_signal_and_is_zero_for_a_point() -> None:
    assert streak(0.0, 0.0, 50.0)["sigma"] == pytest.approx(0.0, abs=1e-6)
    assert streak(1.0, 0.0, 20.0)["sigma"] < streak(2.0, 0.0, 20.0)["sigma"] < streak(2.0, 0.0, 100.0)["sigma"]


def test_the_error_of_the_width_is_that_of_fitted_gaussians_in_noise() -> None:
    """Fits of a Gaussian to 400 noisy images of one: the variance along x scatters by 2 sqrt(2) / (S/N) of itself."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[-12:13, -12:13].astype(float)
    model = np.exp(-(x**2 + y**2) / (2 * 3.0**2))
    snr = 40.0
    noise = math.sqrt(float((model**2).sum())) / snr
    slope = [model, model * x**2 / 3.0**3, model * y**2 / 3.0**3, model * x / 9, model * y / 9, model * x * y / 81]
    design = np.stack([each.ravel() for each in slope], axis=1)
    widths = [np.linalg.lstsq(design, rng.normal(0, noise, x.size), rcond=None)[0][1] for _ in range(400)]
    assert 2 * np.std(widths) / 3.0 == pytest.approx(2 * math.sqrt(2) / snr, rel=0.12)


@pytest.mark.parametrize("flag", ["lsst_trail_flag", "lsst_trail_flag_edge"])
def test_a_fit_that_failed_has_no_length(flag: str) -> None:
    found = streak(3.0, 0.0, 50.0, **{flag: True})
    assert (found["length"], found["ratio"], found["angle"]) == (None, None, None)
    assert found["sigma"] > 5


def test_impossible_moments_say_nothing() -> None:
    assert streak(1.0, 0.0, 50.0, lsst_ixxPSF=-1.0)["psf_fwhm"] is None
    assert streak(1.0, 0.0, 50.0, lsst_ixx=-1.0, lsst_iyy=-2.0)["sigma"] is None


def test_fast_bodies_of_real_packets_trail_and_slow_ones_do_not(shared_data: Path) -> None:
    """The packets of June 2026 that were chosen for their trails, and the asteroids of the main belt before them."""
    records, alerts = real_alerts.lsst(shared_data)
    found = MODULE.run(real_alerts.needs_of(alerts, MODULE.needs), len(records))
    sigma, ratio = (found[f"trail_{n}"].to_pylist() for n in ("sigma", "ratio"))
    bodies = [i for i, r in enumerate(records) if r["diaSource"].get("ssObjectId") and sigma[i] is not None]
    trails = [i for i in bodies if sigma[i] > 5 and ratio[i] > 1.5]
    assert {records[i]["diaSource"]["midpointMjdTai"] > 61190 for i in trails} == {True}
    assert len(trails) >= 3
    slow = [i for i in bodies if records[i]["diaSource"]["midpointMjdTai"] < 61190]
    assert len(slow) >= 9
    assert max(sigma[i] for i in slow) < 3
