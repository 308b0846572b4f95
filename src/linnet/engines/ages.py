"""How long messages have been under way: from their own timestamps to the commit, and to delivery."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeAlias, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.observing import Seconds
from linnet.core.unit import Unit
from linnet.engines.arrivals import Arrivals

Ints: TypeAlias = npt.NDArray[np.int64]

REMEMBERED = 100_000
"""Tagged alerts whose timestamps are remembered until they are delivered; older ones give no age."""

_NOTHING = np.empty(0, np.float64)


@dataclass(frozen=True)
class Sent:
    """When the messages of one batch were sent, in Unix seconds.

    Attributes:
        messages: one entry each; the time of the poll for a message without a timestamp.
        alerts: survey -> (alert ids, the entry of each one's message).
    """

    messages: Seconds = field(default_factory=lambda: _NOTHING)
    alerts: Mapping[str, tuple[pa.Array, Seconds]] = field(default_factory=dict)

    @classmethod
    def of(cls, batch: pa.RecordBatch, arrivals: Sequence[Arrivals], polled: float) -> Sent:
        """The times of a batch of envelopes that was polled at `polled` and opened."""
        stamps = batch.column("timestamp").cast(pa.int64()).fill_null(int(polled * 1e6)).to_numpy() / 1e6
        return cls(
            stamps, {a.survey.name: (a.alerts.column("alert_id"), stamps[a.envelope.to_numpy()]) for a in arrivals}
        )


class Underway:
    """Remembers when tagged alerts were sent, so that their delivery can tell how long they took."""

    def __init__(self) -> None:
        # (survey, ids ascending, timestamps) of units: a dictionary with an entry per alert took fifteen times as much.
        self._units: deque[tuple[str, Ints, Seconds]] = deque()
        self._alerts = 0
        self._lock = Lock()

    def committed(self, unit: Unit, sent: Sent) -> None:
        """A unit is in the store: its tagged alerts may be delivered from now on."""
        if unit.survey is None or not unit.tags.num_rows or unit.survey not in sent.alerts:
            return
        arrived, stamps = sent.alerts[unit.survey]
        # Of an alert that came twice in one batch the first message is meant.
        ids, first = np.unique(arrived.to_numpy(), return_index=True)
        tagged = np.isin(ids, unit.tags.column("alert_id").to_numpy())
        with self._lock:
            self._units.append((unit.survey, ids[tagged], stamps[first[tagged]]))
            self._alerts += int(tagged.sum())
            while self._alerts > REMEMBERED:
                self._alerts -= len(self._units.popleft()[1])

    def ages(self, rows: pa.RecordBatch) -> Seconds:
        """Seconds since the alerts of these rows (`survey`, `alert_id`) were sent; none for those not remembered."""
        with self._lock:
            units = list(self._units)
        wanted = {survey: _ids_of(rows, survey) for survey in {survey for survey, *_ in units}}
        found: list[Seconds] = []
        for survey, ids, stamps in reversed(units):  # what is delivered was committed a moment ago
            left = wanted[survey]
            if not len(left) or not len(ids):
                continue
            place = np.minimum(np.searchsorted(ids, left), len(ids) - 1)
            here = ids[place] == left
            found.append(stamps[place[here]])
            wanted[survey] = left[~here]
        return since(np.concatenate([_NOTHING, *found]))


def _ids_of(rows: pa.RecordBatch, survey: str) -> Ints:
    chosen = rows.filter(pc.equal(rows.column("survey").cast(pa.string()), survey))
    return cast("Ints", chosen.column("alert_id").to_numpy())


def since(stamps: Seconds) -> Seconds:
    """Seconds from these times until now; never negative, whatever the clocks say."""
    return np.maximum(0.0, time.time() - stamps)
