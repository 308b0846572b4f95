"""ZTF's numbers: nights, images, candidates, objects."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from linnet.simulation.draws import Floats, Ints
from linnet.simulation.fields import separation
from linnet.simulation.measuring import OBJECTS
from linnet.simulation.night import Simulation

JD = 2400000.5
"""JD of MJD 0."""

FIRST_NIGHT_JD = 2457754.5
"""Nights (`nid`) are counted from 2017-01-01."""

_LETTERS = 7
_NAMES = 26**_LETTERS
_SCRAMBLE = 4_093_082_899
"""Prime to 26, so that different objects have different names."""

_SIDE, _QUADRANT = 8, 0.86
_MONTHS = np.datetime64("1858-11-17")


class ZtfNumbers:
    """The numbers of all points of a simulation, one array each.

    Args:
        simulation: of ZTF.
    """

    def __init__(self, simulation: Simulation) -> None:
        points, campaign = simulation.points, simulation.campaign
        self.jd: Floats = simulation.mjd + JD
        field = campaign.visits.field[points.visit]
        fields = campaign.fields
        east, north = separation(points.ra, points.dec, fields.ra[field], fields.dec[field])
        column, row = (np.clip(v / _QUADRANT + _SIDE / 2.0, 0.0, _SIDE - 1e-6) for v in (-east, north))
        self.field: Ints = fields.number[field]
        self.rcid: Ints = np.floor(row).astype(np.int64) * _SIDE + np.floor(column).astype(np.int64)
        self.xpos: Floats = 1.0 + column % 1.0 * 3071.0
        self.ypos: Floats = 1.0 + row % 1.0 * 3079.0
        since = self.jd - FIRST_NIGHT_JD
        self.nid: Ints = np.floor(since).astype(np.int64)
        self.ticks: Ints = np.floor(since * 1e5 + 1e-4).astype(np.int64)
        self.pid: Ints = self.ticks * 10_000 + self.rcid * 100 + 15
        # The number of the source keeps the candidates of an image apart; a moving one is in an image once.
        self.candid: Ints = self.pid * 1_000_000 + points.source

    def filenames(self, rows: Ints, fid: Ints) -> npt.NDArray[np.str_]:
        """Names of difference images, in the survey's way."""
        date = _MONTHS + np.floor(self.jd[rows] - JD).astype(np.int64).astype("timedelta64[D]")
        day = np.char.replace(date.astype("datetime64[D]").astype(str), "-", "")
        fraction = np.char.zfill((self.ticks[rows] % 100_000 * 10).astype(str), 6)
        field = np.char.zfill(self.field[rows].astype(str), 6)
        ccd = np.char.zfill((self.rcid[rows] // 4 + 1).astype(str), 2)
        band = np.array(["", "g", "r", "i"])[fid]
        parts: list[Any] = ["ztf_", day, fraction, "_", field, "_z", band, "_c", ccd, "_o_q"]
        text = np.full(len(rows), "", dtype="U1")
        for part in (*parts, (self.rcid[rows] % 4 + 1).astype(str), "_scimrefdiffimg.fits.fz"):
            text = np.char.add(text, part)
        return text


def object_ids(simulation: Simulation, rows: Ints) -> npt.NDArray[np.str_]:
    """`ZTF`, the year of the first detection, and seven letters that belong to seed, source and detection."""
    points = simulation.points
    number = points.object[rows] % OBJECTS + points.source[rows] * OBJECTS + simulation.campaign.seed * 2**31
    scrambled = (number % _NAMES).astype(object) * _SCRAMBLE % _NAMES
    letters = (scrambled.astype(np.int64)[:, None] // 26 ** np.arange(_LETTERS - 1, -1, -1)) % 26 + ord("a")
    names = letters.astype(np.uint8).view(f"S{_LETTERS}").ravel().astype(str)
    start = simulation.mjd[np.minimum(simulation.first_detection[rows], len(points) - 1)]
    year = (_MONTHS + np.floor(start).astype(np.int64).astype("timedelta64[D]")).astype("datetime64[Y]").astype(str)
    return np.char.add(np.char.add("ZTF", np.char.replace(year, "20", "", 1)), names)
