"""Images of alerts: what lies under the source, its neighbours, the source itself, and the artefact that it may be.

Many stamps are drawn at once as sums of separable Gaussians, which costs 0.1 ms for three images of 63 x 63. Their
noise is taken out of a pool, from a place of its own for each image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from linnet.simulation.draws import Floats, Ints
from linnet.simulation.night import Simulation
from linnet.simulation.radiation import flux_of
from linnet.simulation.scores import is_shape

Images = npt.NDArray[np.float32]

NEIGHBOURS = 3
"""Stars and galaxies besides in a stamp."""

_POOL = np.random.default_rng(1).standard_normal(1 << 20, dtype=np.float32)
_STEPS = 60
"""Points that make up a trail, however long: what else is drawn beside it must not change it."""

_PSF = ((0.85, 1.0), (0.15, 1.9))
"""Parts and relative widths of two Gaussians that resemble a Moffat profile."""


@dataclass(frozen=True)
class Stamps:
    """n x size x size pixels in nJy, sky subtracted; and the standard deviation of a pixel's sky."""

    science: Images
    template: Images
    difference: Images
    sky: Floats


def stamps(simulation: Simulation, rows: Ints, size: int) -> Stamps:
    """The three images of n alerts, the source within a pixel of the middle.

    Args:
        simulation: whose.
        rows: of its points.
        size: pixels along a side.
    """
    points, telescope = simulation.points, simulation.campaign.telescope
    draws, number = simulation.draws("stamps"), simulation.serial[rows]
    visit = points.visit[rows]
    sigma = simulation.campaign.visits.seeing[visit] / 2.355 / telescope.pixel
    # A point source fitted with this width: its error is the pixel's times sqrt(4 pi) sigma.
    five = simulation.campaign.visits.five[visit]
    sky = five / 5.0 / np.sqrt(4.0 * np.pi) / sigma
    x0, y0 = (size // 2 + draws.uniform(name, number, -0.5, 0.5) for name in ("x", "y"))
    template = _surroundings(simulation, rows, size, (x0, y0), sigma)
    source = _source(simulation, rows, size, (x0, y0), sigma)
    noise = [_noise(draws.uniform(f"noise {k}", number), size) for k in range(2)]
    deep = 1.0 / np.sqrt(telescope.template)
    old = template + (sky * deep).astype(np.float32)[:, None, None] * noise[1]
    new = template + source + sky.astype(np.float32)[:, None, None] * noise[0]
    return Stamps(new, old, new - old, sky)


def _noise(place: Floats, size: int) -> Images:
    """Standard normal pixels for each stamp."""
    pixels = size * size
    starts = (place * (len(_POOL) - pixels)).astype(np.int64)
    found: Images = np.stack([_POOL[s : s + pixels] for s in starts.tolist()]).reshape(-1, size, size)
    return found


def gaussians(flux: Floats, x0: Floats, y0: Floats, sigma: Floats, size: int) -> Images:
    """Round Gaussians, n x size x size pixels, each of a given sum."""
    pixel = np.arange(size)[None, :]
    wide = np.maximum(sigma, 0.3)[:, None]
    across = np.exp(-0.5 * ((pixel - x0[:, None]) / wide) ** 2)
    up = np.exp(-0.5 * ((pixel - y0[:, None]) / wide) ** 2) * (flux[:, None] / (2.0 * np.pi * wide**2))
    found: Images = up.astype(np.float32)[:, :, None] * across.astype(np.float32)[:, None, :]
    return found


def _points(flux: Floats, place: tuple[Floats, Floats], sigma: Floats, size: int) -> Images:
    parts = [gaussians(share * flux, *place, wide * sigma, size) for share, wide in _PSF]
    return parts[0] + parts[1]


def _surroundings(simulation: Simulation, rows: Ints, size: int, at: tuple[Floats, Floats], sigma: Floats) -> Images:
    """The template without noise: host or star, and neighbours that belong to the object."""
    points, around, pixel = simulation.points, simulation.scene.around, simulation.campaign.telescope.pixel
    source = points.source[rows]
    band = simulation.campaign.visits.band[points.visit[rows]]
    away, angle = around.away[source] / pixel, around.angle[source]
    place = at[0] - away * np.sin(angle), at[1] + away * np.cos(angle)
    flux = flux_of(around.mags[source, band])
    wide = np.sqrt(sigma**2 + (0.7 * around.size[source] / pixel) ** 2)
    found = _points(flux, place, wide, size)
    draws, key = simulation.draws("neighbours"), points.object[rows]
    for k in range(NEIGHBOURS):
        x, y = (draws.uniform(f"{name} {k}", key, -0.2, 1.2) * size for name in "xy")
        # Not on top of the source.
        near = np.hypot(x - at[0], y - at[1]) < 0.15 * size
        mag = simulation.campaign.telescope.m5(2) + 1.0 + 2.0 * np.log(draws.uniform(f"m {k}", key))
        found += gaussians(np.where(near, 0.0, flux_of(mag)), x, y, sigma, size)
    return found


def _source(simulation: Simulation, rows: Ints, size: int, at: tuple[Floats, Floats], sigma: Floats) -> Images:
    """What is new, without noise: a point, a trail, or an artefact."""
    flux = simulation.points.flux[rows]
    narrow = np.where(is_shape(simulation, rows, "cosmic_ray"), 0.5, 1.0)
    found = _points(flux, at, sigma * narrow, size)
    angle = simulation.draws("stamps").uniform("trail", simulation.serial[rows], 0.0, np.pi)
    odd = np.flatnonzero(~is_shape(simulation, rows, "point", "star_residual", "edge"))
    length = simulation.scene.trail[simulation.points.source[rows]] / simulation.campaign.telescope.pixel
    moved = np.flatnonzero(is_shape(simulation, rows, "trail", "streak") & (length > 0.5))
    if len(moved):
        found[moved] = _line(
            flux[moved], (at[0][moved], at[1][moved]), sigma[moved], (length[moved], angle[moved]), size
        )
    for row in odd[is_shape(simulation, rows[odd], "dipole", "bad_column")].tolist():
        _spoil(found[row], bool(is_shape(simulation, rows[[row]], "dipole")[0]), float(sigma[row]), size)
    edge = is_shape(simulation, rows, "edge")
    found[edge, :, : size // 4] = 0.0
    return found


def _line(flux: Floats, at: tuple[Floats, Floats], sigma: Floats, line: tuple[Floats, Floats], size: int) -> Images:
    """Trails as rows of points, each with its share of the light; the part within the stamp, seen from its middle."""
    length, angle = np.minimum(line[0], 1.5 * size), line[1]
    bright = np.where(line[0] > size, 12.0, 1.0)  # a streak's flux is that of one point on it
    found = np.zeros((len(flux), size, size), dtype=np.float32)
    for step in np.linspace(-0.5, 0.5, _STEPS).tolist():
        place = at[0] + step * length * np.cos(angle), at[1] + step * length * np.sin(angle)
        found += gaussians(bright * flux / _STEPS, *place, sigma, size)
    return found


def _spoil(image: npt.NDArray[np.float32], is_dipole: bool, sigma: float, size: int) -> None:
    """Turn a point into a dipole, or into a column."""
    if is_dipole:
        image -= np.roll(image, int(np.ceil(1.5 * sigma)), axis=1)
    else:
        image[:, size // 2] = image.max()
