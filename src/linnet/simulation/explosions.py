"""Sources that explode once at a redshift: from a shape and colours in the rest frame to what is received."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from linnet.simulation.draws import Floats, Ints
from linnet.simulation.hosts import galaxies
from linnet.simulation.radiation import distance_modulus, flux_of
from linnet.simulation.sources import Epochs, LightCurve, Request, Sources, Surroundings, reddened

_R = 2


class Shape(Protocol):
    """A light curve in the rest frame."""

    def at(self, phase: Floats, source: Ints) -> Floats:
        """Relative to its peak: 1 at phase 0.

        Args:
            phase: days of the rest frame since the peak.
            source: rows of the sources.
        """


@dataclass(frozen=True)
class Explosion:
    """n explosions.

    Attributes:
        z: redshifts.
        absolute: AB magnitude of the peak at a reference wavelength of the rest frame.
        shape: the light curve there.
        colours: flux in an observed band over that at the reference, from epochs and phases.
        truth: further parameters.
    """

    z: Floats
    absolute: Floats
    shape: Shape
    colours: Callable[[Epochs, Floats], Floats]
    truth: Mapping[str, npt.NDArray[Any]]


def exploding(
    asked: Request, drawn: Explosion, window: tuple[float, float], host: Surroundings | None = None
) -> Sources:
    """Explosions as sources in galaxies.

    Args:
        asked: the sources.
        drawn: their light.
        window: days before the first night, and after the last one, in which they peak.
        host: the galaxies; by default with the explosion in the disc.
    """
    peak = asked.peak(*window)
    bright = flux_of(drawn.absolute + distance_modulus(drawn.z)) * (1.0 + drawn.z)

    def light(at: Epochs) -> Floats:
        phase = (at.mjd - peak[at.source]) / (1.0 + drawn.z[at.source])
        return bright[at.source] * drawn.shape.at(phase, at.source) * drawn.colours(at, phase)

    return at_redshift(asked, light, {"z": drawn.z, "peak_mjd": peak, "M": drawn.absolute, **drawn.truth}, host)


def at_redshift(
    asked: Request, light: LightCurve, truth: Mapping[str, npt.NDArray[Any]], host: Surroundings | None = None
) -> Sources:
    """Light from redshifts (`truth["z"]`) as sources in galaxies behind the Galaxy's dust."""
    field, ra, dec = asked.place("extragalactic")
    seen = reddened(light, ra, dec)
    around = host or galaxies(asked, truth["z"])
    return Sources(field, ra, dec, seen, around, {**truth, "peak_mag": peak_mag(seen, truth["peak_mjd"])})


def peak_mag(light: LightCurve, peak_mjd: Floats) -> Floats:
    """AB magnitude in r at the time of the peak."""
    n = len(peak_mjd)
    none = np.zeros(n)
    every = np.arange(n)
    flux = light(Epochs(every, peak_mjd, np.full(n, _R), none, np.full(n, -1)))
    found: Floats = 31.4 - 2.5 * np.log10(np.maximum(flux, 1e-10))
    return found
