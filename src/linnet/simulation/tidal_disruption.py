"""Tidal disruption events: a Gaussian rise, then an exponential or t^(-5/3), at a constant high temperature.

Forms and ranges: van Velzen et al. 2021, ApJ 908, 4; Hammerstein et al. 2023, ApJ 942, 9. Absolute magnitudes in g from
-17 to -21, temperatures 15 to 35 kK, at the centre of a galaxy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linnet.simulation.draws import Bools, Floats, Ints
from linnet.simulation.explosions import Explosion, exploding
from linnet.simulation.hosts import galaxies
from linnet.simulation.radiation import WAVELENGTH, colour, redshifts, z_at
from linnet.simulation.sources import Epochs, Request, Sources


@dataclass(frozen=True)
class Disruption:
    """Light curves relative to their peak.

    Attributes:
        sigma: of the Gaussian rise, days.
        tau: of the decay, days.
        is_power_law: decays as (1 + t / tau)^(-5/3) instead of exp(-t / tau).
    """

    sigma: Floats
    tau: Floats
    is_power_law: Bools

    def at(self, phase: Floats, source: Ints) -> Floats:
        """1 at phase 0."""
        past = np.maximum(phase, 0.0) / self.tau[source]
        fall = np.where(self.is_power_law[source], (1.0 + past) ** (-5.0 / 3.0), np.exp(-past))
        return np.where(phase < 0.0, np.exp(-0.5 * (phase / self.sigma[source]) ** 2), fall)


def tidal_disruption(asked: Request) -> Sources:
    """Events whose luminosities go as dN/dL ~ L^(-1.6) between M_g -17 and -21 (van Velzen 2018, ApJ 852, 72)."""
    bright, faint = 10.0 ** (0.4 * 4.0), 1.0
    u = asked.uniform("L", 0.0, 1.0)
    luminosity = (faint**-0.6 + u * (bright**-0.6 - faint**-0.6)) ** (-1.0 / 0.6)
    absolute = -17.0 - 2.5 * np.log10(luminosity)
    z = redshifts(asked.draws, asked.number, z_at(asked.campaign.reach(-18.5)))
    kelvin = asked.log_uniform("T", 15_000.0, 35_000.0)
    shape = Disruption(
        asked.log_uniform("rise", 10.0, 30.0), asked.log_uniform("tau", 30.0, 100.0), asked.uniform("law", 0, 1) < 0.5
    )

    def colours(at: Epochs, _phase: Floats) -> Floats:
        return colour(at.band, z[at.source], kelvin[at.source], float(WAVELENGTH[1]))

    truth = {"T_K": kelvin, "sigma_rise_d": shape.sigma, "tau_d": shape.tau}
    return exploding(
        asked, Explosion(z, absolute, shape, colours, truth), (90.0, 20.0), galaxies(asked, z, 1.0, nucleus=True)
    )
