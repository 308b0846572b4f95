"""A campaign: the nights to be simulated, with the season of visits that leads up to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from linnet.errors import InputError
from linnet.simulation.cadence import Visits, midnight, schedule, sidereal
from linnet.simulation.draws import Bools, Draws, Floats, Ints
from linnet.simulation.fields import Fields, offset, seen, separation
from linnet.simulation.telescopes import Telescope

BAND_OF_DEPTH = 2
"""The band (r) whose depth says how far a class is seen."""


@dataclass(frozen=True)
class Campaign:
    """Nights of one survey.

    Attributes:
        telescope: whose.
        first_day: whole MJD of the evening of the first night.
        nights: how many.
        seed: another seed, other fields, weather, sources and noise.
        places: class -> right ascensions and declinations, degrees, at which its sources are put: those of a catalogue.
    """

    telescope: Telescope
    first_day: int
    nights: int
    seed: int
    places: Mapping[str, tuple[Floats, Floats]] = dataclasses.field(default_factory=dict)

    @cached_property
    def fields(self) -> Fields:
        """The fields of the season."""
        mid = midnight(self.telescope, self.first_day)
        return seen(self.telescope, float(sidereal(self.telescope, mid)), self.seed)

    @cached_property
    def visits(self) -> Visits:
        """All visits, in order of time."""
        return schedule(self.telescope, self.fields, self.first_day, self.nights, self.seed)

    @property
    def start(self) -> float:
        """Midnight of the first night, MJD in UTC."""
        return float(midnight(self.telescope, self.first_day))

    @property
    def end(self) -> float:
        """Midnight of the last night, MJD in UTC."""
        return self.start + self.nights - 1

    @cached_property
    def by_field(self) -> tuple[Ints, Ints]:
        """Visits ordered by field and time; and where each field begins in them, with the end behind the last one."""
        order = np.lexsort((self.visits.mjd, self.visits.field))
        starts = np.searchsorted(self.visits.field[order], np.arange(len(self.fields.ra) + 1))
        return order, starts

    @cached_property
    def _visited(self) -> Bools:
        """Fields with a visit in the simulated nights."""
        found = np.zeros(len(self.fields.ra), dtype=bool)
        found[self.visits.field[self.visits.night >= 0]] = True
        return found

    def reach(self, absolute: float) -> float:
        """Distance modulus to which sources of an absolute magnitude are half a magnitude above the depth in r."""
        return self.telescope.m5(BAND_OF_DEPTH) - 0.5 - absolute

    def place(self, draws: Draws, number: Ints, kind: str) -> tuple[Ints, Floats, Floats]:
        """Rows of fields that are visited in these nights, and positions in them, degrees.

        Args:
            draws: of the class of sources.
            number: of the sources.
            kind: of sky, one of `PLACES`; where no such field is visited, any.
        """
        choice = np.flatnonzero(self._visited & self.fields.within(kind))
        if not len(choice):
            choice = np.flatnonzero(self._visited)
        field = choice[draws.whole("field", number, len(choice))]
        away = 0.97 * self.telescope.radius * np.sqrt(draws.uniform("away", number))
        angle = draws.uniform("angle", number, 0.0, 2.0 * np.pi)
        ra, dec = offset(self.fields.ra[field], self.fields.dec[field], away * np.cos(angle), away * np.sin(angle))
        return field, ra, dec

    def place_at(self, draws: Draws, number: Ints, name: str) -> tuple[Ints, Floats, Floats]:
        """The same out of the places given for a class, each for one source.

        Raises:
            InputError: fewer of them lie in the fields of these nights.
        """
        ra, dec = self.places[name]
        rows = np.flatnonzero(self._visited)
        away = np.hypot(*separation(ra[:, None], dec[:, None], self.fields.ra[rows], self.fields.dec[rows]))
        inside = np.flatnonzero(away.min(axis=1) < 0.97 * self.telescope.radius)
        if number.max(initial=-1) >= len(inside):
            raise InputError(
                f"{len(inside)} of the places for {name} lie in the fields of these nights: ask for no more"
            )
        order = inside[np.argsort(draws.uniform("order", inside), kind="stable")]
        chosen = order[number]
        return rows[away[chosen].argmin(axis=1)], ra[chosen], dec[chosen]

    def a_visit(self, draws: Draws, number: Ints, field: Ints) -> Ints:
        """One of each field's visits in the simulated nights."""
        order, starts = self.by_field
        # A field's visits are in order of time: those of the simulated nights are its last ones.
        counts = np.bincount(self.visits.field[self.visits.night >= 0], minlength=len(self.fields.ra))[field]
        back = np.floor(draws.uniform("visit", number) * counts).astype(np.int64)
        return order[starts[field + 1] - 1 - np.minimum(back, counts - 1)]
