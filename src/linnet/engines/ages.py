"""How long messages have been under way: from their own timestamps to the commit, and to delivery."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
import pyarrow as pa

from linnet.core.observing import Seconds
from linnet.core.unit import Unit
from linnet.engines.arrivals import Arrivals

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
        self._sent: OrderedDict[tuple[str, int], float] = OrderedDict()
        self._lock = Lock()

    def committed(self, unit: Unit, sent: Sent) -> None:
        """A unit is in the store: its tagged alerts may be delivered from now on."""
        if unit.survey is None or not unit.tags.num_rows or unit.survey not in sent.alerts:
            return
        ids, stamps = sent.alerts[unit.survey]
        tagged = np.isin(ids.to_numpy(), unit.tags.column("alert_id").to_numpy())
        with self._lock:
            for alert, stamp in zip(ids.to_numpy()[tagged].tolist(), stamps[tagged].tolist(), strict=True):
                # Of an alert that came twice in one batch the first message is meant.
                self._sent.setdefault((unit.survey, alert), stamp)
            while len(self._sent) > REMEMBERED:
                self._sent.popitem(last=False)

    def ages(self, rows: pa.RecordBatch) -> Seconds:
        """Seconds since the alerts of these rows (`survey`, `alert_id`) were sent; none for those not remembered."""
        if not self._sent:
            return _NOTHING
        names = zip(rows.column("survey").to_pylist(), rows.column("alert_id").to_pylist(), strict=True)
        with self._lock:
            stamps = [self._sent[name] for name in names if name in self._sent]
        return since(np.array(stamps, np.float64))


def since(stamps: Seconds) -> Seconds:
    """Seconds from these times until now; never negative, whatever the clocks say."""
    return np.maximum(0.0, time.time() - stamps)
