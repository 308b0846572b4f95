"""Arithmetic on the sky: HEALPix cells, Galactic and ecliptic coordinates, separations, ranges that cover a cone."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import erfa
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ORDER = 29
"""HEALPix order of all cells here: the finest that fits in 64 bits, 0.4 mas wide."""

NOWHERE = -1
"""Cell of a position that is none (NaN, infinite, or a declination beyond a pole)."""

OBLIQUITY_DEG = 23.4392911
"""Obliquity of the ecliptic at J2000.0: 23 deg 26 min 21.448 s (Lieske et al. 1977, IAU 1976)."""

MAX_RANGES = 64
"""Most ranges that `cone_ranges` gives: each is one look-up in an index."""

ARCSEC = 180.0 * 3600.0 / np.pi
"""Arcseconds in a radian."""

_BASE_CELL_ARCSEC = 58.6 * 3600.0


@cache
def _kernels() -> Any:
    """The compiled half of cdshealpix, which takes plain arrays.

    Its Python half takes astropy objects only, and astropy is not for the core. The compiled module carries no promise
    of its own, so it is reached here alone and tested against the public functions. Imported late: the package around
    it costs 0.3 s.
    """
    return import_module("cdshealpix.cdshealpix")


def healpix29(ra_deg: npt.ArrayLike, dec_deg: npt.ArrayLike) -> Ints:
    """Nested HEALPix cells of order 29 (Gorski et al. 2005, ApJ 622, 759).

    Args:
        ra_deg: right ascensions in degrees, any turn.
        dec_deg: declinations in degrees, of the same shape (n,).

    Returns:
        One cell each, `NOWHERE` (-1) where a coordinate is not finite or the declination is outside -90 to 90.
    """
    ra = np.atleast_1d(np.asarray(ra_deg, dtype=np.float64))
    dec = np.atleast_1d(np.asarray(dec_deg, dtype=np.float64))
    good = np.isfinite(ra) & (np.abs(dec) <= 90.0)
    lon = np.radians(np.where(good, ra, 0.0) % 360.0)
    lat = np.radians(np.where(good, dec, 0.0))
    cells = np.empty(lon.shape, dtype=np.uint64)
    within = (np.empty_like(lon), np.empty_like(lon))
    depth = np.full(lon.shape, ORDER, dtype=np.uint8)
    _kernels().lonlat_to_healpix(depth, lon, lat, cells, *within, np.uint16(1))
    return np.where(good, cells.astype(np.int64), NOWHERE)


def centres(cells: Ints, depth: int) -> tuple[Floats, Floats]:
    """Right ascensions and declinations in degrees of the centres of nested cells of an order."""
    lon, lat = np.empty(len(cells)), np.empty(len(cells))
    depths = np.full(len(cells), depth, dtype=np.uint8)
    _kernels().healpix_to_lonlat(depths, cells.astype(np.uint64), 0.5, 0.5, lon, lat, np.uint16(1))
    return _turn(lon), np.degrees(lat)


def touching(cells: Ints, depth: int) -> Ints:
    """Nested cells of an order and those that touch them, by edge or corner.

    Returns:
        Shape (n, 9), the cell itself among them; below zero at the few places where only seven cells touch.
    """
    around = np.zeros((len(cells), 9), dtype=np.int64)
    _kernels().neighbours(np.uint8(depth), cells.astype(np.uint64), around, np.uint16(1))
    return around


def galactic(ra_deg: npt.ArrayLike, dec_deg: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Galactic longitude (0 to 360) and latitude in degrees of ICRS positions in degrees.

    The rotation is that of the Hipparcos catalogue (ESA SP-1200, vol. 1, section 1.5.3), as in ERFA. NaN gives NaN.
    """
    with np.errstate(invalid="ignore"):
        lon, lat = erfa.icrs2g(np.radians(ra_deg), np.radians(dec_deg))
    return _turn(lon), np.degrees(lat)


def ecliptic(ra_deg: npt.ArrayLike, dec_deg: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Ecliptic longitude (0 to 360) and latitude in degrees of ICRS positions in degrees.

    A rotation about the equinox by `OBLIQUITY_DEG`: the mean ecliptic of J2000.0, but for the frame bias of 0.02 arcsec
    between ICRS and the mean equator. NaN gives NaN.
    """
    x, y, z = _vector(ra_deg, dec_deg)
    cos, sin = np.cos(np.radians(OBLIQUITY_DEG)), np.sin(np.radians(OBLIQUITY_DEG))
    y, z = cos * y + sin * z, cos * z - sin * y
    return _turn(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))


def separation(ra1: npt.ArrayLike, dec1: npt.ArrayLike, ra2: npt.ArrayLike, dec2: npt.ArrayLike) -> Floats:
    """Angles between positions in arcsec (positions in degrees, shapes broadcast), exact from zero to opposite points.

    The form of Vincenty (1975, Survey Review 23, 88), which loses no digits at small angles.
    """
    lat1, lat2 = np.radians(dec1), np.radians(dec2)
    turn = np.radians(np.subtract(ra2, ra1))
    east = np.cos(lat2) * np.sin(turn)
    # cos(lat1) sin(lat2) - sin(lat1) cos(lat2) cos(turn), written so that nothing cancels between near points
    north = np.sin(np.radians(np.subtract(dec2, dec1))) + 2.0 * np.sin(lat1) * np.cos(lat2) * np.sin(turn / 2) ** 2
    along = np.sin(lat1) * np.sin(lat2) + np.cos(lat1) * np.cos(lat2) * np.cos(turn)
    angles: Floats = np.arctan2(np.hypot(east, north), along) * ARCSEC
    return angles


def cone_ranges(ra_deg: float, dec_deg: float, radius_arcsec: float) -> Ints:
    """Ranges of order-29 cells that cover a cone, for a scan of an index.

    Every point of the cone lies in a range; points of the ranges outside the cone are for the caller to drop (the
    ranges cover some two to four times its area).

    Returns:
        Half-open ranges `[start, stop)`, shape (k, 2) with 1 <= k <= `MAX_RANGES`, ascending, none touching another.
    """
    depth = _depth(radius_arcsec)
    # One cell of order 29 more than asked for, so that no rounding loses a point on the rim.
    radius = min(radius_arcsec + 1e-3, 180.0 * 3600.0) / ARCSEC
    lon, lat = np.radians(ra_deg % 360.0), np.radians(dec_deg)
    refine = min(2, ORDER - depth)
    cells, depths, _ = _kernels().cone_search(
        np.uint8(depth), np.uint8(refine), np.float64(lon), np.float64(lat), np.float64(radius), False
    )
    shift = 2 * (ORDER - depths.astype(np.int64))
    starts = np.left_shift(cells.astype(np.int64), shift)
    stops = np.left_shift(cells.astype(np.int64) + 1, shift)
    return _merge(starts, stops)


def _depth(radius_arcsec: float) -> int:
    """The order whose cells are about half as wide as the radius."""
    wanted = np.log2(_BASE_CELL_ARCSEC / max(radius_arcsec, 1e-3)) + 1.0
    return int(np.clip(np.floor(wanted), 0, ORDER))


def _merge(starts: Ints, stops: Ints) -> Ints:
    """Ascending ranges with touching ones joined, and the smallest gaps too where there are more than allowed."""
    order = np.argsort(starts)
    starts, stops = starts[order], stops[order]
    gaps = starts[1:] - stops[:-1]
    closed = gaps <= 0
    surplus = len(gaps) - int(closed.sum()) + 1 - MAX_RANGES
    if surplus > 0:
        open_gaps = np.flatnonzero(~closed)
        closed[open_gaps[np.argsort(gaps[open_gaps], kind="stable")[:surplus]]] = True
    first = np.concatenate([[True], ~closed])
    last = np.concatenate([~closed, [True]])
    return np.column_stack([starts[first], stops[last]])


def _vector(ra_deg: npt.ArrayLike, dec_deg: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    lon, lat = np.radians(ra_deg), np.radians(dec_deg)
    return np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)


def _turn(radians: Floats) -> Floats:
    """Degrees from 0 to 360, 360 itself excluded."""
    degrees = np.degrees(radians) % 360.0
    return np.where(degrees >= 360.0, 0.0, degrees)
