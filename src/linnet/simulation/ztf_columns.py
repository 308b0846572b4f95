"""What ZTF writes of a detection, an upper limit and a forced measurement, as columns over points.

Fields and their meaning: the survey's Avro schemas; typical values: packets of 2018 to 2024. A number that is missing
is -999 in a candidate, and null in what comes before it.
"""

from __future__ import annotations

import numpy as np

from linnet.simulation.draws import Ints
from linnet.simulation.night import Simulation
from linnet.simulation.radiation import mag_of
from linnet.simulation.scores import is_shape, score
from linnet.simulation.ztf_measures import PIXEL, Columns, body, reference, shape, signs
from linnet.simulation.ztf_numbers import ZtfNumbers

FID = np.array([0, 1, 2, 3, 0, 0])
"""Band -> ZTF's number of the filter."""

_RB, _DRB = "t17_f5_c3", "d6_m7"
_POOR, _FAILED = 0.03, 0.05
_DEEPER = 0.66
"""Error of a forced measurement over that of a detection: its limits are 0.45 mag deeper."""


class ZtfColumns:
    """Columns of points of a simulation.

    Args:
        simulation: of ZTF.
    """

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.numbers = ZtfNumbers(simulation)
        self._draws = simulation.draws("candidate")
        self._all = simulation.count(simulation.points.snr >= 3.0)

    def band(self, rows: Ints) -> Ints:
        """Numbers of bands."""
        return self.simulation.campaign.visits.band[self.simulation.points.visit[rows]]

    def visit(self, rows: Ints) -> Columns:
        """What the image says: all that an upper limit has."""
        numbers, visit = self.numbers, self.simulation.points.visit[rows]
        fid = FID[self.band(rows)]
        # A zero point belongs to an image, so its draw does.
        zero = 26.20 + self._draws.normal("zero point", numbers.pid[rows], 0.0, 0.06)
        template = self.simulation.campaign.telescope.template
        limit = self.simulation.campaign.visits.m5[visit] - 1.25 * np.log10(1.0 + 1.0 / template)
        return {
            "jd": numbers.jd[rows],
            "fid": fid,
            "pid": numbers.pid[rows],
            "diffmaglim": limit,
            "pdiffimfilename": numbers.filenames(rows, fid),
            "programpi": "Kulkarni",
            "programid": 1,
            "nid": numbers.nid[rows],
            "rcid": numbers.rcid[rows],
            "field": numbers.field[rows],
            "magzpsci": zero,
            "magzpsciunc": np.float32(8e-06),
            "magzpscirms": self._draws.uniform("rms", numbers.pid[rows], 0.014, 0.04),
            "clrcoeff": np.where(fid == 1, -0.05, 0.09),
            "clrcounc": np.float32(1e-05),
            "rbversion": _RB,
        }

    def detection(self, rows: Ints) -> Columns:
        """What a detection has besides, in the history too."""
        simulation, numbers, draws = self.simulation, self.numbers, self._draws
        points = simulation.points
        number, flux, snr = self.simulation.serial[rows], points.flux[rows], points.snr[rows]
        mag = mag_of(np.abs(flux))
        limit = self.simulation.campaign.visits.m5[points.visit[rows]]
        edge = np.minimum.reduce([v for p in (numbers.xpos[rows], numbers.ypos[rows]) for v in (p, 3080.0 - p)])
        edge = np.where(is_shape(self.simulation, rows, "edge"), draws.uniform("edge", number, 1.0, 9.0), edge)
        aperture = mag + draws.normal("aperture", number) * (0.02 + 1.2 / snr)
        sumrat, nneg, nbad = signs(simulation, draws, rows)
        return {
            **shape(simulation, draws, rows),
            **reference(simulation, draws, rows),
            "candid": numbers.candid[rows],
            "isdiffpos": np.where(flux > 0.0, "t", "f"),
            "tblid": draws.whole("row", number, 60),
            "xpos": numbers.xpos[rows],
            "ypos": numbers.ypos[rows],
            "ra": points.ra[rows],
            "dec": points.dec[rows],
            "magpsf": mag,
            "sigmapsf": 1.0857 / snr,
            "magap": aperture,
            "sigmagap": 1.3 / snr,
            "magapbig": aperture - 0.02,
            "sigmagapbig": 1.6 / snr,
            "magdiff": aperture - mag,
            "magfromlim": limit - aperture,
            "sky": draws.normal("sky", number, 0.0, 0.8),
            "mindtoedge": edge,
            "sumrat": sumrat,
            "nneg": nneg,
            "nbad": nbad,
            "rb": score(draws, "rb", self.simulation, rows, 4.0),
            "scorr": snr * draws.uniform("scorr", number, 0.9, 1.6),
        }

    def own(self, rows: Ints) -> Columns:
        """What only the candidate of an alert has."""
        draws, number, simulation = self._draws, self.simulation.serial[rows], self.simulation
        snr = simulation.points.snr[rows]
        first = np.minimum(simulation.first_detection[rows], rows)
        covered = simulation.count(np.ones(len(simulation.points), dtype=bool))[rows]
        return {
            "ndethist": np.maximum(self._all[rows], 1),
            "ncovhist": covered + 40 + draws.whole("covered", self.numbers.field[rows], 800),
            "jdstarthist": self.numbers.jd[first],
            "jdendhist": self.numbers.jd[rows],
            "tooflag": 0,
            "rfid": self.numbers.field[rows] * 1_000_000 + 120_100 + self.numbers.rcid[rows],
            "jdstartref": 2458200.7,
            "jdendref": 2458600.9,
            "nframesref": simulation.campaign.telescope.template,
            "dsnrms": snr * draws.uniform("ds", number, 0.7, 1.2),
            "ssnrms": snr * draws.uniform("ss", number, 1.5, 2.3),
            "dsdiff": -snr * draws.uniform("dd", number, 0.6, 1.1),
            "nmatches": 300 + draws.whole("match", number, 1500),
            "zpclrcov": np.float32(-5e-06),
            "zpmed": 26.2,
            "clrmed": 0.61,
            "clrrms": 0.15,
            "exptime": simulation.campaign.telescope.exposure,
            "drbversion": _DRB,
            "drb": score(draws, "drb", simulation, rows, 25.0),
            **body(simulation, draws, rows),
        }

    def forced(self, rows: Ints) -> Columns:
        """Forced photometry, in counts; what failed is -99999."""
        simulation, draws = self.simulation, self._draws
        points, number = simulation.points, simulation.serial[rows]
        visit = self.visit(rows)
        scale = 10.0 ** ((visit["magzpsci"] - 31.4) / 2.5)
        true = points.true[rows]
        flux = (true + _DEEPER * (points.flux[rows] - true)) * scale
        u = draws.uniform("procstatus", number)
        failed = u < _FAILED
        same = (
            "jd",
            "fid",
            "pid",
            "rcid",
            "field",
            "programid",
            "diffmaglim",
            "magzpsci",
            "magzpsciunc",
            "magzpscirms",
            "clrcoeff",
            "clrcounc",
        )
        nearest = reference(simulation, draws, rows)
        return {
            **{name: visit[name] for name in same},
            **nearest,
            "distnr": nearest["distnr"] * PIXEL,
            "rfid": self.numbers.field[rows] * 1_000_000 + 120_100 + self.numbers.rcid[rows],
            "sciinpseeing": self.simulation.campaign.visits.seeing[points.visit[rows]] / 1.01,
            "scibckgnd": np.float32(140.0),
            "scisigpix": points.error[rows] * scale / 6.0,
            "exptime": 30.0,
            "adpctdif1": np.float32(0.1),
            "adpctdif2": np.float32(0.1),
            "forcediffimflux": np.where(failed, -99999.0, flux),
            "forcediffimfluxunc": np.where(failed, -99999.0, _DEEPER * points.error[rows] * scale),
            "procstatus": np.where(failed, "61", np.where(u < _FAILED + _POOR, "56", "0")),
        }
