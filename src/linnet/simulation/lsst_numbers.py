"""LSST's numbers: visits, detectors, sources, objects."""

from __future__ import annotations

import numpy as np

from linnet.core import times
from linnet.simulation.draws import Floats, Ints
from linnet.simulation.fields import separation
from linnet.simulation.night import Simulation

SOURCES, FORCED = 170_000_000_000_000_000, 250_000_000_000_000_000
"""First ids of sources and of forced sources."""

_FIRST_DAY = 60_000
_VISITS, _PER_VISIT = 100_000, 1_000_000
_SIDE, _DETECTORS = 14, 189
_EPOCH = np.datetime64("1858-11-17")


class LsstNumbers:
    """The numbers of all points of a simulation, one array each.

    Args:
        simulation: of LSST.
    """

    def __init__(self, simulation: Simulation) -> None:
        points, campaign = simulation.points, simulation.campaign
        visits = campaign.visits
        day = campaign.first_day + visits.night[points.visit]
        serial = visits.serial[points.visit]
        # The date of the evening is that of UTC - 12 h (dayObs, SITCOMTN-032).
        self.visit: Ints = _dates(day) * _VISITS + serial
        number = ((day - _FIRST_DAY) * _VISITS + serial) * _PER_VISIT + points.source
        self.source_id: Ints = SOURCES + number
        self.forced_id: Ints = FORCED + number
        first = np.minimum(simulation.first_detection, len(points) - 1)
        self.object_id: Ints = self.source_id[first]
        self.mjd: Floats = times.utc_to_tai(simulation.mjd + 0.5 * campaign.telescope.exposure / 86400.0)
        field = visits.field[points.visit]
        east, north = separation(points.ra, points.dec, campaign.fields.ra[field], campaign.fields.dec[field])
        wide = 2.0 * campaign.telescope.radius / _SIDE
        column, row = (np.clip(v / wide + _SIDE / 2.0, 0.0, _SIDE - 1e-6) for v in (east, north))
        place = np.floor(row).astype(np.int64) * _SIDE + np.floor(column).astype(np.int64)
        self.detector: Ints = place * _DETECTORS // _SIDE**2
        self.x: Floats = column % 1.0 * 4071.0
        self.y: Floats = row % 1.0 * 3999.0


def _dates(day: Ints) -> Ints:
    """YYYYMMDD of whole MJD."""
    date = _EPOCH + day.astype("timedelta64[D]")
    month = date.astype("datetime64[M]")
    months = month.astype(np.int64)
    within = (date - month.astype("datetime64[D]")).astype(np.int64) + 1
    found: Ints = (1970 + months // 12) * 10_000 + (1 + months % 12) * 100 + within
    return found
