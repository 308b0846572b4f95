"""Microlensing: a star brightened by a lens that passes before it, equally in all bands."""

from __future__ import annotations

import numpy as np

from linnet.simulation.draws import Floats
from linnet.simulation.explosions import peak_mag
from linnet.simulation.radiation import star_mags
from linnet.simulation.sources import Epochs, Request, Sources, on_a_star, template_flux


def amplification(u: Floats) -> Floats:
    """(u^2 + 2) / (u sqrt(u^2 + 4)) (Paczynski 1986, ApJ 304, 1); u in Einstein radii."""
    found: Floats = (u**2 + 2.0) / (u * np.sqrt(u**2 + 4.0))
    return found


def separation(days: Floats, u0: Floats, crossing: Floats) -> Floats:
    """Of lens and star in Einstein radii, some days from the nearest approach u0; the Einstein time in days."""
    found: Floats = np.sqrt(u0**2 + (days / crossing) ** 2)
    return found


def microlensing(asked: Request) -> Sources:
    """Point lenses and point sources: u0 even from 0 to 1, Einstein times lognormal about 25 d (bulge) or 55 d (disc).

    Times: Mroz et al. 2019, ApJS 244, 29 (bulge), Mroz et al. 2020, ApJS 249, 16 (plane); half to all of the light is
    that of the star which is lensed.
    """
    median = np.where(asked.uniform("bulge", 0.0, 1.0) < 0.4, 25.0, 55.0)
    crossing = median * 10.0 ** asked.normal("tE", 0.0, 0.4)
    u0 = asked.uniform("u0", 0.01, 1.0)
    part = asked.uniform("blend", 0.4, 1.0)
    deep = asked.campaign.telescope.m5(2)
    mags = star_mags(asked.uniform("r", deep - 5.0, deep - 0.5), asked.uniform("T", 4200.0, 6500.0))
    around = on_a_star(mags, asked.draws, asked.number)
    peak = asked.peak(60.0, 15.0)

    def light(at: Epochs) -> Floats:
        u = separation(at.mjd - peak[at.source], u0[at.source], crossing[at.source])
        return template_flux(around, at) * part[at.source] * (amplification(u) - 1.0)

    field, ra, dec = asked.place("galactic")
    truth = {"peak_mjd": peak, "u0": u0, "tE_d": crossing, "blend": part, "peak_mag": peak_mag(light, peak)}
    return Sources(field, ra, dec, light, around, truth)
