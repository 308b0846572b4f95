"""What ZTF measures of a detection and of what lies nearest to it: shape, pixels, reference source, known body."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from linnet.simulation.draws import Draws, Floats, Ints
from linnet.simulation.fields import offset
from linnet.simulation.night import Simulation
from linnet.simulation.radiation import mag_of
from linnet.simulation.scores import elongation, is_shape
from linnet.simulation.sources import NONE, STAR

Columns = dict[str, Any]

MISSING = -999.0
"""What a candidate has where a number is missing."""

REFERENCE_DEPTH = 22.3
"""Magnitude of the faintest sources of a reference image."""

PIXEL = 1.0126
"""Arcsec of a pixel of `distnr`."""


def shape(simulation: Simulation, draws: Draws, rows: Ints) -> Columns:
    """Widths, axes and fit of detections, in pixels."""
    number = simulation.serial[rows]
    seeing = simulation.campaign.visits.seeing[simulation.points.visit[rows]] / 1.01
    cosmic, streak = (is_shape(simulation, rows, n) for n in ("cosmic_ray", "streak"))
    width = seeing * np.exp(draws.normal("fwhm", number, 0.0, 0.08))
    width = np.where(cosmic, draws.uniform("narrow", number, 0.8, 1.4), np.where(streak, 2.5 * width, width))
    long = elongation(draws, simulation, rows)
    axis = 0.36 * width * np.sqrt(long)
    real = simulation.is_real[simulation.points.source[rows]]
    chi = np.exp(draws.normal("chi", number, np.log(1.5), 0.3) + np.where(real, 0.0, 1.5))
    return {
        "fwhm": width,
        "elong": long,
        "aimage": axis,
        "bimage": axis / long,
        "aimagerat": axis / width,
        "bimagerat": axis / long / width,
        "seeratio": width / seeing,
        "chipsf": chi,
        "classtar": 1.0 - 0.1 * draws.uniform("star", number) ** 3,
    }


def signs(simulation: Simulation, draws: Draws, rows: Ints) -> tuple[Floats, Ints, Ints]:
    """Sum over sum of absolute values, negative pixels, bad pixels."""
    number = simulation.serial[rows]
    snr = simulation.points.snr[rows]
    mixed, column = (
        is_shape(simulation, rows, "dipole", "star_residual"),
        is_shape(simulation, rows, "bad_column"),
    )
    sumrat = np.where(mixed, draws.uniform("sumrat", number, 0.1, 0.75), np.minimum(1.0, 0.8 + snr / 60.0))
    nneg = np.where(mixed, 7 + draws.whole("mixed", number, 8), np.floor(draws.uniform("neg", number) ** 2 * 60 / snr))
    nbad = np.where(column, 1 + draws.whole("bad", number, 6), 0)
    return sumrat, nneg.astype(np.int64), nbad


def reference(simulation: Simulation, draws: Draws, rows: Ints) -> Columns:
    """The nearest source of the reference image: what lies under the source, or another one."""
    points, around = simulation.points, simulation.scene.around
    source = points.source[rows]
    mag = around.mags[source, simulation.campaign.visits.band[points.visit[rows]]]
    own = (around.kind[source] != NONE) & (mag < REFERENCE_DEPTH)
    key = points.object[rows]
    away = np.where(own, around.away[source], draws.uniform("other", key, 4.0, 25.0))
    mag = np.where(own, mag, draws.uniform("other mag", key, 18.5, REFERENCE_DEPTH))
    ra, dec = offset(
        points.ra[rows],
        points.dec[rows],
        away * np.sin(around.angle[source]) / 3600.0,
        away * np.cos(around.angle[source]) / 3600.0,
    )
    star = around.kind[source] == STAR
    return {
        "distnr": away / PIXEL,
        "magnr": mag,
        "sigmagnr": np.clip(0.01 * 10.0 ** (0.3 * (mag - 17.0)), 0.01, 0.3),
        "chinr": np.where(star | ~own, 0.75, 1.4),
        "sharpnr": np.where(star | ~own, 0.0, 0.25),
        "ranr": ra,
        "decnr": dec,
    }


def body(simulation: Simulation, draws: Draws, rows: Ints) -> Columns:
    """The known body nearby: within whole arcseconds."""
    scene, source = simulation.scene, simulation.points.source[rows]
    if "is_known" not in scene.body:
        return {"ssdistnr": MISSING, "ssmagnr": MISSING, "ssnamenr": "null"}
    known = scene.body["is_known"][source].astype(bool)
    away = draws.whole("ssdistnr", simulation.serial[rows], 2).astype(np.float64)
    name: npt.NDArray[Any] = np.char.replace(scene.body["designation"][source].astype(str), " ", "")
    return {
        "ssdistnr": np.where(known, away, MISSING),
        "ssmagnr": np.where(known, np.round(mag_of(np.maximum(simulation.points.true[rows], 1.0)), 1), MISSING),
        "ssnamenr": np.where(known, name, "null"),
    }
