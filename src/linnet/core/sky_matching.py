"""Alerts against a catalogue that is sorted by HEALPix cells: the nearest rows of each, exactly, anywhere on the sky.

Around a place, at an order whose cells are wider than the reach, its own cell and those that touch it hold everything
within reach (Gorski et al. 2005, ApJ 622, 759); among the rows in these nine ranges each is judged by the chord between
directions, which loses no digits at small angles and knows neither poles nor a right ascension of zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from linnet.core.catalogue import MAX_RADIUS, Places
from linnet.core.kernels import compile_kernels, readable
from linnet.core.lists import Bools, Floats, Ints
from linnet.core.sky import ARCSEC, ORDER, touching
from linnet.errors import InputError

SLOWNESS = (100.0, 1000.0)
"""Proper motions, mas/yr, that part the rows: the few that have moved far are looked for farther away, not all."""

REACHES = (2.0, 10.0, 60.0, 600.0)
"""Radii, arcsec, that part the rows where each has its own: the few large ones are looked for farther away, not all."""

MAS = ARCSEC * 1000.0
"""Milliarcseconds in a radian."""

_NARROWEST = 0.6 * 58.6 * 3600.0
"""Arcsec: no cell of order 0 is narrower between opposite edges, and cells of finer orders keep the proportion."""

_J2000_MJD, _YEAR = 51544.5, 365.25


@dataclass(frozen=True)
class Sources:
    """Rows of a catalogue, sorted by cell.

    Attributes:
        cells: nested HEALPix of order 29 of their positions, ascending.
        ra, dec: degrees, ICRS, at the epoch.
        radius: arcsec, one for each or a single one.
        motion: proper motions in right ascension (times cos dec) and declination, mas/yr, NaN for none; or None.
        epoch: Julian year of the positions.
    """

    cells: Ints
    ra: Floats
    dec: Floats
    radius: Floats
    motion: tuple[Floats, Floats] | None = None
    epoch: float = 2000.0


@dataclass(frozen=True)
class _Layer:
    """Rows of similar speed and radius. `fastest`: mas/yr; `reach`: arcsec."""

    fastest: float
    reach: float
    arrays: tuple[Ints, Ints, Floats, Floats, Floats]
    index: tuple[npt.NDArray[np.int32], int, int]


class SortedSky:
    """A catalogue, or a piece of one, in memory: about 40 bytes a row, 64 with proper motions.

    Raises:
        InputError: the rows are not sorted, or a radius is none, or above `MAX_RADIUS`.
    """

    def __init__(self, sources: Sources) -> None:
        if (np.diff(sources.cells) < 0).any() or (sources.cells < 0).any():
            raise InputError("the rows of a catalogue must be sorted by their HEALPix cells")
        if len(sources.radius) and not (sources.radius.min() > 0.0 and sources.radius.max() <= MAX_RADIUS):
            raise InputError(f"the radius of a source must be above 0 and not above {MAX_RADIUS:g} arcsec")
        self._epoch = _J2000_MJD + (sources.epoch - 2000.0) * _YEAR
        self._layers = [_layer(sources, chosen) for chosen in _alike(sources)]

    def match(self, places: Places, neighbours: int) -> tuple[Ints, Ints, Floats]:
        """The nearest rows within the radius.

        Where a catalogue has proper motions, its sources are moved to the time of each alert in a straight line at
        their motion (ESA SP-1200, vol. 1, section 1.5.5, without parallax and radial velocity); a place without a time
        is matched at the epoch.

        Args:
            places: where and when; one that is nowhere matches nothing.
            neighbours: how many rows at most for each.

        Returns:
            Index of the place, row number, and separation in arcsec of every match: by place, the nearest first, of
            equally near ones that of the smaller row number.
        """
        n = len(places.cells)
        rows, chords = np.full((n, neighbours), -1, dtype=np.int64), np.full((n, neighbours), np.inf)
        for layer, alerts in self._each(places):
            _kernel().nearest(alerts, layer.arrays, layer.index, rows, chords)
        place, rank = np.nonzero(rows >= 0)
        chord = chords[place, rank]
        return place.astype(np.int64), rows[place, rank], 2.0 * np.arcsin(np.sqrt(chord) / 2.0) * ARCSEC

    def within(self, places: Places) -> Bools:
        """Whether each place is within the radius of any row, as `match` has it; False for one that is nowhere."""
        inside = np.zeros(len(places.cells), dtype=bool)
        for layer, alerts in self._each(places):
            _kernel().within(alerts, layer.arrays, layer.index, inside)
        return inside

    def _each(self, places: Places) -> Iterator[tuple[_Layer, tuple[Floats, Floats, Ints, int]]]:
        """Each layer, and the places as kernels take them, with the cells that hold what of it is in reach."""
        years = np.nan_to_num((places.mjd - self._epoch) / _YEAR)
        for layer in self._layers:
            moved = layer.fastest / 1000.0 * float(np.abs(years).max(initial=0.0))
            depth = _depth(layer.reach + moved)
            yield layer, (_directions(places), years, _surrounded(places, depth), 2 * (ORDER - depth))


def directions(ra: Floats, dec: Floats) -> Floats:
    """Unit vectors (n x 3) of positions in degrees."""
    lon, lat = np.radians(ra), np.radians(dec)
    return np.ascontiguousarray(np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1))


def _directions(places: Places) -> Floats:
    """Of these places; whichever catalogues are asked for them, once."""
    return places.kept("directions", lambda: directions(places.ra, places.dec))


def _surrounded(places: Places, depth: int) -> Ints:
    """The cells around these places, once for each order."""
    return places.kept(depth, lambda: _around(places.cells, depth))


def surroundings(cells: Ints, reach: float) -> tuple[Ints, int]:
    """The cells that together hold everything within reach of each of some order-29 cells.

    Args:
        cells: of order 29; `NOWHERE` has no surroundings.
        reach: arcsec.

    Returns:
        Nested cells of one coarser order (n x 9), below zero where there is none; and how many bits finer order 29 is.
    """
    depth = _depth(reach)
    return _around(cells, depth), 2 * (ORDER - depth)


def _depth(reach: float) -> int:
    """The finest order whose cells are wider than the reach."""
    return int(np.clip(np.floor(np.log2(_NARROWEST / max(reach, 1e-3))), 0, ORDER))


def _around(cells: Ints, depth: int) -> Ints:
    nine, rim = np.empty((len(cells), 9), dtype=np.int64), np.empty(len(cells), dtype=bool)
    _kernel().around(readable(cells, np.int64), depth, nine, rim)
    if rim.any():
        nine[rim] = touching(cells[rim] >> 2 * (ORDER - depth), depth)
    return nine


def _kernel() -> Any:
    return compile_kernels()["sky"]


def _alike(sources: Sources) -> list[Bools | None]:
    """Which rows belong to each layer, None for all."""
    if not len(sources.cells):
        return [None]
    kinds = np.zeros(len(sources.cells), dtype=np.int64)
    if sources.motion is not None:
        kinds += np.searchsorted(SLOWNESS, _speed(sources.motion))
    if len(sources.radius) > 1:
        kinds += (len(SLOWNESS) + 1) * np.searchsorted(REACHES, sources.radius)
    there = np.unique(kinds)
    return [None] if len(there) == 1 else [kinds == kind for kind in there]


def _speed(motion: tuple[Floats, Floats]) -> Floats:
    """mas/yr, 0 where there is no motion."""
    speed: Floats = np.hypot(*(np.nan_to_num(m) for m in motion))
    return speed


def _layer(sources: Sources, chosen: Bools | None) -> _Layer:
    numbers = np.arange(len(sources.cells), dtype=np.int64) if chosen is None else np.flatnonzero(chosen)
    cells = readable(sources.cells if chosen is None else sources.cells[numbers], np.int64)
    radius = sources.radius if len(sources.radius) == 1 else sources.radius[numbers]
    limits = np.square(2.0 * np.sin(radius / ARCSEC / 2.0))
    where = directions(sources.ra[numbers], sources.dec[numbers])
    fastest, motions = _motions(sources, numbers)
    reach = float(radius.max(initial=1.0))
    return _Layer(fastest, reach, (cells, numbers, where, motions, limits), _index(cells))


def _motions(sources: Sources, numbers: Ints) -> tuple[float, Floats]:
    """The fastest of some rows in mas/yr, and their motions as vectors per year; none where nothing moves."""
    if sources.motion is None or not len(numbers):
        return 0.0, np.empty((0, 3))
    motion = (sources.motion[0][numbers], sources.motion[1][numbers])
    fastest = float(_speed(motion).max())
    if fastest == 0.0:
        return 0.0, np.empty((0, 3))
    lon, lat = np.radians(sources.ra[numbers]), np.radians(sources.dec[numbers])
    east, north = (np.nan_to_num(m)[:, None] / MAS for m in motion)
    to_east = np.stack([-np.sin(lon), np.cos(lon), np.zeros_like(lon)], axis=1)
    to_north = np.stack([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)], axis=1)
    return fastest, np.ascontiguousarray(east * to_east + north * to_north)


def _index(cells: Ints) -> tuple[npt.NDArray[np.int32], int, int]:
    """The first row of each coarse cell, of which there are about as many as rows."""
    if not len(cells):
        return np.zeros(1, dtype=np.int32), 0, 0
    shift = 0
    while (cells[-1] >> shift) - (cells[0] >> shift) > len(cells):
        shift += 1
    base = int(cells[0] >> shift)
    coarse = np.arange(base, int(cells[-1] >> shift) + 2, dtype=np.int64)
    return np.searchsorted(cells, coarse << shift).astype(np.int32), base, shift
