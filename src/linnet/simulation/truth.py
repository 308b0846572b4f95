"""What is true of simulated alerts and sources, as tables to be joined with what a broker says."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core import times
from linnet.simulation.draws import Floats
from linnet.simulation.measuring import THRESHOLD
from linnet.simulation.night import Simulation
from linnet.simulation.sending import Packets

ALERTS = pa.schema(
    [
        pa.field("survey", pa.string(), nullable=False),
        pa.field("alert_id", pa.int64(), nullable=False),
        pa.field("object_id", pa.string()),
        pa.field("source", pa.int64(), nullable=False),
        pa.field("class", pa.string(), nullable=False),
        pa.field("mjd", pa.float64(), nullable=False),
        pa.field("band", pa.string(), nullable=False),
        pa.field("true_flux", pa.float64(), nullable=False),
        pa.field("true_snr", pa.float64(), nullable=False),
        pa.field("detectable", pa.bool_(), nullable=False),
        pa.field("is_real", pa.bool_(), nullable=False),
        pa.field("z", pa.float64()),
        pa.field("peak_mjd", pa.float64()),
        pa.field("peak_mag", pa.float64()),
        pa.field("first_detectable_mjd", pa.float64()),
        pa.field("parameters", pa.string(), nullable=False),
    ]
)
"""One row for each alert.

mjd: middle of the exposure, TAI, as all times here; true_flux: difference, nJy, without noise; true_snr: its size over
the error; detectable: that is 5 or more; is_real: light in the sky, neither artefact nor satellite; peak_mjd, peak_mag:
of what peaks once, mag in r; first_detectable_mjd: first visit at which the source was so, history included;
parameters: those of the class, JSON."""

SOURCES = pa.schema(
    [
        pa.field("survey", pa.string(), nullable=False),
        pa.field("source", pa.int64(), nullable=False),
        pa.field("class", pa.string(), nullable=False),
        pa.field("ra", pa.float64(), nullable=False),
        pa.field("dec", pa.float64(), nullable=False),
        pa.field("is_real", pa.bool_(), nullable=False),
        pa.field("z", pa.float64()),
        pa.field("peak_mjd", pa.float64()),
        pa.field("peak_mag", pa.float64()),
        pa.field("visits", pa.int64(), nullable=False),
        pa.field("detectable_visits", pa.int64(), nullable=False),
        pa.field("alerts", pa.int64(), nullable=False),
        pa.field("first_detectable_mjd", pa.float64()),
        pa.field("parameters", pa.string(), nullable=False),
    ]
)
"""One row for each source, those that no alert tells of included: what an efficiency is counted against. visits,
detectable_visits and alerts are those of the simulated nights."""


def of_alerts(simulation: Simulation, packets: Packets) -> pa.Table:
    """The truth of all alerts (`ALERTS`), in order of time."""
    alerts, points, scene = simulation.alerts, simulation.points, simulation.scene
    source = points.source[alerts]
    snr = np.abs(points.true[alerts]) / points.error[alerts]
    objects = packets.object_ids(alerts)
    half = 0.5 * simulation.campaign.telescope.exposure / 86400.0
    first, text = _first_detectable(simulation), _texts(simulation)
    columns: dict[str, Any] = {
        "survey": np.full(len(alerts), simulation.campaign.telescope.name),
        "alert_id": packets.alert_ids(alerts),
        "object_id": pa.array(objects, pa.string(), mask=objects == ""),
        "source": source,
        "class": scene.name[source],
        "mjd": times.utc_to_tai(simulation.mjd[alerts] + half),
        "band": np.array(list("ugrizy"))[simulation.campaign.visits.band[points.visit[alerts]]],
        "true_flux": points.true[alerts],
        "true_snr": snr,
        "detectable": snr >= THRESHOLD,
        "is_real": simulation.is_real[source],
        **{name: values[source] for name, values in _shared(simulation).items()},
        "first_detectable_mjd": first[source],
        "parameters": text[source],
    }
    return _table(columns, ALERTS)


def of_sources(simulation: Simulation) -> pa.Table:
    """The truth of all sources (`SOURCES`), in order of their numbers."""
    points, scene = simulation.points, simulation.scene
    n = len(scene.name)
    now = simulation.campaign.visits.night[points.visit] >= 0
    clear = np.abs(points.true) >= THRESHOLD * points.error
    columns: dict[str, Any] = {
        "survey": np.full(n, simulation.campaign.telescope.name),
        "source": np.arange(n, dtype=np.int64),
        "class": scene.name,
        "ra": scene.ra,
        "dec": scene.dec,
        "is_real": simulation.is_real,
        **_shared(simulation),
        "visits": np.bincount(points.source[now], minlength=n),
        "detectable_visits": np.bincount(points.source[now & clear], minlength=n),
        "alerts": np.bincount(points.source[now & points.detected], minlength=n),
        "first_detectable_mjd": _first_detectable(simulation),
        "parameters": _texts(simulation),
    }
    return _table(columns, SOURCES)


def _shared(simulation: Simulation) -> dict[str, Floats]:
    truth = simulation.scene.truth
    peak = truth["peak_mjd"]
    return {
        "z": truth["z"],
        "peak_mjd": np.where(np.isnan(peak), np.nan, times.utc_to_tai(peak)),
        "peak_mag": truth["peak_mag"],
    }


def _first_detectable(simulation: Simulation) -> Floats:
    """MJD TAI of every source's first visit above the threshold without noise; NaN where there is none."""
    points = simulation.points
    clear = np.abs(points.true) >= THRESHOLD * points.error
    found = np.full(len(simulation.scene.name), np.inf)
    np.minimum.at(found, points.source[clear], simulation.mjd[clear])
    half = 0.5 * simulation.campaign.telescope.exposure / 86400.0
    return np.where(np.isfinite(found), times.utc_to_tai(np.where(np.isfinite(found), found, 0.0) + half), np.nan)


def _texts(simulation: Simulation) -> npt.NDArray[Any]:
    return np.array([json.dumps(_plain(each)) for each in simulation.scene.parameters], dtype=object)


def _plain(parameters: Any) -> dict[str, Any]:
    """Six digits are enough to tell parameters by."""
    return {n: float(f"{v:.6g}") if isinstance(v, float) else v for n, v in parameters.items()}


def _table(columns: dict[str, Any], schema: pa.Schema) -> pa.Table:
    """A table; NaN is null."""
    arrays = []
    for field in schema:
        values = columns[field.name]
        given = isinstance(values, pa.Array)
        arrays.append(values if given else pa.array(values, field.type, from_pandas=True))
    return pa.Table.from_arrays(arrays, schema=schema)
