"""What LSST writes of objects: a diaObject's summary, and the orbit and ephemeris of a known body."""

from __future__ import annotations

from typing import Any

import numpy as np

from linnet.core import sky
from linnet.simulation.draws import Floats, Ints
from linnet.simulation.lsst_columns import BANDS, Columns, LsstColumns, ss_object_id
from linnet.simulation.radiation import mag_of


def dia_object(columns: LsstColumns, alerts: Ints) -> Columns:
    """The diaObject of alerts. As in real packets only the band of the visit is filled."""
    simulation, numbers = columns.simulation, columns.numbers
    points = simulation.points
    source = points.source[alerts]
    degrees = points.scatter[alerts] / 3600.0
    found: Columns = {
        "diaObjectId": numbers.object_id[alerts],
        "validityStartMjdTai": numbers.mjd[alerts] + 0.002,
        "ra": np.where(simulation.is_moving[alerts], points.ra[alerts], simulation.scene.ra[source]),
        "dec": np.where(simulation.is_moving[alerts], points.dec[alerts], simulation.scene.dec[source]),
        "raErr": degrees,
        "decErr": degrees * 0.97,
        "ra_dec_Cov": 0.1 * degrees**2,
        "nDiaSources": simulation.count(points.detected)[alerts],
    }
    summary, band = _summary(columns, alerts), columns.band(alerts)
    for number, name in enumerate(BANDS.tolist()):
        here = band == number
        found[f"{name}_psfFluxNdata"] = np.where(here, summary["psfFluxNdata"], 0).astype(np.int64)
        for field, values in summary.items():
            if field != "psfFluxNdata":
                found[f"{name}_{field}"] = np.where(here, values, np.nan)
    return found


def _summary(columns: LsstColumns, alerts: Ints) -> dict[str, Floats]:
    """Statistics over the detections of an object up to each alert, in the alert's band."""
    points, first = columns.simulation.points, columns.simulation.first
    counts = alerts - first[alerts] + 1
    ends = np.cumsum(counts)
    rows = np.repeat(first[alerts] - (ends - counts), counts) + np.arange(int(counts.sum()))
    which = np.repeat(np.arange(len(alerts)), counts)
    keep = points.detected[rows] & (columns.band(rows) == np.repeat(columns.band(alerts), counts))
    rows, which = rows[keep], which[keep]
    # The alert itself is among them, so no group is empty.
    starts = np.searchsorted(which, np.arange(len(alerts)))
    flux, weight = points.flux[rows], 1.0 / points.error[rows] ** 2
    total = points.flux[rows] + points.template[rows]
    number, whole = np.add.reduceat(np.ones(len(rows)), starts), np.add.reduceat(weight, starts)
    mean = np.add.reduceat(weight * flux, starts) / whole
    spread = np.add.reduceat((flux - mean[which]) ** 2, starts) / np.maximum(number - 1.0, 1.0)
    return {
        "psfFluxMean": mean,
        "psfFluxMeanErr": 1.0 / np.sqrt(whole),
        "psfFluxSigma": np.where(number > 1.0, np.sqrt(spread), np.nan),
        "psfFluxNdata": number,
        "scienceFluxMean": np.add.reduceat(weight * total, starts) / whole,
        "scienceFluxMeanErr": 1.0 / np.sqrt(whole),
        "psfFluxMin": np.minimum.reduceat(flux, starts),
        "psfFluxMax": np.maximum.reduceat(flux, starts),
        "psfFluxErrMean": np.add.reduceat(points.error[rows], starts) / number,
    }


def ss_source(columns: LsstColumns, alerts: Ints) -> Columns:
    """The ssSource of alerts of known bodies."""
    simulation, body = columns.simulation, columns.simulation.scene.body
    points, source = simulation.points, simulation.points.source[alerts]
    ecliptic, galactic = (f(points.ra[alerts], points.dec[alerts]) for f in (sky.ecliptic, sky.galactic))
    return {
        "diaSourceId": columns.numbers.source_id[alerts],
        "ssObjectId": ss_object_id(simulation, alerts),
        "designation": body["designation"][source].astype(str),
        "eclLambda": ecliptic[0],
        "eclBeta": ecliptic[1],
        "galLon": galactic[0],
        "galLat": galactic[1],
        "phaseAngle": body["phase"][source],
        "topoRange": body["topo"][source],
        "helioRange": body["helio"][source],
        "ephRa": points.ra[alerts],
        "ephDec": points.dec[alerts],
        "ephVmag": mag_of(np.maximum(points.true[alerts], 1.0)) + 0.2,
        "ephRate": body["rate_deg_d"][source],
        "ephOffset": points.scatter[alerts],
    }


def orbit(columns: LsstColumns, alerts: Ints) -> Columns:
    """The mpc_orbits of alerts of known bodies."""
    simulation, body = columns.simulation, columns.simulation.scene.body
    source = simulation.points.source[alerts]
    names: dict[str, Any] = {name: body[name][source] for name in ("a", "e", "i", "node", "argperi")}
    designation = body["designation"][source].astype(str)
    return {
        "id": source,
        "designation": designation,
        "packed_primary_provisional_designation": body["packed"][source].astype(str),
        "unpacked_primary_provisional_designation": designation,
        **names,
        "q": names["a"] * (1.0 - names["e"]),
        "h": body["H"][source],
        "g": 0.15,
        "epoch_mjd": np.round(simulation.campaign.start),
    }
