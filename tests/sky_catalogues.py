"""Made-up catalogues with every trap of the sphere in them, matched by brute force."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from linnet.core.catalogue import Places
from linnet.core.sky import healpix29, separation
from linnet.core.sky_matching import Sources

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sky:
    """Positions in degrees, unsorted."""

    ra: Floats
    dec: Floats

    def sorted(self, radius: float | Floats = 2.0) -> tuple[Sources, Ints]:
        """As a catalogue keeps them, and the order that brings them there."""
        cells = healpix29(self.ra, self.dec)
        order = np.argsort(cells, kind="stable")
        radii = np.atleast_1d(np.asarray(radius, dtype=np.float64))
        own = radii if len(radii) == 1 else radii[order]
        return Sources(cells[order], self.ra[order], self.dec[order], own), order

    def places(self, mjd: float = 60000.0) -> Places:
        """As alerts."""
        return Places(healpix29(self.ra, self.dec), self.ra, self.dec, np.full(len(self.ra), mjd))

    def take(self, chosen: Ints) -> Sky:
        """Some of them."""
        return Sky(self.ra[chosen], self.dec[chosen])


def everywhere(rng: np.random.Generator, n: int) -> Sky:
    """Uniform over the sphere, and beside it a crowd, both poles, and both sides of a right ascension of zero.

    The corners of the twelve HEALPix base cells, where a cell has only seven neighbours, are there as well.
    """
    part = n // 10
    wide = np.sqrt(n / 20_000)  # as crowded, however many: two to ten sources per square arcsec
    parts = [
        (rng.uniform(0, 360, n - 8 * part), np.degrees(np.arcsin(rng.uniform(-1, 1, n - 8 * part)))),
        (10.0 + wide * rng.normal(0, 0.003, 2 * part), -5.0 + wide * rng.normal(0, 0.003, 2 * part)),
        (rng.uniform(0, 360, part), 90.0 - wide * np.abs(rng.normal(0, 0.005, part))),
        (rng.uniform(0, 360, part), -90.0 + wide * np.abs(rng.normal(0, 0.005, part))),
        (wide * rng.normal(0, 0.004, part) % 360.0, wide * rng.normal(0, 0.004, part)),
        (wide * rng.normal(0, 1e-3, part) % 360.0, 60.0 + wide * rng.normal(0, 0.004, part)),
        (rng.choice([0.0, 90.0, 180.0, 270.0], part) + wide * rng.normal(0, 2e-3, part), _corner(rng, part, wide)),
        (
            rng.choice([45.0, 135.0, 225.0, 315.0], part) + wide * rng.normal(0, 2e-3, part),
            wide * rng.normal(0, 2e-3, part),
        ),
    ]
    ra, dec = (np.concatenate([p[k] for p in parts]) for k in (0, 1))
    return Sky(ra % 360.0, np.clip(dec, -90.0, 90.0))


def near(rng: np.random.Generator, sky: Sky, n: int, arcsec: float) -> Sky:
    """Positions some arcsec away from some of these, in any direction, also across a pole."""
    chosen = sky.take(rng.integers(0, len(sky.ra), n))
    away, angle = np.radians(np.abs(rng.normal(0, arcsec, n)) / 3600.0), rng.uniform(0, 2 * np.pi, n)
    lat, lon = np.radians(chosen.dec), np.radians(chosen.ra)
    there = np.arcsin(np.clip(np.sin(lat) * np.cos(away) + np.cos(lat) * np.sin(away) * np.cos(angle), -1, 1))
    turn = np.arctan2(np.sin(angle) * np.sin(away) * np.cos(lat), np.cos(away) - np.sin(lat) * np.sin(there))
    return Sky(np.degrees(lon + turn) % 360.0, np.degrees(there))


def brute_force(
    alerts: Sky, catalogue: Sources, neighbours: int, rows_of: Sky | None = None
) -> tuple[list[list[int]], list[list[float]]]:
    """Rows and separations (arcsec) of each alert by the formula of Vincenty over every row of the catalogue."""
    rows, apart = [], []
    ra, dec = (catalogue.ra, catalogue.dec) if rows_of is None else (rows_of.ra, rows_of.dec)
    for a, d in zip(alerts.ra, alerts.dec, strict=True):
        close = np.flatnonzero(np.abs(dec - d) < 1.0) if rows_of is None else np.arange(len(dec))
        away = separation(a, d, ra[close], dec[close])
        hit = np.flatnonzero(away <= (catalogue.radius if len(catalogue.radius) == 1 else catalogue.radius[close]))
        best = hit[np.argsort(away[hit], kind="stable")][:neighbours]
        rows.append(close[best].tolist())
        apart.append(away[best].tolist())
    return rows, apart


def by_alert(found: tuple[Ints, Ints, Floats], n: int) -> tuple[list[list[int]], list[list[float]]]:
    """What `SortedSky.match` gave in the form of `brute_force`."""
    alert, row, apart = found
    cuts = np.searchsorted(alert, np.arange(1, n))
    return [r.tolist() for r in np.split(row, cuts)], [s.tolist() for s in np.split(apart, cuts)]


def _corner(rng: np.random.Generator, n: int, wide: float) -> Floats:
    """Declinations near those where base cells meet: asin(2/3) north and south."""
    north: Floats = rng.choice([1.0, -1.0], n) * np.degrees(np.arcsin(2.0 / 3.0)) + wide * rng.normal(0, 2e-3, n)
    return north
