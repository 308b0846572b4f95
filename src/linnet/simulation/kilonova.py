"""Kilonovae: two components of ejecta, grey opacity, heated by the decay of r-process nuclei.

Heating: Korobkin et al. 2012, MNRAS 426, 1940; thermalisation: Barnes et al. 2016, ApJ 829, 110; diffusion and
photosphere: Villar et al. 2017, ApJL 851, L21, whose fit of GW170817 the parameters follow.
"""

from __future__ import annotations

import numpy as np

from linnet.simulation.draws import Floats
from linnet.simulation.explosions import at_redshift
from linnet.simulation.hosts import galaxies
from linnet.simulation.radiation import redshifts, sphere, z_at
from linnet.simulation.sources import Epochs, Request, Sources
from linnet.simulation.superluminous import DAY, LIGHT_CM, SUN_G, arnett, brightest, looked_up, photosphere

BLUE = (0.023, 0.256, 0.5, 3983.0)
RED = (0.050, 0.149, 3.65, 1151.0)
"""Mass (Msun), speed (c), opacity (cm2/g) and temperature floor (K) of the two components of GW170817."""

_BETA = 13.7
_DAYS = 60.0 * (np.arange(1, 241) / 240.0) ** 3
"""Days since the merger; nothing is left afterwards."""


def heating(days: Floats) -> Floats:
    """Power of one gram of r-process matter, erg/s/g: 4e18 (1/2 - atan((t - 1.3 s) / 0.11 s) / pi)^1.3."""
    seconds = days * DAY
    # arctan(1/x) keeps the digits that 1/2 - arctan(x) / pi loses at late times.
    found: Floats = 4.0e18 * (np.arctan2(0.11, seconds - 1.3) / np.pi) ** 1.3
    return found


def thermalised(days: Floats, a: float = 0.56, b: float = 0.17, d: float = 0.74) -> Floats:
    """Part of the power that stays in the ejecta (Barnes et al. 2016, equation 34; 0.01 Msun at 0.2 c)."""
    x = 2.0 * b * days**d
    found: Floats = 0.36 * (np.exp(-a * days) + np.log1p(x) / x)
    return found


def kilonova(asked: Request) -> Sources:
    """Events like GW170817 with masses scattered by a quarter, to where they are seen well."""
    z = redshifts(asked.draws, asked.number, z_at(asked.campaign.reach(-15.8)), 0.003)
    scale = 10.0 ** asked.normal("mass", 0.0, 0.1)
    parts = [_component(scale, *of) for of in (BLUE, RED)]
    top = brightest(_DAYS, z, parts)
    merger = asked.uniform("merger", asked.campaign.start - 4.0, asked.campaign.end + 0.2)

    def light(at: Epochs) -> Floats:
        own = z[at.source]
        phase = (at.mjd - merger[at.source]) / (1.0 + own)
        received = np.zeros(len(phase))
        for kelvin, radius in parts:
            hot = looked_up(_DAYS, kelvin, phase, at.source)
            received += sphere(at.band, own, hot, looked_up(_DAYS, radius, phase, at.source))
        return np.where((phase > _DAYS[0]) & (phase < _DAYS[-1]), received, 0.0)

    truth = {"z": z, "peak_mjd": merger + top * (1.0 + z), "merger_mjd": merger, "mass_scale": scale}
    return at_redshift(asked, light, truth, galaxies(asked, z, 0.5))


def _component(scale: Floats, mass: float, speed: float, opacity: float, floor: float) -> tuple[Floats, Floats]:
    """Temperature and radius of one component, n x m."""
    grams, cm = mass * scale * SUN_G, np.full(len(scale), speed * LIGHT_CM)
    power = grams[:, None] * (heating(_DAYS) * thermalised(_DAYS))[None, :]
    diffusion = np.sqrt(2.0 * opacity * grams / (_BETA * LIGHT_CM * cm)) / DAY
    return photosphere(arnett(_DAYS, power, diffusion), _DAYS, cm, floor)
