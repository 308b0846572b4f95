"""Alerts as messages, night by night, in the order in which a survey sends them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core.envelope import ENVELOPE
from linnet.simulation.draws import Ints
from linnet.simulation.night import Simulation

BATCH = 250
"""Alerts of a batch: some 30 MB."""

DELAY_S = 90.0
"""From the start of an exposure to the message: both surveys promise about a minute after readout."""

_EPOCH_MJD = 40587.0
_EPOCH = np.datetime64("1858-11-17")


class Packets(Protocol):
    """How a survey writes: `ZtfPackets`, `LsstPackets`."""

    @property
    def topic(self) -> str:
        """Topic of its messages."""

    def alert_ids(self, alerts: Ints) -> Ints:
        """The survey's ids of alerts, which are rows of the points."""

    def object_ids(self, alerts: Ints) -> npt.NDArray[np.str_]:
        """The survey's ids of their objects; empty where there is none."""

    def packets(self, alerts: Ints) -> list[bytes]:
        """Their messages."""


@dataclass(frozen=True)
class Night:
    """The alerts of one night.

    Attributes:
        date: of its evening, YYYYMMDD.
        alerts: rows of the points, in order of time.
        offset: number of its first message on the topic.
    """

    date: int
    alerts: Ints
    offset: int


def nights(simulation: Simulation) -> list[Night]:
    """The nights of a simulation that have alerts, oldest first; offsets go on from one to the next."""
    campaign, alerts = simulation.campaign, simulation.alerts
    of = campaign.visits.night[simulation.points.visit[alerts]]
    found = []
    for night in range(campaign.nights):
        rows = np.flatnonzero(of == night)
        if len(rows):
            date = int(str(_EPOCH + np.timedelta64(campaign.first_day + night, "D")).replace("-", ""))
            found.append(Night(date, alerts[rows], int(rows[0])))
    return found


def batches(simulation: Simulation, packets: Packets, night: Night) -> Iterator[pa.RecordBatch]:
    """Envelopes of a night. The topic names seed and first night, so that two simulations keep apart in one home."""
    topic = f"{packets.topic}-{simulation.campaign.first_day}-{simulation.campaign.seed}"
    for start in range(0, len(night.alerts), BATCH):
        alerts = night.alerts[start : start + BATCH]
        n = len(alerts)
        sent = np.rint(((simulation.mjd[alerts] - _EPOCH_MJD) * 86400.0 + DELAY_S) * 1e6).astype(np.int64)
        columns = [
            pa.nulls(n, pa.binary()),
            pa.array(packets.packets(alerts), pa.binary()),
            pa.array([topic] * n, pa.string()),
            pa.array(np.zeros(n, dtype=np.int32)),
            pa.array(np.arange(night.offset + start, night.offset + start + n, dtype=np.int64)),
            pa.array(sent).cast(pa.timestamp("us", tz="UTC")),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=ENVELOPE)
