"""Variable stars, nuclei, lenses, flares and bodies of simulations against closed forms and brute force."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from linnet.simulation import active_nuclei, flares, microlensing, moving, outbursts, periodic
from linnet.simulation.draws import Draws
from linnet.simulation.orbits import GAUSS, State, earth, elements, magnitude, propagate, sight
from linnet.simulation.radiation import flux_of
from linnet.simulation.sources import Epochs
from simulated_nights import asked

Values = npt.NDArray[Any]


def epochs(source: Values, mjd: Values, band: Values) -> Epochs:
    return Epochs(
        source.astype(np.int64), mjd, band.astype(np.int64), np.ones(len(mjd)), np.zeros(len(mjd), dtype=np.int64)
    )


def test_a_lens_amplifies_by_the_closed_form() -> None:
    assert microlensing.amplification(np.array([1.0]))[0] == pytest.approx(3.0 / np.sqrt(5.0))
    # Two images of a point lens: the sum of their magnifications, solved from the lens equation.
    for u in (0.05, 0.3, 1.0, 2.5):
        images = [(u + sign * np.sqrt(u**2 + 4.0)) / 2.0 for sign in (1, -1)]
        total = sum(abs(1.0 / (1.0 - 1.0 / x**4)) for x in images)
        assert microlensing.amplification(np.array([u]))[0] == pytest.approx(total, rel=1e-12)


def test_lenses_are_achromatic_and_brightest_at_their_peak() -> None:
    sources = microlensing.microlensing(asked("ztf", "microlensing", 200))
    every = np.arange(200)
    peak, u0, part = (sources.truth[n] for n in ("peak_mjd", "u0", "blend"))
    for band in (1, 2):
        light = sources.light(epochs(every, peak, np.full(200, band)))
        top = flux_of(sources.around.mags[:, band]) * part * (microlensing.amplification(u0) - 1.0)
        np.testing.assert_allclose(light, top, rtol=1e-9)
    assert np.median(sources.truth["tE_d"]) == pytest.approx(40.0, abs=10.0)


def test_a_flare_has_the_published_integral_and_a_width_of_one() -> None:
    t = np.linspace(-1.5, 60.0, 400_001)
    rise = 1.0 - 1.941 / 2.0 - 0.175 / 3.0 + 2.246 / 4.0 - 1.125 / 5.0
    decay = 0.6890 / 1.600 + 0.3030 / 0.2783
    assert np.trapezoid(flares.profile(t), t) == pytest.approx(rise + decay, rel=1e-3)
    high = t[flares.profile(t) >= 0.5]
    assert high[-1] - high[0] == pytest.approx(1.0, abs=0.1)
    assert flares.profile(np.array([-1.2, 0.0])).tolist() == pytest.approx([0.0, 1.0], abs=0.01)


def test_flares_are_far_stronger_in_u_than_in_r() -> None:
    sources = flares.flare(asked("lsst", "flare", 300))
    every = np.arange(300)
    quiet = flux_of(sources.around.mags)
    u, r = (sources.light(epochs(every, sources.truth["peak_mjd"], np.full(300, b))) / quiet[:, b] for b in (0, 2))
    assert np.median(u / r) > 10.0


def test_a_damped_random_walk_has_the_published_structure_function_whatever_its_steps() -> None:
    n, tau = 4000, 40.0
    number = np.arange(n)
    for days in (np.arange(0.0, 200.0, 5.0), np.sort(np.random.default_rng(1).uniform(0.0, 200.0, 30))):
        at = epochs(np.repeat(number, len(days)), np.tile(days, n) + 60_000.0, np.zeros(n * len(days)))
        walk = active_nuclei.damped_random_walk(Draws(1, "walk"), number, at, np.full(n, tau)).reshape(n, -1)
        assert walk.var(axis=0) == pytest.approx(np.ones(len(days)), abs=0.12)
        for i, j in ((0, 1), (0, len(days) // 2), (3, len(days) - 1)):
            expected = 2.0 * (1.0 - np.exp(-(days[j] - days[i]) / tau))
            assert np.mean((walk[:, j] - walk[:, i]) ** 2) == pytest.approx(expected, rel=0.1)


def test_amplitudes_and_times_of_quasars_are_those_of_macleod() -> None:
    lam, absolute, mass = np.array([400.0]), np.array([-23.0]), np.array([9.0])
    assert active_nuclei.structure(lam, absolute, mass)[0] == pytest.approx(10**-0.51)
    assert active_nuclei.time_scale(lam, absolute, mass)[0] == pytest.approx(10**2.4)
    redder = active_nuclei.structure(2 * lam, absolute, mass)[0]
    assert redder == pytest.approx(10**-0.51 * 2**-0.479)


def test_rr_lyrae_rise_fast_and_vary_less_in_r() -> None:
    phase = np.linspace(0.0, 1.0, 1001)
    ab, c = periodic.fourier(phase, periodic.RR_AB), periodic.fourier(phase, periodic.RR_C)
    for curve in (ab, c):
        assert np.ptp(curve) == pytest.approx(1.0, abs=0.03)
    assert phase[np.argmin(ab[:-1])] < 0.03 or phase[np.argmin(ab[:-1])] > 0.97
    assert phase[np.argmax(ab)] > 0.75  # the rise takes less than a quarter of the period
    sources = periodic.rr_lyrae(asked("ztf", "rr", 400))
    is_ab = sources.truth["is_ab"]
    assert is_ab.mean() == pytest.approx(0.75, abs=0.07)
    assert sources.truth["period_d"][is_ab].min() > 0.45
    assert sources.truth["period_d"][~is_ab].max() < 0.40


def test_eclipses_are_as_deep_as_drawn() -> None:
    sources = periodic.eclipsing_binary(asked("ztf", "eb", 50))
    phase = np.linspace(0.0, 1.0, 4001)
    for i in np.flatnonzero(sources.truth["period_d"] > 1.0)[:10].tolist():  # eclipses of close pairs overlap
        mjd = 60_000.0 + phase * sources.truth["period_d"][i]
        light = sources.light(epochs(np.full(4001, i), mjd, np.full(4001, 1)))
        mag = -2.5 * np.log10(1.0 + light / flux_of(sources.around.mags[i, 1]))
        assert mag.max() == pytest.approx(sources.truth["depth_1"][i], abs=0.03)
        assert mag.min() == pytest.approx(0.0, abs=0.03)


def test_a_nova_is_two_magnitudes_fainter_at_t2() -> None:
    t2 = np.array([10.0, 40.0])
    for days, mag in ((np.zeros(2), 0.0), (t2, 2.0)):
        shape = outbursts.nova_shape(days, np.ones(2), t2)
        assert -2.5 * np.log10(shape) == pytest.approx([mag, mag], abs=1e-9)
    late = outbursts.nova_shape(np.array([1e5, 2e5]), np.ones(2), np.full(2, 10.0))
    assert np.log2(late[0] / late[1]) == pytest.approx(1.75, abs=0.01)


def test_a_dwarf_nova_rises_in_a_day_and_declines_as_drawn() -> None:
    days, one = np.array([-1.0, 0.0, 7.0, 9.0]), np.ones(4)
    mag = -2.5 * np.log10(outbursts.dwarf_shape(days, one, 7.0 * one, 0.8 * one))
    assert mag.tolist() == pytest.approx([4.0, 0.0, 0.0, 1.6])


def circular() -> State:
    a = 2.5
    speed = GAUSS / np.sqrt(a)
    tilt = np.radians(23.4392911 + 10.0)
    return State(np.array([60_000.0]), np.array([[a, 0.0, 0.0]]), speed * np.array([[0.0, np.cos(tilt), np.sin(tilt)]]))


def test_orbits_equal_a_brute_force_integration() -> None:
    r, v = np.array([1.9, 0.7, -0.2]), np.array([-0.0038, 0.0105, 0.0021])
    state = State(np.array([60_000.0]), r[None], v[None])
    x, y, steps = r.copy(), v.copy(), 40_000
    h = 80.0 / steps

    def pull(place: Values) -> Values:
        return -(GAUSS**2) * place / np.linalg.norm(place) ** 3

    for _ in range(steps):  # leapfrog
        y = y + 0.5 * h * pull(x)
        x = x + h * y
        y = y + 0.5 * h * pull(x)
    assert propagate(state, np.array([60_080.0]))[0] == pytest.approx(x, abs=1e-7)


def test_elements_of_a_circular_inclined_orbit() -> None:
    found = elements(circular())
    assert found["a"][0] == pytest.approx(2.5)
    assert found["e"][0] == pytest.approx(0.0, abs=1e-9)
    assert found["i"][0] == pytest.approx(10.0)
    whole = propagate(circular(), np.array([60_000.0 + 2.5**1.5 * 2 * np.pi / GAUSS]))
    assert whole[0] == pytest.approx([2.5, 0.0, 0.0], abs=1e-6)


def test_the_earth_is_where_astropy_has_it() -> None:
    from astropy.coordinates import get_body_barycentric
    from astropy.time import Time

    mjd = np.array([60_000.0, 61_345.3])
    time = Time(mjd, format="mjd", scale="tdb")
    line = get_body_barycentric("earth", time) - get_body_barycentric("sun", time)
    np.testing.assert_allclose(earth(mjd), line.xyz.to("au").value.T, atol=1e-5)


def test_an_asteroid_at_opposition_has_its_absolute_magnitude_and_distance_modulus() -> None:
    mjd = np.array([60_000.0])
    home = earth(mjd)
    seen = sight(2.0 * home / np.linalg.norm(home), mjd)
    assert seen.phase[0] == pytest.approx(0.0, abs=1e-6)
    distance = 2.0 - np.linalg.norm(home)
    found = magnitude(np.array([15.0]), np.array([0.15]), seen)[0]
    assert found == pytest.approx(15.0 + 5.0 * np.log10(2.0 * distance), abs=0.01)


def test_main_belt_bodies_move_as_they_should_and_near_ones_faster() -> None:
    sources = moving.asteroid(asked("ztf", "asteroid", 2000))
    rate, near = sources.truth["rate_deg_d"], sources.truth["is_near_earth"]
    assert 0.1 < np.median(rate[~near]) < 0.3
    assert np.quantile(rate[~near], 0.95) < 0.4
    assert np.median(rate[near]) > 2.0 * np.median(rate[~near])
    assert sources.truth["is_known"].mean() == pytest.approx(0.7, abs=0.05)
    assert len(set(sources.body["designation"])) == len(sources)
