"""Active galactic nuclei: a damped random walk in magnitude, the same in all bands but for its amplitude.

Kelly et al. 2009, ApJ 698, 895; amplitudes and time scales: MacLeod et al. 2010, ApJ 721, 1014. The walk is advanced
from visit to visit by its exact conditional distribution, so it does not depend on steps.
"""

from __future__ import annotations

import numpy as np

from linnet.simulation.draws import Draws, Floats, Ints
from linnet.simulation.hosts import galaxies
from linnet.simulation.radiation import WAVELENGTH, distance_modulus, flux_of, redshifts, z_at
from linnet.simulation.sources import GALAXY, Epochs, Request, Sources, Surroundings, reddened

TICK = 86400.0
"""Steps a day into which times are rounded for the noise that belongs to them."""


def structure(wavelength: Floats, absolute: Floats, log_mass: Floats) -> Floats:
    """SF at infinity, mag (MacLeod et al. 2010, Table 1, equation 7); rest wavelengths in nm, M_i, solar masses."""
    power = -0.51 - 0.479 * np.log10(wavelength / 400.0) + 0.131 * (absolute + 23.0) + 0.18 * (log_mass - 9.0)
    found: Floats = 10.0**power
    return found


def time_scale(wavelength: Floats, absolute: Floats, log_mass: Floats) -> Floats:
    """Damping time, days of the rest frame (the same)."""
    power = 2.4 + 0.17 * np.log10(wavelength / 400.0) + 0.03 * (absolute + 23.0) + 0.21 * (log_mass - 9.0)
    found: Floats = 10.0**power
    return found


def damped_random_walk(draws: Draws, number: Ints, epochs: Epochs, tau: Floats) -> Floats:
    """A damped random walk of unit variance at epochs that are ordered by source and time.

    Args:
        draws: where its steps come from.
        number: of the sources, one each.
        epochs: of n sources.
        tau: damping time of each source in the observer's frame, days.
    """
    source, mjd = epochs.source, epochs.mjd
    first = np.flatnonzero(np.diff(source, prepend=-1))
    counts = np.diff(np.append(first, len(source)))
    step = draws.normal("walk", number[source] * 2**34 + np.round(mjd * TICK).astype(np.int64))
    kept = np.exp(-np.abs(np.diff(mjd, prepend=0.0)) / tau[source])
    kept[first] = 0.0
    walk = np.sqrt(1.0 - kept**2) * step
    # A turn for every visit, over all sources that have so many: 200 turns for 2,000 sources take 12 ms.
    for i in range(1, int(counts.max(initial=0))):
        rows = first[counts > i] + i
        walk[rows] += kept[rows] * walk[rows - 1]
    return walk


def agn(asked: Request) -> Sources:
    """Quasars and Seyfert nuclei, M_i -27 to -22; one in ten a blazar: thrice the amplitude, a fifth of the time scale.

    Masses go with M_i as in MacLeod et al. 2010, section 5.1. A template holds the mean of the light, so differences
    are of either sign.
    """
    absolute = asked.uniform("M", -27.0, -22.0)
    z = redshifts(asked.draws, asked.number, min(2.5, z_at(asked.campaign.reach(-24.0))), 0.02)
    log_mass = np.clip(asked.normal("mass", 0.0, 0.4) + 2.0 - 0.27 * absolute, 7.0, 10.5)
    blazar = asked.uniform("blazar", 0.0, 1.0) < 0.1
    emitted = WAVELENGTH[None, :] / (1.0 + z)[:, None]
    sigma = structure(emitted, absolute[:, None], log_mass[:, None]) / np.sqrt(2.0)
    sigma *= np.where(blazar, 3.0, 1.0)[:, None]
    tau = time_scale(emitted[:, 2], absolute, log_mass) * (1.0 + z) / np.where(blazar, 5.0, 1.0)
    # nu^(-0.5) (Vanden Berk et al. 2001, AJ 122, 549).
    i = absolute + distance_modulus(z) - 2.5 * np.log10(1.0 + z) * 0.5
    mags = i[:, None] - 2.5 * 0.5 * np.log10(WAVELENGTH / WAVELENGTH[3])[None, :]
    nucleus = flux_of(mags)

    def light(at: Epochs) -> Floats:
        walk = damped_random_walk(asked.draws, asked.number, at, tau)
        found: Floats = nucleus[at.source, at.band] * (10.0 ** (-0.4 * sigma[at.source, at.band] * walk) - 1.0)
        return found

    field, ra, dec = asked.place("extragalactic")
    galaxy = galaxies(asked, z, 0.0, nucleus=True)
    both = -2.5 * np.log10(flux_of(galaxy.mags) + nucleus) + 31.4
    around = Surroundings(np.full(len(z), GALAXY), both, galaxy.away, galaxy.angle, galaxy.size)
    truth = {"z": z, "M_i": absolute, "log_mass": log_mass, "tau_d": tau, "sigma_r": sigma[:, 2], "is_blazar": blazar}
    return Sources(field, ra, dec, reddened(light, ra, dec), around, truth)
