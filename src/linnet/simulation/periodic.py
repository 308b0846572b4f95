"""Periodic stars: RR Lyrae, eclipsing binaries, long-period variables.

A template holds the mean of the light, so that differences are of either sign.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from linnet.simulation.draws import Floats
from linnet.simulation.radiation import star_mags
from linnet.simulation.sources import Epochs, Request, Sources, on_a_star, template_flux

RR_AB = (
    (-0.3050, -0.2061),
    (-0.1438, -0.0748),
    (-0.1072, -0.0039),
    (-0.0576, 0.0273),
    (-0.0216, 0.0335),
    (-0.0022, 0.0194),
    (0.0029, 0.0005),
    (0.0007, -0.0034),
)
RR_C = ((-0.4693, -0.1766), (-0.0473, 0.0523), (0.0132, 0.0304))
"""Cosines and sines of the harmonics of light curves in g, in magnitudes of an amplitude of 1, brightest at phase 0.

Medians of the folded light curves of 244 RRab and 51 RRc of SDSS Stripe 82 (Sesar et al. 2010, ApJ 708, 717)."""

RR_RATIO = np.array([1.0, 1.0, 0.71, 0.56, 0.52, 0.50])
"""Amplitudes relative to that in g (Sesar et al. 2010, section 3; those of z and y continued)."""


def fourier(phase: Floats, harmonics: tuple[tuple[float, float], ...]) -> Floats:
    """A Fourier series without its mean: magnitudes at phases."""
    found = np.zeros(len(phase))
    for k, (cosine, sine) in enumerate(harmonics, 1):
        found += cosine * np.cos(2.0 * np.pi * k * phase) + sine * np.sin(2.0 * np.pi * k * phase)
    return found


def rr_lyrae(asked: Request) -> Sources:
    """Three of four of type ab: P 0.45 to 0.75 d, 0.6 to 1.4 mag in g; the others c: 0.25 to 0.40 d, 0.3 to 0.6 mag."""
    is_ab = asked.uniform("type", 0.0, 1.0) < 0.75
    period = np.where(is_ab, asked.uniform("P", 0.45, 0.75), asked.uniform("P", 0.25, 0.40))
    # Longer periods have smaller amplitudes (Bailey 1902): half of the range goes with the period.
    along = 0.5 * asked.uniform("A", 0.0, 1.0) + 0.5 * (1.0 - (period - 0.45) / 0.30)
    amplitude = np.where(is_ab, 0.6 + 0.8 * np.clip(along, 0.0, 1.0), asked.uniform("A", 0.3, 0.6))
    telescope = asked.campaign.telescope
    r = asked.uniform("r", max(14.0, telescope.bright), telescope.m5(2) - 1.0)
    mags = star_mags(r, asked.uniform("T", 6200.0, 7300.0))
    phase = asked.uniform("phase", 0.0, 1.0)

    def change(at: Epochs) -> Floats:
        cycle = at.mjd / period[at.source] + phase[at.source]
        mag = np.where(is_ab[at.source], fourier(cycle, RR_AB), fourier(cycle, RR_C))
        found: Floats = mag * amplitude[at.source] * RR_RATIO[at.band]
        return found

    truth = {"period_d": period, "amplitude_g": amplitude, "is_ab": is_ab, "r_mean": r}
    return _varying(asked, mags, change, truth, "extragalactic")


def eclipsing_binary(asked: Request) -> Sources:
    """Two Gaussian eclipses (Mowlavi et al. 2017, A&A 606, A92): P 0.25 to 10 d, depths to 0.8 and 0.5 mag."""
    period = asked.log_uniform("P", 0.25, 10.0)
    first = asked.uniform("depth 1", 0.1, 0.8)
    second = np.minimum(asked.uniform("depth 2", 0.05, 0.5), first)
    # Close pairs are eclipsed for a larger part of the orbit.
    width = np.clip(0.07 * period**-0.6, 0.012, 0.10) * asked.uniform("width", 0.7, 1.3)
    telescope = asked.campaign.telescope
    r = asked.uniform("r", max(14.0, telescope.bright), telescope.m5(2) - 1.5)
    mags, phase = star_mags(r, asked.log_uniform("T", 3800.0, 9000.0)), asked.uniform("phase", 0.0, 1.0)

    def change(at: Epochs) -> Floats:
        s = at.source
        cycle = (at.mjd / period[s] + phase[s]) % 1.0
        return first[s] * dip(cycle, 0.0, width[s]) + second[s] * dip(cycle, 0.5, width[s])

    truth = {"period_d": period, "depth_1": first, "depth_2": second, "r_mean": r}
    return _varying(asked, mags, change, truth, "galactic")


def dip(phase: Floats, centre: float, width: Floats) -> Floats:
    """A Gaussian of height 1 about a phase, on a circle of length 1."""
    away = (phase - centre + 0.5) % 1.0 - 0.5
    found: Floats = np.exp(-0.5 * (away / width) ** 2)
    return found


def long_period(asked: Request) -> Sources:
    """Miras and semi-regular giants: P 80 to 500 d, 0.4 to 5 mag in g, less in red (Iwanek et al. 2021, ApJS 257, 23).

    Miras, with more than 2.5 mag, rise in about 0.45 of their period (GCVS; Vardya 1988).
    """
    period = asked.log_uniform("P", 80.0, 500.0)
    amplitude = asked.log_uniform("A", 0.4, 5.0)
    telescope = asked.campaign.telescope
    r = asked.uniform("r", max(13.5, telescope.bright + 0.5), telescope.m5(2) - 2.0)
    mags, phase = star_mags(r, asked.uniform("T", 2700.0, 3400.0)), asked.uniform("phase", 0.0, 1.0)
    ratio = np.array([1.1, 1.0, 0.85, 0.6, 0.5, 0.45])

    def change(at: Epochs) -> Floats:
        cycle = 2.0 * np.pi * (at.mjd / period[at.source] + phase[at.source])
        found: Floats = 0.5 * amplitude[at.source] * ratio[at.band] * -np.cos(cycle + 0.3 * np.sin(cycle))
        return found

    truth = {"period_d": period, "amplitude_g": amplitude, "r_mean": r}
    return _varying(asked, mags, change, truth, "galactic")


def _varying(
    asked: Request, mags: Floats, change: Callable[[Epochs], Floats], truth: Mapping[str, Any], place: str
) -> Sources:
    """Stars whose magnitudes change about a mean."""
    around = on_a_star(mags, asked.draws, asked.number)

    def light(at: Epochs) -> Floats:
        return template_flux(around, at) * (10.0 ** (-0.4 * change(at)) - 1.0)

    field, ra, dec = asked.place(place)
    return Sources(field, ra, dec, light, around, truth)
