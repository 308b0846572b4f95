"""The neighbours of an alert in Pan-STARRS 1 and Gaia, as ZTF writes them.

Star/galaxy scores: Tachibana & Miller 2018, PASP 130, 128001 (1 is a star). Other objects come at random, one in about
200 square arcsec, as at high latitude.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linnet.simulation.draws import Floats, Ints
from linnet.simulation.night import Simulation
from linnet.simulation.sources import GALAXY, NONE, STAR
from linnet.simulation.ztf_measures import MISSING

PS1_DEPTH = 22.8
"""Faintest r in the catalogue (Chambers et al. 2016, arXiv:1612.05560)."""

RADIUS = 30.0
"""Arcsec in which neighbours are looked for."""

_GAIA_DEPTH, _GAIA_BRIGHT = 20.5, 14.0
_AREA = 200.0


def neighbours(simulation: Simulation, rows: Ints) -> dict[str, Any]:
    """Columns of the three nearest objects of Pan-STARRS 1 and of the nearest two of Gaia."""
    away, mags, scores, known = _nearest(simulation, rows)
    found: dict[str, Any] = {"nmtchps": np.maximum(known.sum(axis=1), 1) + 4}
    key = simulation.points.object[rows]
    for k in range(3):
        there = known[:, k]
        found |= {
            f"sgscore{k + 1}": np.where(there, scores[:, k], MISSING),
            f"distpsnr{k + 1}": np.where(there, away[:, k], MISSING),
            f"objectidps{k + 1}": np.where(there, 10**16 + (key % 10**13) * 1000 + k, int(MISSING)),
        }
        for b, name in ((1, "g"), (2, "r"), (3, "i"), (4, "z")):
            found[f"s{name}mag{k + 1}"] = np.where(there & (mags[:, k, b] < PS1_DEPTH + 0.5), mags[:, k, b], MISSING)
    return found | _gaia(simulation, rows)


def _nearest(simulation: Simulation, rows: Ints) -> tuple[Floats, Floats, Floats, Any]:
    """Distances, magnitudes (6 bands), scores of three objects, nearest first, and whether there are so many."""
    around, source = simulation.scene.around, simulation.points.source[rows]
    draws, key = simulation.draws("neighbours"), simulation.points.object[rows]
    n = len(rows)
    away, mags, scores = np.empty((n, 4)), np.empty((n, 4, 6)), np.empty((n, 4))
    kind = around.kind[source]
    own = (kind != NONE) & (around.mags[source, 2] < PS1_DEPTH)
    away[:, 0] = np.where(own, around.away[source], np.inf)
    mags[:, 0] = around.mags[source]
    u = draws.uniform("score", key)
    scores[:, 0] = np.where(kind == STAR, 1.0 - 0.15 * u**3, np.where(kind == GALAXY, 0.35 * u**2, 0.5))
    square = np.zeros(n)
    for k in (1, 2, 3):
        square = square - _AREA / np.pi * np.log(draws.uniform(f"gap {k}", key))
        away[:, k] = np.sqrt(square)
        r = 22.8 - 1.6 * -np.log(draws.uniform(f"mag {k}", key))
        mags[:, k] = np.clip(r, 14.0, 22.7)[:, None] + np.array([1.8, 0.6, 0.0, -0.25, -0.4, -0.5])
        v = draws.uniform(f"kind {k}", key)
        scores[:, k] = np.where(v < 0.4, 0.85 + 0.37 * v, (v - 0.4) * 0.8)
    order = np.argsort(away, axis=1, kind="stable")[:, :3]
    pick = np.arange(n)[:, None]
    away, mags, scores = away[pick, order], mags[pick, order], scores[pick, order]
    return away, mags, scores, away < RADIUS


def _gaia(simulation: Simulation, rows: Ints) -> dict[str, Any]:
    around, source = simulation.scene.around, simulation.points.source[rows]
    draws, key = simulation.draws("gaia"), simulation.points.object[rows]
    own = (around.kind[source] == STAR) & (around.mags[source, 2] < _GAIA_DEPTH)
    mag = np.where(own, around.mags[source, 2], draws.uniform("mag", key, 15.0, _GAIA_DEPTH))
    away = np.where(own, around.away[source], draws.uniform("away", key, 5.0, 60.0))
    itself = own & (mag < _GAIA_BRIGHT)
    other = draws.chance("bright", key, 0.4)
    return {
        "neargaia": away,
        "maggaia": mag,
        "neargaiabright": np.where(itself, away, np.where(other, draws.uniform("far", key, 20.0, 90.0), MISSING)),
        "maggaiabright": np.where(itself, mag, np.where(other, draws.uniform("b", key, 9.0, _GAIA_BRIGHT), MISSING)),
    }
