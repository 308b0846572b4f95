"""Fields of a survey: where its telescope points in a season, and how often.

Fields lie on rings of declination as far apart as fields are wide. Of those that can be seen in the night, some are
taken of every kind of sky, so that every class of source has a place: high Galactic latitude, the Galactic plane, the
ecliptic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linnet.core import sky
from linnet.simulation.draws import Bools, Draws, Floats, Ints
from linnet.simulation.telescopes import Telescope

PLACES = ("extragalactic", "galactic", "ecliptic", "anywhere")
"""Kinds of sky in which a class of sources lives."""

EACH = 6
"""Fields taken of every kind of sky."""

_HIGH, _LOW, _NEAR_ECLIPTIC = 30.0, 12.0, 9.0
_EAST, _WEST = -4.0, 6.0


@dataclass(frozen=True)
class Fields:
    """Fields of a season.

    Attributes:
        number: as the survey counts its fields.
        ra, dec: of their centres, degrees.
        phase: 0 to 1, which of the nights between two visits is its own.
        is_deep: visited every night, in a sequence (LSST's deep drilling fields).
    """

    number: Ints
    ra: Floats
    dec: Floats
    phase: Floats
    is_deep: Bools

    def within(self, place: str) -> Bools:
        """Which of them lie in a kind of sky of `PLACES`."""
        return _within(self.ra, self.dec, place)


def seen(telescope: Telescope, sidereal: float, seed: int) -> Fields:
    """Some fields of every kind of sky that pass the meridian up to six hours before a sidereal time or four after it.

    Args:
        telescope: whose.
        sidereal: local sidereal time in the middle of the night, degrees.
        seed: another seed, other fields.
    """
    number, ra, dec = _grid(telescope)
    hour = (sidereal - ra + 540.0) % 360.0 - 180.0
    up = (hour > _EAST * 15.0) & (hour < _WEST * 15.0) & (dec > telescope.dec[0]) & (dec < telescope.dec[1])
    draws = Draws(seed, f"fields/{telescope.name}")
    order = draws.uniform("order", number)
    taken: dict[int, float] = {}
    for place in PLACES[:3]:
        fit = up & _within(ra, dec, place)
        # Where none of a kind is up (the plane, in some months of a hemisphere), those nearest to it stand in.
        rank = order + np.where(fit, 0.0, 10.0 + _distance(ra, dec, place)) + np.where(up, 0.0, 1e6)
        # Those of a kind share the nights out, so that every night sees some of each.
        for place_in_kind, row in enumerate(np.argsort(rank, kind="stable")[:EACH].tolist()):
            taken.setdefault(row, (place_in_kind + 0.5) / EACH)
    chosen = np.array(sorted(taken), dtype=np.int64)
    high = _within(ra[chosen], dec[chosen], "extragalactic")
    deep = high & (np.cumsum(high) == 1) & (telescope.name == "lsst")
    phase = np.array([taken[row] for row in chosen.tolist()])
    return Fields(number[chosen], ra[chosen], dec[chosen], phase, deep)


def offset(ra: Floats, dec: Floats, east: Floats, north: Floats) -> tuple[Floats, Floats]:
    """Positions some degrees east and north of others (tangent plane: Calabretta & Greisen 2002, A&A 395, 1077)."""
    x, y = np.radians(east), np.radians(north)
    dec0 = np.radians(dec)
    down = np.cos(dec0) - y * np.sin(dec0)
    found_ra = ra + np.degrees(np.arctan2(x, down))
    found_dec = np.arctan2(np.cos(np.arctan2(x, down)) * (y * np.cos(dec0) + np.sin(dec0)), down)
    return found_ra % 360.0, np.degrees(found_dec)


def separation(ra: Floats, dec: Floats, other_ra: Floats, other_dec: Floats) -> tuple[Floats, Floats]:
    """East and north, degrees, of positions from others, for small angles."""
    east = ((ra - other_ra + 540.0) % 360.0 - 180.0) * np.cos(np.radians(other_dec))
    return east, dec - other_dec


def _grid(telescope: Telescope) -> tuple[Ints, Floats, Floats]:
    step = 1.4 * telescope.radius
    rings = np.arange(-88.0, 88.0, step)
    around = [max(1, int(360.0 * np.cos(np.radians(dec)) / step)) for dec in rings.tolist()]
    ra = np.concatenate([np.arange(n) * 360.0 / n for n in around])
    return np.arange(len(ra), dtype=np.int64) + 200, ra, np.repeat(rings, around)


def _within(ra: Floats, dec: Floats, place: str) -> Bools:
    return np.asarray(_distance(ra, dec, place) <= 0.0)


def _distance(ra: Floats, dec: Floats, place: str) -> Floats:
    """Degrees by which positions miss a kind of sky; 0 or less where they lie in it."""
    latitude = np.abs(sky.galactic(ra, dec)[1])
    if place == "extragalactic":
        return np.asarray(_HIGH - latitude)
    if place == "galactic":
        return np.asarray(latitude - _LOW)
    if place == "ecliptic":
        ecliptic = np.abs(sky.ecliptic(ra, dec)[1])
        return np.asarray(np.maximum(ecliptic - _NEAR_ECLIPTIC, 20.0 - latitude))
    return np.zeros(len(ra))
