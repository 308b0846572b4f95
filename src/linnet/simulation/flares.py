"""Flares of M dwarfs: minutes of light of 10,000 K on top of a cool red star."""

from __future__ import annotations

import numpy as np

from linnet.simulation.draws import Floats
from linnet.simulation.explosions import peak_mag
from linnet.simulation.radiation import WAVELENGTH, flux_of, planck
from linnet.simulation.sources import Epochs, Request, Sources, on_a_star

HOT = 10_000.0
"""Temperature of a flare, K (Kowalski et al. 2013, ApJS 207, 15)."""

_U = 0


def profile(t: Floats) -> Floats:
    """A flare relative to its peak, times in units of its width at half height (Davenport et al. 2014, ApJ 797, 122).

    Its equations 1 and 4; nothing earlier than one width before the peak.
    """
    early = np.clip(t, -1.0, 0.0)
    rise = 1.0 + 1.941 * early - 0.175 * early**2 - 2.246 * early**3 - 1.125 * early**4
    late = np.maximum(t, 0.0)
    decay = 0.6890 * np.exp(-1.600 * late) + 0.3030 * np.exp(-0.2783 * late)
    found: Floats = np.where(t > 0.0, decay, np.where(t > -1.0, np.maximum(rise, 0.0), 0.0))
    return found


def flare(asked: Request) -> Sources:
    """Stars of M4 to M6 (r - i 1.5 to 2.2) with one flare of 1 to 30 min each, caught in a visit.

    Peak brightness in u is up to some hundred times the quiet star's there. The flare is timed by a visit of these
    nights, for an hour of light in a season would not be seen in a night.
    """
    field, ra, dec = asked.place("anywhere")
    deep = asked.campaign.telescope.m5(2)
    r = asked.uniform("r", deep - 5.0, deep - 0.5)
    r_i = asked.uniform("r-i", 1.5, 2.2)
    # Colours of M dwarfs along r - i (West et al. 2011, AJ 141, 97).
    mags = r[:, None] + np.outer(r_i, [0.0, 0.0, 0.0, -1.0, -1.55, -1.85]) + np.array([3.9, 1.45, 0.0, 0.0, 0.0, 0.0])
    half = asked.log_uniform("half", 1.0, 30.0) / 1440.0
    visit = asked.campaign.a_visit(asked.draws, asked.number, field)
    peak = asked.campaign.visits.mjd[visit] - asked.uniform("before", -0.2, 1.5) * half
    top = flux_of(mags[:, _U]) * asked.log_uniform("amplitude", 3.0, 300.0)
    hot = planck(WAVELENGTH, HOT) / planck(WAVELENGTH[_U], HOT)

    def light(at: Epochs) -> Floats:
        return top[at.source] * hot[at.band] * profile((at.mjd - peak[at.source]) / half[at.source])

    truth = {"peak_mjd": peak, "half_width_min": half * 1440.0, "r_quiet": r, "peak_mag": peak_mag(light, peak)}
    return Sources(field, ra, dec, light, on_a_star(mags, asked.draws, asked.number), truth)
