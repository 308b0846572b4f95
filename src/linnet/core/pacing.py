"""When kept messages are sent again, at the pace at which they once came."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Places = npt.NDArray[np.int64]
Seconds = npt.NDArray[np.float64]


def schedule(messages: pa.Table, speed: float) -> tuple[Places, Seconds]:
    """The order in which messages are sent, and when.

    A recording of many partitions holds them one after the other as they were read; here they are in the order of their
    times again. Within a partition the order stays, so a message that says it is older than the one before it is sent
    right behind it. One without a time is sent with the one before it.

    Args:
        messages: `ENVELOPE`.
        speed: 1 as they came, 2 twice as fast; infinity: all at once.

    Returns:
        Rows of the table, and for each of them (in this order) the seconds after the first one, ascending.
    """
    if messages.num_rows == 0:
        return np.empty(0, np.int64), np.empty(0)
    stamps = messages.column("timestamp").combine_chunks().cast(pa.int64())
    times = stamps.fill_null(0).to_numpy().astype(np.float64) / 1e6
    times[stamps.is_null().to_numpy(zero_copy_only=False)] = -np.inf
    for rows in _partitions(messages):
        times[rows] = np.maximum.accumulate(times[rows])
    known = times[np.isfinite(times)]
    times[~np.isfinite(times)] = known.min() if len(known) else 0.0
    order = np.argsort(times, kind="stable")
    after = times[order] - times[order[0]]
    return order, np.zeros(len(order)) if np.isinf(speed) else after / speed


def _partitions(messages: pa.Table) -> list[Places]:
    """The rows of every (topic, partition), in order."""
    topic = messages.column("topic").combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    place = topic << 32 | messages.column("partition").to_numpy().astype(np.int64)
    order = np.argsort(place, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(place[order])) + 1)
