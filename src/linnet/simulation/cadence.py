"""Visits: when a telescope looks at its fields, in which band, through which air.

ZTF's public survey takes g and r of a field every second night (Bellm et al. 2019, PASP 131, 068003; two days since the
end of 2020). LSST takes pairs in two bands about 33 minutes apart and returns after three to four days; a deep field
has a sequence of visits every night (Ivezic et al. 2019, ApJ 873, 111; PSTN-055). A fifth of the nights of a field is
lost.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import erfa
import numpy as np
import numpy.typing as npt

from linnet.simulation.draws import Draws, Floats, Ints
from linnet.simulation.fields import Fields
from linnet.simulation.noise import depth
from linnet.simulation.radiation import flux_of
from linnet.simulation.telescopes import Telescope

APART = 40.0 / 86400.0
"""Days between the starts of two visits, at least."""

CLEAR = 0.8
"""Part of the nights that are not lost to weather."""

_PAIR = 33.0 / 1440.0
_HALF_NIGHT = 0.19
_MAX_AIRMASS = 2.3
_DEEP = 10
_SECOND = 86400.0
_REVISIT = {"ztf": 2, "lsst": 3}
_PAIRS = ((1, 2), (2, 3), (3, 4), (4, 5), (1, 3), (0, 1))


@dataclass(frozen=True)
class Visits:
    """Visits in order of time.

    Attributes:
        field: row in the season's fields.
        night: counted from the first simulated night; negative before it.
        serial: number within its night, from 1.
        mjd: start of the exposure, MJD in UTC.
        band: numbers of bands.
        airmass, seeing, msky, m5: of the science image; seeing is its effective width in arcsec.
        five: nJy of a source at 5 sigma.
    """

    field: Ints
    night: Ints
    serial: Ints
    mjd: Floats
    band: Ints
    airmass: Floats
    seeing: Floats
    msky: Floats
    m5: Floats
    five: Floats

    def __len__(self) -> int:
        return len(self.mjd)

    def __getitem__(self, rows: npt.NDArray[np.generic]) -> Visits:
        return Visits(*(getattr(self, each.name)[rows] for each in fields(self)))


def midnight(telescope: Telescope, day: npt.ArrayLike) -> Floats:
    """Local midnight after the evening of a date (whole MJD), MJD in UTC."""
    found: Floats = np.asarray(day, dtype=np.float64) + 1.0 - telescope.longitude / 360.0
    return found


def sidereal(telescope: Telescope, mjd: npt.ArrayLike) -> Floats:
    """Local sidereal time, degrees, of times in UTC (IAU 2000)."""
    angle = erfa.gmst00(2400000.5, mjd, 2400000.5, mjd)
    found: Floats = (np.degrees(angle) + telescope.longitude) % 360.0
    return found


def schedule(telescope: Telescope, fields_: Fields, first_day: int, nights: int, seed: int) -> Visits:
    """The visits of a season: the nights to be simulated, and those before them.

    Args:
        telescope: whose.
        fields_: where it looks.
        first_day: whole MJD of the evening of the first night.
        nights: how many are simulated.
        seed: another seed, other weather.
    """
    draws = Draws(seed, f"visits/{telescope.name}")
    days = [_night(telescope, fields_, draws, first_day, n) for n in range(-telescope.history, nights)]
    field, night, serial, mjd, band = (np.concatenate(column) for column in zip(*days, strict=True))
    airmass = _airmass(telescope, fields_.ra[field], fields_.dec[field], mjd)
    each = np.round(mjd * _SECOND).astype(np.int64)
    seeing = telescope.theta[band] * airmass**0.6 * np.exp(draws.normal("seeing", each, 0.0, 0.12))
    moon = _moonlight(mjd) * np.array([1.6, 1.1, 0.6, 0.35, 0.15, 0.1])[band]
    msky = telescope.msky[band] - moon - np.abs(draws.normal("clouds", each, 0.0, 0.15))
    m5 = depth(telescope, band, msky, seeing, airmass)
    every = Visits(field, night, serial, mjd, band, airmass, seeing, msky, m5, flux_of(m5))
    return every[airmass < _MAX_AIRMASS]


def _night(
    telescope: Telescope, fields_: Fields, draws: Draws, first_day: int, night: int
) -> tuple[Ints, Ints, Ints, Floats, Ints]:
    """Field, night, number, start and band of the visits of one night, in order of time."""
    number, mid = first_day + night, float(midnight(telescope, first_day + night))
    every = np.arange(len(fields_.ra))
    revisit = _REVISIT[telescope.name]
    due = (number + np.floor(fields_.phase * revisit).astype(np.int64)) % revisit == 0
    # The nights that are asked for are clear ones.
    clear = draws.chance("clear", number * 10_000 + fields_.number, CLEAR) | (night >= 0)
    rows = every[(due | fields_.is_deep) & clear]
    hour = (sidereal(telescope, mid) - fields_.ra[rows] + 540.0) % 360.0 - 180.0
    start = mid + np.clip(-hour / 360.0, -_HALF_NIGHT, _HALF_NIGHT - 2.0 * _PAIR)
    start += draws.uniform("start", number * 10_000 + fields_.number[rows], 0.0, 20.0 / _SECOND)
    pair = np.array(_PAIRS)[draws.whole("pair", number * 10_000 + fields_.number[rows], len(_PAIRS))]
    if telescope.name == "ztf":
        pair = np.tile([1, 2], (len(rows), 1))
    repeats = np.where(fields_.is_deep[rows], _DEEP, 1)
    field = np.concatenate([np.repeat(rows, repeats), rows])
    mjd = np.concatenate([np.repeat(start, repeats) + APART * _within(repeats), start + _PAIR])
    band = np.concatenate([np.repeat(pair[:, 0], repeats), pair[:, 1]])
    order = np.argsort(mjd, kind="stable")
    mjd = _spaced(mjd[order])
    return field[order], np.full(len(mjd), night), np.arange(1, len(mjd) + 1), mjd, band[order]


def _within(repeats: Ints) -> Ints:
    """0, 1, 2 ... within each run of repeats."""
    ends = np.cumsum(repeats)
    found: Ints = np.arange(int(repeats.sum())) - np.repeat(ends - repeats, repeats)
    return found


def _spaced(mjd: Floats) -> Floats:
    """Times in order, pushed back where one would begin before the one before it is read out."""
    lag = np.arange(len(mjd)) * APART
    found: Floats = np.maximum.accumulate(mjd - lag) + lag
    return found


def _airmass(telescope: Telescope, ra: Floats, dec: Floats, mjd: Floats) -> Floats:
    """Airmass (Young & Irvine 1967, AJ 72, 945); large below 10 degrees of height."""
    hour, lat, delta = np.radians(sidereal(telescope, mjd) - ra), np.radians(telescope.latitude), np.radians(dec)
    cosine = np.sin(lat) * np.sin(delta) + np.cos(lat) * np.cos(delta) * np.cos(hour)
    sec = 1.0 / np.maximum(cosine, 0.17)
    found: Floats = sec * (1.0 - 0.0012 * (sec**2 - 1.0))
    return found


def _moonlight(mjd: Floats) -> Floats:
    """0 at new moon to 1 at full moon: the lit part of the disc, squared, from the mean synodic month, 29.530589 d."""
    age = (mjd - 51549.76) / 29.530589  # new moon of 2000-01-06 18:14 UT
    found: Floats = (0.5 * (1.0 - np.cos(2.0 * np.pi * age))) ** 2
    return found
