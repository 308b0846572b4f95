"""Real/bogus scores and shapes of detections, by what they are."""

from __future__ import annotations

import numpy as np

from linnet.simulation.draws import Bools, Draws, Floats, Ints
from linnet.simulation.night import Simulation
from linnet.simulation.sources import SHAPES

FOOLED = 0.04
"""Part of the artefacts that a score takes for real."""


def score(draws: Draws, name: str, simulation: Simulation, rows: Ints, sharp: float) -> Floats:
    """A score from 0 to 1: u^(1/sharp) for sources of light, less sharp where faint; 1 - u^(1/4) for artefacts.

    With a sharpness of 4 a quarter of real sources lies below 0.7, as ZTF's rb has it; with 25, below 0.95 (drb).
    """
    points, number = simulation.points, simulation.serial[rows]
    snr = points.snr[rows]
    u = draws.uniform(name, number)
    real = u ** (1.0 / (sharp * np.clip((snr - 4.0) / 6.0, 0.2, 1.0)))
    looks_real = simulation.is_real[points.source[rows]] | draws.chance("fooled", number, FOOLED)
    found: Floats = np.where(looks_real, real, 1.0 - u**0.25)
    return found


def is_shape(simulation: Simulation, rows: Ints, *names: str) -> Bools:
    """Which of the points are detections of these shapes."""
    found: Bools = np.isin(simulation.scene.shape[simulation.points.source[rows]], [SHAPES.index(n) for n in names])
    return found


def elongation(draws: Draws, simulation: Simulation, rows: Ints) -> Floats:
    """Major over minor axis: of points near 1, of trails by their length, of artefacts by their kind."""
    number = simulation.serial[rows]
    seeing = simulation.campaign.visits.seeing[simulation.points.visit[rows]]
    trail = simulation.scene.trail[simulation.points.source[rows]]
    base = 1.0 + 0.06 * np.abs(draws.normal("elongation", number))
    # A line of length L smeared by a Gaussian: variance along it grows by L^2 / 12.
    long = np.sqrt(1.0 + np.minimum(trail, 12.0) ** 2 / 12.0 / (seeing / 2.355) ** 2)
    odd = is_shape(simulation, rows, "dipole", "cosmic_ray", "bad_column")
    found: Floats = base * long * np.where(odd, draws.uniform("odd", number, 1.1, 2.2), 1.0)
    return found
