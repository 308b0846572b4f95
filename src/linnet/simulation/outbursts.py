"""Outbursts of white dwarfs that take matter from a companion: novae and dwarf novae."""

from __future__ import annotations

import numpy as np

from linnet.simulation.draws import Floats
from linnet.simulation.explosions import peak_mag
from linnet.simulation.radiation import flux_of, star_mags
from linnet.simulation.sources import Epochs, Request, Sources, on_a_star, template_flux

NOVA_SLOPE = 1.75
"""Of F ~ t^-1.75 (Hachisu & Kato 2006, ApJS 167, 59: free-free emission of the wind)."""


def nova_shape(days: Floats, rise: Floats, t2: Floats) -> Floats:
    """A nova's flux relative to its peak: an exponential rise, then (1 + t / s)^-1.75, two magnitudes fainter at t2."""
    scale = t2 / (10.0 ** (0.8 / NOVA_SLOPE) - 1.0)
    fall = (1.0 + np.maximum(days, 0.0) / scale) ** -NOVA_SLOPE
    found: Floats = np.where(days < 0.0, np.exp(np.clip(3.0 * days / rise, -60.0, 0.0)), fall)
    return found


def dwarf_shape(days: Floats, rise: Floats, plateau: Floats, decline: Floats) -> Floats:
    """A dwarf nova's flux above quiescence relative to its top: mag falls linearly on both sides of a plateau.

    Args:
        days: since the begin of the plateau.
        rise: days in which it rises by 4 mag.
        plateau: length, days.
        decline: mag a day.
    """
    mag = np.where(days < 0.0, -days / rise * 4.0, np.maximum(days - plateau, 0.0) * decline)
    found: Floats = 10.0 ** (-0.4 * np.minimum(mag, 30.0))
    return found


def nova(asked: Request) -> Sources:
    """Classical novae of the Galaxy: M_V -7 to -9, t2 5 to 80 d (della Valle & Izzo 2020, A&ARv 28, 3).

    The brighter, the faster: M_V = -8.8 at t2 = 5 d to -7 at 80 d. Quiescence lies 8 to 15 mag below the peak. Only
    those behind so much dust that they do not saturate are drawn (De et al. 2021, ApJ 912, 19, find half of all to be
    such).
    """
    t2 = asked.log_uniform("t2", 5.0, 80.0)
    absolute = -8.8 + 1.5 * np.log10(t2 / 5.0) + asked.normal("M", 0.0, 0.3)
    telescope = asked.campaign.telescope
    top = asked.uniform("top", telescope.bright + 0.3, telescope.m5(2) - 3.0)
    quiet = star_mags(top + asked.uniform("amplitude", 8.0, 15.0), 9000.0)
    peak, rise = asked.peak(40.0, 6.0), asked.uniform("rise", 1.0, 3.0)
    bright = flux_of(star_mags(top, 9000.0))

    def light(at: Epochs) -> Floats:
        shape = nova_shape(at.mjd - peak[at.source], rise[at.source], t2[at.source])
        return bright[at.source, at.band] * shape

    field, ra, dec = asked.place("galactic")
    truth = {"peak_mjd": peak, "t2_d": t2, "M": absolute, "amplitude": quiet[:, 2] - top}
    truth["peak_mag"] = peak_mag(light, peak)
    return Sources(field, ra, dec, light, on_a_star(quiet, asked.draws, asked.number), truth)


def dwarf_nova(asked: Request) -> Sources:
    """Dwarf novae: outbursts of 2 to 6 mag, a day of rise, a plateau of 5 to 10 d, then 0.5 to 1 mag a day.

    They recur after 20 to 300 d (Warner 1995, Cataclysmic Variable Stars; Coppejans et al. 2016, MNRAS 456, 4441).
    """
    amplitude = asked.uniform("amplitude", 2.0, 6.0)
    deep = asked.campaign.telescope.m5(2)
    top = asked.uniform("top", deep - 5.5, deep - 0.7)
    quiet, hot = star_mags(top + amplitude, 8000.0), flux_of(star_mags(top, 12_000.0))
    period = asked.log_uniform("recurrence", 20.0, 300.0)
    # The last outburst before or in the nights; a recurring one is seen in the history as well.
    start = asked.campaign.end + 0.5 - asked.uniform("phase", 0.0, 1.0) * np.minimum(period, 40.0)
    rise, plateau = asked.uniform("rise", 0.7, 1.5), asked.uniform("plateau", 5.0, 10.0)
    decline = asked.uniform("decline", 0.5, 1.0)

    def light(at: Epochs) -> Floats:
        s = at.source
        since = at.mjd - start[s]
        cycle = np.floor((since + 5.0) / period[s])
        days = since - np.minimum(cycle, 0.0) * period[s]
        shape = dwarf_shape(days, rise[s], plateau[s], decline[s])
        return np.maximum(hot[s, at.band] - template_flux(around, at), 0.0) * shape

    around = on_a_star(quiet, asked.draws, asked.number)
    field, ra, dec = asked.place("anywhere")
    truth = {"peak_mjd": start, "amplitude": amplitude, "recurrence_d": period, "plateau_d": plateau}
    truth["peak_mag"] = peak_mag(light, start)
    return Sources(field, ra, dec, light, around, truth)
