"""What is no source in the sky: satellites that leave streaks, and artefacts of detector and subtraction.

Dipoles where two images are not aligned, cosmic rays, bad columns, edges, residuals of bright stars of either sign.
Each is seen in one visit. Their scores are mostly low, not always (in raw ZTF alerts a third have rb < 0.5).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from linnet.simulation.draws import Floats, Ints
from linnet.simulation.explosions import peak_mag
from linnet.simulation.noise import flux_error
from linnet.simulation.radiation import flux_of, mag_of, star_mags
from linnet.simulation.sources import Epochs, Request, Sources, Surroundings, on_a_star, on_nothing, template_flux

_POSITIVE = {"cosmic_ray": 1.0, "streak": 1.0, "bad_column": 0.5, "edge": 0.5, "dipole": 0.5, "star_residual": 0.5}
"""Part of each kind that is positive."""


def artefact(shape: str) -> Callable[[Request], Sources]:
    """The class of a kind of artefact, seen in one visit: its signal to noise falls as a power law from 5 to 60."""

    def drawn(asked: Request) -> Sources:
        field, ra, dec = asked.place("anywhere")
        only = asked.campaign.a_visit(asked.draws, asked.number, field)
        snr = 5.6 * asked.uniform("S/N", (60.0 / 5.6) ** -1.5, 1.0) ** (-1.0 / 1.5)
        sign = np.where(asked.draws.chance("sign", asked.number, _POSITIVE[shape]), 1.0, -1.0)

        around = _under(asked, shape)
        gamma = asked.campaign.telescope.gamma

        def light(at: Epochs) -> Floats:
            error = flux_error(mag_of(at.five), template_flux(around, at), gamma[at.band], 10)
            return (sign * snr)[at.source] * error

        return Sources(field, ra, dec, light, around, {}, shape=shape, only=only)

    return drawn


def streak(asked: Request) -> Sources:
    """Satellites: a line across the detector in one visit, each PSF as bright as a source up to 5 mag above depth."""
    field, ra, dec = asked.place("anywhere")
    only = asked.campaign.a_visit(asked.draws, asked.number, field)
    mag = asked.uniform("mag", asked.campaign.telescope.m5(2) - 5.0, asked.campaign.telescope.m5(2) - 0.8)
    flux = flux_of(mag)

    def light(at: Epochs) -> Floats:
        return flux[at.source]

    peak = asked.campaign.visits.mjd[only]
    truth = {"peak_mjd": peak, "peak_mag": peak_mag(light, peak)}
    trail = asked.log_uniform("trail", 20.0, 300.0)
    return Sources(field, ra, dec, light, on_nothing(len(flux)), truth, shape="streak", only=only, trail=trail)


def _under(asked: Request, shape: str) -> Surroundings:
    """A bright star under the residuals of stars and most dipoles, nothing in particular elsewhere."""
    number: Ints = asked.number
    if shape not in {"dipole", "star_residual"}:
        return on_nothing(len(number))
    bright = asked.campaign.telescope.bright
    r = asked.uniform("star", bright + 0.5, bright + 4.0)
    return on_a_star(star_mags(r, asked.uniform("T", 4000.0, 7500.0)), asked.draws, number)
