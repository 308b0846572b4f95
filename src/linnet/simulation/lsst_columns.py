"""What LSST writes of a detection and of a forced measurement, as columns over points.

Fields and their meaning: lsst/alert_packet; typical values: packets of 2025 and 2026.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linnet.simulation.draws import Bools, Ints
from linnet.simulation.lsst_numbers import LsstNumbers
from linnet.simulation.night import Simulation
from linnet.simulation.scores import elongation, is_shape, score
from linnet.simulation.sources import GALAXY

Columns = dict[str, Any]

BANDS = np.array(list("ugrizy"))

PROCESSING = 0.002
"""Days from exposure to alert."""

_PIXEL = 0.2
_FLAGS: dict[str, tuple[tuple[str, float], ...]] = {
    "pixelFlags_cr": (("cosmic_ray", 0.85),),
    "pixelFlags_crCenter": (("cosmic_ray", 0.7),),
    "pixelFlags_bad": (("bad_column", 0.8),),
    "pixelFlags_interpolated": (("bad_column", 0.8), ("point", 0.03)),
    "pixelFlags_interpolatedCenter": (("bad_column", 0.5),),
    "pixelFlags_edge": (("edge", 0.9),),
    "pixelFlags_saturated": (("star_residual", 0.4),),
    "pixelFlags_saturatedCenter": (("star_residual", 0.25),),
    "pixelFlags_suspect": (("star_residual", 0.3),),
    "pixelFlags_streak": (("streak", 0.8),),
    "pixelFlags_streakCenter": (("streak", 0.6),),
    "glint_trail": (("streak", 0.2),),
    "psfFlux_flag_edge": (("edge", 0.5),),
    "isDipole": (("dipole", 0.75),),
    "shape_flag": (("point", 0.25), ("trail", 0.25), ("dipole", 0.5), ("cosmic_ray", 0.5)),
}
"""Flag -> how often it is set for detections of some shapes; all other flags are false."""

_FALSE = (
    "centroid_flag",
    "apFlux_flag",
    "apFlux_flag_apertureTruncated",
    "psfFlux_flag",
    "psfFlux_flag_noGoodPixels",
    "trail_flag_edge",
    "trail_flag",
    "forced_PsfFlux_flag",
    "forced_PsfFlux_flag_edge",
    "forced_PsfFlux_flag_noGoodPixels",
    "shape_flag_no_pixels",
    "shape_flag_not_contained",
    "shape_flag_parent_source",
    "pixelFlags",
    "pixelFlags_nodata",
    "pixelFlags_nodataCenter",
    "pixelFlags_offimage",
    "pixelFlags_suspectCenter",
    "pixelFlags_injected",
    "pixelFlags_injectedCenter",
    "pixelFlags_injected_template",
    "pixelFlags_injected_templateCenter",
)


class LsstColumns:
    """Columns of points of a simulation.

    Args:
        simulation: of LSST.
    """

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.numbers = LsstNumbers(simulation)
        self._draws = simulation.draws("diaSource")

    def band(self, rows: Ints) -> Ints:
        """Numbers of bands."""
        return self.simulation.campaign.visits.band[self.simulation.points.visit[rows]]

    def is_known(self, rows: Ints) -> Bools:
        """Detections of bodies that the survey knows."""
        body = self.simulation.scene.body
        if "is_known" not in body:
            return np.zeros(len(rows), dtype=bool)
        return body["is_known"][self.simulation.points.source[rows]].astype(bool)

    def source(self, rows: Ints) -> Columns:
        """A diaSource."""
        points, numbers, draws, number = self.simulation.points, self.numbers, self._draws, self.simulation.serial[rows]
        known, snr = self.is_known(rows), points.snr[rows]
        degrees = points.scatter[rows] / 3600.0
        flux, error = points.flux[rows], points.error[rows]
        return {
            "diaSourceId": numbers.source_id[rows],
            **self._where_and_when(rows),
            "diaObjectId": np.ma.array(numbers.object_id[rows], mask=known),
            "ssObjectId": np.where(known, ss_object_id(self.simulation, rows), 0),
            "parentDiaSourceId": 0,
            "exposureTime": self.simulation.campaign.telescope.exposure,
            "ra": points.ra[rows],
            "dec": points.dec[rows],
            "raErr": degrees,
            "decErr": degrees * 0.97,
            "ra_dec_Cov": 0.1 * degrees**2,
            "x": numbers.x[rows],
            "xErr": points.scatter[rows] / _PIXEL,
            "y": numbers.y[rows],
            "yErr": points.scatter[rows] / _PIXEL,
            "snr": snr * draws.uniform("snr", number, 0.85, 1.15),
            "apFlux": flux + 1.3 * error * draws.normal("ap", number),
            "apFluxErr": 1.6 * error,
            "isNegative": flux < 0.0,
            "psfFlux": flux,
            "psfFluxErr": error,
            "psfChi2": 1681.0 * np.exp(draws.normal("chi", number, 0.1, 0.15)),
            "psfNdata": 1681,
            **self._total(rows),
            **self._shape(rows),
            **self._flags(rows),
            "reliability": score(draws, "reliability", self.simulation, rows, 15.0),
            "reliabilityVersion": "simulated",
            "bboxSize": 18 + draws.whole("box", number, 20),
        }

    def forced(self, rows: Ints) -> Columns:
        """A diaForcedSource: that of a visit with a detection repeats it to a few per cent."""
        points, scene = self.simulation.points, self.simulation.scene
        true = points.true[rows]
        total = self._total(rows)
        return {
            "diaForcedSourceId": self.numbers.forced_id[rows],
            "diaObjectId": self.numbers.object_id[rows],
            "ra": scene.ra[points.source[rows]],
            "dec": scene.dec[points.source[rows]],
            "psfFlux": true + 0.97 * (points.flux[rows] - true),
            "psfFluxErr": points.error[rows],
            "scienceFlux": total["scienceFlux"],
            "scienceFluxErr": total["scienceFluxErr"],
            **self._where_and_when(rows),
        }

    def _where_and_when(self, rows: Ints) -> Columns:
        numbers = self.numbers
        return {
            "visit": numbers.visit[rows],
            "detector": numbers.detector[rows],
            "midpointMjdTai": numbers.mjd[rows],
            "timeProcessedMjdTai": numbers.mjd[rows] + PROCESSING,
            "band": BANDS[self.band(rows)],
        }

    def _total(self, rows: Ints) -> Columns:
        """Flux at the place in the science image and in the template, each with noise of its own."""
        points, draws, number = self.simulation.points, self._draws, self.simulation.serial[rows]
        deep = points.error[rows] / np.sqrt(self.simulation.campaign.telescope.template)
        science = points.template[rows] + points.flux[rows] + 0.3 * points.error[rows] * draws.normal("science", number)
        return {
            "scienceFlux": science,
            "scienceFluxErr": points.error[rows] * 0.95,
            "templateFlux": points.template[rows] + deep * draws.normal("template", points.object[rows]),
            "templateFluxErr": deep,
        }

    def _shape(self, rows: Ints) -> Columns:
        points, draws, number = self.simulation.points, self._draws, self.simulation.serial[rows]
        scene, source = self.simulation.scene, points.source[rows]
        seeing = self.simulation.campaign.visits.seeing[points.visit[rows]]
        size, long = (seeing / 2.355) ** 2, elongation(draws, self.simulation, rows)
        trail = np.where(scene.trail[source] > 0.0, scene.trail[source], 0.4 * seeing * draws.uniform("length", number))
        angle = draws.uniform("trail angle", number, -90.0, 90.0)
        dipole = is_shape(self.simulation, rows, "dipole")
        # What lies under a source makes it look extended: our choice, packets say no more than that it is so for some.
        on_galaxy = (scene.around.kind[source] == GALAXY) & (points.template[rows] > 2.0 * points.error[rows])
        large = (
            (on_galaxy & draws.chance("extended", points.object[rows], 0.75))
            | (scene.trail[source] > 2.0 * seeing)
            | dipole
        )
        u = draws.uniform("extendedness", number)
        return {
            "trailFlux": points.flux[rows],
            "trailFluxErr": points.error[rows],
            "trailRa": points.ra[rows],
            "trailDec": points.dec[rows],
            "trailLength": np.minimum(trail, 40.0),
            "trailAngle": angle,
            "trailNdata": 0,
            "dipoleFitAttempted": dipole,
            "dipoleNdata": np.where(dipole, 1681, 0),
            "dipoleMeanFlux": np.where(dipole, points.flux[rows], np.nan),
            "dipoleLength": np.where(dipole, seeing * 1.2, np.nan),
            "dipoleAngle": np.where(dipole, angle, np.nan),
            "ixx": size * long,
            "iyy": size / long,
            "ixy": 0.05 * size * draws.normal("ixy", number),
            "ixxPSF": size,
            "iyyPSF": size * 0.99,
            "ixyPSF": -0.01 * size,
            "extendedness": np.where(large, 1.0 - 0.4 * u**2, 0.4 * u**3),
        }

    def _flags(self, rows: Ints) -> Columns:
        number = self.simulation.serial[rows]
        found: Columns = dict.fromkeys(_FALSE, False)
        for flag, shapes in _FLAGS.items():
            true = np.zeros(len(rows), dtype=bool)
            for shape, often in shapes:
                true |= is_shape(self.simulation, rows, shape) & self._draws.chance(flag, number, often)
            found[flag] = true
        return found


def ss_object_id(simulation: Simulation, rows: Ints) -> Ints:
    """The packed designation of bodies in ASCII as a big-endian integer; 0 for what is none."""
    body = simulation.scene.body
    if "packed" not in body:
        return np.zeros(len(rows), dtype=np.int64)
    text = np.ascontiguousarray(body["packed"][simulation.points.source[rows]].astype("S7"))
    octets = text.view(np.uint8).reshape(len(rows), 7).astype(np.int64)
    found: Ints = (octets << (8 * np.arange(6, -1, -1))).sum(axis=1)
    return found
