"""Superluminous supernovae of type I: a magnetar that spins down inside the ejecta.

Power of a magnetar: Kasen & Bildsten 2010, ApJ 717, 245; diffusion through the ejecta: Arnett 1982, ApJ 253, 785;
parameters: Nicholl et al. 2017, ApJ 850, 55 (medians P = 2.4 ms, B = 0.8e14 G, M = 4.8 Msun). The photosphere expands
with the ejecta until it has cooled to 6,000 K, then stays at that temperature.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from linnet.simulation.draws import Floats
from linnet.simulation.explosions import at_redshift
from linnet.simulation.hosts import galaxies
from linnet.simulation.radiation import redshifts, sphere, z_at
from linnet.simulation.sources import Epochs, Request, Sources

DAY = 86400.0
SUN_G = 1.989e33
LIGHT_CM = 2.99792458e10
SIGMA = 5.670374e-5
"""Stefan and Boltzmann's constant, erg/s/cm2/K4."""

_GRID = 240
_LONGEST = 400.0
_OPACITY = 0.15
_FLOOR = 6000.0
_BETA = 13.7


def magnetar(days: Floats, period_ms: Floats, field_14: Floats) -> Floats:
    """Spin-down power, erg/s (Kasen & Bildsten 2010, equations 1 to 3: E = 2e52 erg / P^2, t = 4.7 d P^2 / B^2).

    Args:
        days: since explosion (any shape that broadcasts).
        period_ms: initial spin period.
        field_14: dipole field in 1e14 G.
    """
    energy = 2.0e52 / period_ms**2
    spin_down = 4.7 * period_ms**2 / field_14**2
    found: Floats = energy / (spin_down * DAY) / (1.0 + days / spin_down) ** 2
    return found


def arnett(days: Floats, power: Floats, diffusion: Floats) -> Floats:
    """Luminosity of ejecta that are heated from within (Arnett 1982).

    Args:
        days: increasing from 0, m of them.
        power: n x m, erg/s.
        diffusion: n diffusion times, days.

    Returns:
        n x m, erg/s.
    """
    x = days[None, :] / diffusion[:, None]
    out = np.zeros_like(power)
    # A step at a time keeps the growing exponential in range: at most 240 turns over all sources at once.
    for i in range(1, len(days)):
        kept = np.exp(x[:, i - 1] ** 2 - x[:, i] ** 2)
        # Exact for a power that is constant over a step, however long it is against the diffusion time.
        out[:, i] = out[:, i - 1] * kept + 0.5 * (power[:, i - 1] + power[:, i]) * (1.0 - kept)
    return out


def photosphere(luminosity: Floats, days: Floats, speed: Floats, floor: float) -> tuple[Floats, Floats]:
    """Temperature (K) and radius (cm) that radiate a luminosity: expanding, then at a constant temperature.

    Args:
        luminosity: n x m, erg/s.
        days: m times since explosion.
        speed: n speeds of the photosphere, cm/s.
        floor: temperature of recombination, K.
    """
    radius = np.maximum(speed[:, None] * days[None, :] * DAY, 1e12)
    kelvin = (luminosity / (4.0 * np.pi * SIGMA * radius**2)) ** 0.25
    cold = kelvin < floor
    shrunk = np.sqrt(luminosity / (4.0 * np.pi * SIGMA * floor**4))
    return np.where(cold, floor, kelvin), np.where(cold, shrunk, radius)


def looked_up(days: Floats, table: Floats, phase: Floats, source: np.typing.NDArray[np.int64]) -> Floats:
    """Values of a table (n x m, at m increasing times) at times of its rows, interpolated; ends are kept."""
    place = np.clip(np.searchsorted(days, phase) - 1, 0, len(days) - 2)
    part = np.clip((phase - days[place]) / (days[place + 1] - days[place]), 0.0, 1.0)
    found: Floats = table[source, place] * (1.0 - part) + table[source, place + 1] * part
    return found


def brightest(days: Floats, z: Floats, parts: Sequence[tuple[Floats, Floats]]) -> Floats:
    """Days of the rest frame at which the sum of black bodies is brightest in r, one for each source.

    Args:
        days: m times since explosion.
        z: n redshifts.
        parts: temperatures (K) and radii (cm), n x m each.
    """
    band = np.full(parts[0][0].shape, 2)
    light = sum(sphere(band, z[:, None], kelvin, radius) for kelvin, radius in parts)
    best: Floats = days[np.argmax(light, axis=1)]
    return best


def superluminous(asked: Request) -> Sources:
    """Magnetars with parameters scattered about the medians; M_g comes to -21.5 or so, rise 20 to 60 d."""
    z = redshifts(asked.draws, asked.number, z_at(asked.campaign.reach(-21.2)), 0.03)
    period = np.clip(asked.normal("P", 2.4, 0.6), 1.2, 5.0)
    field_14 = 0.8 * 10.0 ** asked.normal("B", 0.0, 0.15)
    mass = 4.8 * 10.0 ** asked.normal("mass", 0.0, 0.15)
    speed = asked.normal("speed", 1.3e9, 0.1e9)
    days = _LONGEST * (np.arange(_GRID) / (_GRID - 1)) ** 2
    diffusion = np.sqrt(2.0 * _OPACITY * mass * SUN_G / (_BETA * LIGHT_CM * speed)) / DAY
    luminosity = arnett(days, magnetar(days[None, :], period[:, None], field_14[:, None]), diffusion)
    kelvin, radius = photosphere(luminosity, days, speed, _FLOOR)
    start = asked.peak(170.0, 10.0)
    top = brightest(days, z, [(kelvin, radius)])

    def light(at: Epochs) -> Floats:
        own = z[at.source]
        phase = (at.mjd - start[at.source]) / (1.0 + own)
        hot = looked_up(days, kelvin, phase, at.source)
        received = sphere(at.band, own, np.maximum(hot, 1000.0), looked_up(days, radius, phase, at.source))
        return np.where(phase > 0.0, received, 0.0)

    peak = start + top * (1.0 + z)
    truth = {"z": z, "peak_mjd": peak, "P_ms": period, "B_1e14G": field_14, "mass_Msun": mass, "rise_d": top}
    return at_redshift(asked, light, truth, galaxies(asked, z, 4.0))
