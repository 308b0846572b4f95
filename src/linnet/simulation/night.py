"""Simulated nights: all measurements of a campaign, which of them a survey announces, and in what order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from linnet.errors import InputError
from linnet.simulation.campaign import Campaign
from linnet.simulation.classes import checked
from linnet.simulation.draws import Bools, Draws, Floats, Ints
from linnet.simulation.measuring import OBJECTS, Chunk, Points, measured
from linnet.simulation.sources import SHAPES, Surroundings

TRUTHS = ("z", "peak_mjd", "peak_mag")
"""Parameters with columns of their own."""


@dataclass(frozen=True)
class Scene:
    """All sources of a campaign; a source's number is its row.

    Attributes:
        name: class.
        shape: place in `SHAPES`.
        ra, dec: degrees.
        around: what lies there.
        trail: arcsec in an exposure.
        body: what the survey writes of known bodies; zero and empty for all else.
        truth: z, peak_mjd (UTC), peak_mag; NaN where there is none.
        parameters: all others, one mapping each.
    """

    name: npt.NDArray[np.str_]
    shape: Ints
    ra: Floats
    dec: Floats
    around: Surroundings
    trail: Floats
    body: Mapping[str, npt.NDArray[Any]]
    truth: Mapping[str, Floats]
    parameters: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Simulation:
    """A campaign carried out.

    Attributes:
        campaign: which.
        scene: its sources.
        points: every measurement.
    """

    campaign: Campaign
    scene: Scene
    points: Points

    @cached_property
    def alerts(self) -> Ints:
        """Rows of the points that are announced, in order of time."""
        night = self.campaign.visits.night[self.points.visit]
        rows = np.flatnonzero(self.points.detected & (night >= 0))
        return rows[np.lexsort((self.points.object[rows], self.mjd[rows]))]

    @cached_property
    def mjd(self) -> Floats:
        """Start of the exposure of every point, MJD in UTC."""
        return self.campaign.visits.mjd[self.points.visit]

    @cached_property
    def first(self) -> Ints:
        """For every point the row of the first point of its object."""
        return np.searchsorted(self.points.object, self.points.object)

    @cached_property
    def first_detection(self) -> Ints:
        """For every point the row of its object's first detection; the number of points where there is none."""
        rows = np.where(self.points.detected, np.arange(len(self.points)), len(self.points))
        starts = np.unique(self.first)
        lowest = np.minimum.reduceat(rows, starts) if len(starts) else rows
        return lowest[np.searchsorted(starts, self.first)]

    def since(self, days: float) -> Ints:
        """For every point the row of the first point of its object within some days before it."""
        span = 1e6  # longer than any history: keeps objects apart on one axis
        group = np.cumsum(np.diff(self.points.object, prepend=-1) != 0).astype(np.float64)
        axis = group * span + (self.mjd - self.campaign.start)
        return np.maximum(np.searchsorted(axis, axis - days), self.first)

    def count(self, which: Bools) -> Ints:
        """For every point how many points of its object up to it are such, itself included."""
        total = np.cumsum(which.astype(np.int64))
        return total - total[self.first] + which[self.first]

    def draws(self, kind: str) -> Draws:
        """Draws for what a survey writes."""
        return Draws(self.campaign.seed, f"{self.campaign.telescope.name}/{kind}")

    @cached_property
    def serial(self) -> Ints:
        """A number for every point, for draws: it belongs to object and moment."""
        return self.points.object * 2**28 + np.round((self.mjd - 50_000.0) * 1e4).astype(np.int64)

    @cached_property
    def is_real(self) -> Bools:
        """Sources of light in the sky, by source."""
        return self.scene.shape < SHAPES.index("streak")

    @cached_property
    def is_moving(self) -> Bools:
        """Every point of a moving body."""
        return self.points.object % OBJECTS > 0


def simulate(campaign: Campaign, counts: Mapping[str, int]) -> Simulation:
    """Carry a campaign out: some ten thousand sources a second.

    Args:
        campaign: when and with which telescope.
        counts: sources of each class.

    Raises:
        InputError: an unknown class, no source or too many; no visit in these nights.
    """
    given = checked(counts)
    if not (campaign.visits.night >= 0).any():
        raise InputError("all of these nights are lost to weather: simulate more of them, or another seed")
    chunks = list(measured(campaign, given))
    columns = [[getattr(c.points, name) for c in chunks] for name in Points.__dataclass_fields__]
    return Simulation(campaign, _scene(chunks), Points(*(np.concatenate(each) for each in columns)))


def _scene(chunks: list[Chunk]) -> Scene:
    sources = [c.sources for c in chunks]
    sizes = [len(s) for s in sources]
    around = [s.around for s in sources]
    names = Surroundings.__dataclass_fields__
    body = {n for s in sources for n in s.body}
    return Scene(
        name=np.repeat([c.name for c in chunks], sizes),
        shape=np.repeat([SHAPES.index(s.shape) for s in sources], sizes).astype(np.int64),
        ra=np.concatenate([s.ra for s in sources]),
        dec=np.concatenate([s.dec for s in sources]),
        around=Surroundings(*(np.concatenate([getattr(a, n) for a in around]) for n in names)),
        trail=np.concatenate([np.zeros(len(s)) if s.trail is None else s.trail for s in sources]),
        body={n: np.concatenate([s.body.get(n, np.zeros(len(s))) for s in sources]) for n in sorted(body)},
        truth={n: np.concatenate([s.truth.get(n, np.full(len(s), np.nan)) for s in sources]) for n in TRUTHS},
        parameters=tuple(row for s in sources for row in _parameters(s.truth, len(s))),
    )


def _parameters(truth: Mapping[str, npt.NDArray[Any]], n: int) -> list[Mapping[str, Any]]:
    """The other parameters of n sources as plain values."""
    others = {name: values.tolist() for name, values in truth.items() if name not in TRUTHS}
    return [{name: values[i] for name, values in others.items()} for i in range(n)]
