"""What a class of sources gives: positions, light, surroundings, and the truth about them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from linnet.core import sky
from linnet.simulation.campaign import Campaign
from linnet.simulation.draws import Draws, Floats, Ints
from linnet.simulation.radiation import EXTINCTION, flux_of

NONE, GALAXY, STAR = 0, 1, 2
"""What lies under a source."""


@dataclass(frozen=True)
class Epochs:
    """Moments at which sources are looked at.

    Attributes:
        source: rows of the sources.
        mjd: middle of the exposure, MJD in UTC.
        band: numbers of bands.
        five: nJy of a source at 5 sigma in that exposure.
        visit: rows of the campaign's visits.
    """

    source: Ints
    mjd: Floats
    band: Ints
    five: Floats
    visit: Ints

    def of(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Values of the sources at their epochs."""
        return values[self.source]


LightCurve = Callable[[Epochs], Floats]
"""Difference flux (nJy, signed) of every epoch, without noise."""

Path = Callable[[Epochs], tuple[Floats, Floats]]
"""Right ascension and declination of every epoch, degrees."""


@dataclass(frozen=True)
class Surroundings:
    """What a template shows at the places of n sources.

    Attributes:
        kind: `NONE`, `GALAXY` or `STAR`.
        mags: n x 6 AB magnitudes of the nearest object.
        away, angle: of the source from its centre, arcsec and radians from north to east.
        size: its half-light radius, arcsec; 0 for stars.
    """

    kind: Ints
    mags: Floats
    away: Floats
    angle: Floats
    size: Floats


@dataclass(frozen=True)
class Sources:
    """n sources of one class.

    Attributes:
        field: rows of the campaign's fields.
        ra, dec: degrees; of moving ones, in the middle of the campaign.
        light: their light curves.
        around: what lies there.
        truth: parameters by name, n values each; `z`, `peak_mjd` (UTC) and `peak_mag` have columns of their own.
        shape: of the detection, one of `SHAPES`.
        only: row of the one visit that shows it; None: every visit.
        path: of moving ones.
        trail: arcsec that each leaves in an exposure; None: points.
        body: of moving ones that the survey knows: designation, orbit (see `moving`).
    """

    field: Ints
    ra: Floats
    dec: Floats
    light: LightCurve
    around: Surroundings
    truth: Mapping[str, npt.NDArray[Any]]
    shape: str = "point"
    only: Ints | None = None
    path: Path | None = None
    trail: Floats | None = None
    body: Mapping[str, npt.NDArray[Any]] = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ra)


SHAPES = ("point", "trail", "streak", "dipole", "cosmic_ray", "bad_column", "edge", "star_residual")
"""What detections look like: the first two are real sources of light in the sky, the others are not."""


@dataclass(frozen=True)
class Request:
    """Which sources are asked for.

    Attributes:
        campaign: in which they are to be seen.
        draws: of their class.
        number: their numbers in the class.
        name: of the class.
    """

    campaign: Campaign
    draws: Draws
    number: Ints
    name: str = ""

    def uniform(self, name: str, low: float, high: float) -> Floats:
        """See `Draws`."""
        return self.draws.uniform(name, self.number, low, high)

    def log_uniform(self, name: str, low: float, high: float) -> Floats:
        """See `Draws`."""
        return self.draws.log_uniform(name, self.number, low, high)

    def normal(self, name: str, mean: float, sigma: float) -> Floats:
        """See `Draws`."""
        return self.draws.normal(name, self.number, mean, sigma)

    def place(self, kind: str) -> tuple[Ints, Floats, Floats]:
        """See `Campaign.place`; where the campaign gives places for this class, see `Campaign.place_at`."""
        if self.name in self.campaign.places:
            return self.campaign.place_at(self.draws, self.number, self.name)
        return self.campaign.place(self.draws, self.number, kind)

    def peak(self, before: float, after: float) -> Floats:
        """Times from some days before the first night to some days after the last one, MJD in UTC."""
        return self.uniform("peak", self.campaign.start - before, self.campaign.end + after)


def reddened(light: LightCurve, ra: Floats, dec: Floats) -> LightCurve:
    """The same light behind the dust of the Galaxy: E(B-V) = 0.06 (csc |b| - 1), Burstein & Heiles 1982, AJ 87, 1165.

    For sources outside the disc; nearer to the plane than 10 degrees the law of that angle is kept.
    """
    dimming = 0.06 * (1.0 / np.sin(np.radians(np.maximum(np.abs(sky.galactic(ra, dec)[1]), 10.0))) - 1.0)

    def seen(at: Epochs) -> Floats:
        found: Floats = light(at) * 10.0 ** (-0.4 * EXTINCTION[at.band] * dimming[at.source])
        return found

    return seen


def on_a_star(mags: Floats, draws: Draws, number: Ints) -> Surroundings:
    """The surroundings of sources that are themselves in the template, with magnitudes n x 6."""
    n = len(mags)
    away = np.abs(draws.normal("centroid", number, 0.0, 0.08))
    angle = draws.uniform("side", number, 0.0, 2.0 * np.pi)
    return Surroundings(np.full(n, STAR), mags, away, angle, np.zeros(n))


def on_nothing(n: int) -> Surroundings:
    """Of sources where the template is empty."""
    return Surroundings(np.full(n, NONE), np.full((n, 6), 99.0), np.zeros(n), np.zeros(n), np.zeros(n))


def template_flux(around: Surroundings, at: Epochs) -> Floats:
    """Flux, nJy, of the nearest object in each epoch's band, all of it."""
    return flux_of(around.mags[at.source, at.band])
