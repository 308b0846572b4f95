"""Galaxies that transients lie in."""

from __future__ import annotations

import numpy as np

from linnet.simulation.draws import Floats
from linnet.simulation.radiation import distance_modulus, kiloparsec
from linnet.simulation.sources import GALAXY, Request, Surroundings

_KNEE = -21.2
"""M* in r for H0 = 70 (Blanton et al. 2003, ApJ 592, 819: -20.44 + 5 log h)."""

_COLOURS = np.array([1.9, 0.65, 0.0, -0.30, -0.48, -0.60])
"""Magnitudes relative to r of a spiral galaxy (Fukugita et al. 1995, PASP 107, 945: Sbc, SDSS bands), z near 0."""


def galaxies(asked: Request, z: Floats, fainter: float = 1.2, nucleus: bool = False) -> Surroundings:
    """Host galaxies at some redshifts.

    Their luminosities are normal about a magnitude below the knee; half-light radii go with luminosity (Shen et al.
    2003, MNRAS 343, 978); transients follow the light of an exponential disc.

    Args:
        asked: the sources.
        z: their redshifts.
        fainter: magnitudes below the knee, in the mean.
        nucleus: the source lies at the centre, within 0.1 arcsec.
    """
    absolute = _KNEE + fainter + asked.normal("host", 0.0, 1.0)
    r = absolute + distance_modulus(z)
    reddening = asked.normal("host colour", 0.0, 0.12) + 1.3 * z
    slope = np.array([1.2, 0.8, 0.0, -0.5, -0.8, -1.0])
    mags = r[:, None] + _COLOURS[None, :] + reddening[:, None] * slope[None, :]
    kpc = np.clip(5.0 * 10.0 ** (-0.4 * 0.35 * (absolute - _KNEE)), 0.5, 15.0)
    size = np.clip(kpc / np.maximum(kiloparsec(z), 1e-3), 0.1, 12.0)
    # Two uniform numbers make the radius of a point drawn from an exponential disc: a gamma variable of shape two.
    first, second = (asked.uniform(f"disc {i}", 1e-4, 1.0) for i in (1, 2))
    away = -np.log(first * second) * size / 1.678
    if nucleus:
        away = np.abs(asked.normal("centroid", 0.0, 0.06))
    angle = asked.uniform("side", 0.0, 2.0 * np.pi)
    return Surroundings(np.full(len(z), GALAXY), mags, np.minimum(away, 25.0), angle, size)
