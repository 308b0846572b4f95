"""Which alerts are new: identity and content hash, against everything taken before and within the batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core.content import content_hash
from linnet.engines.arrivals import Arrivals
from linnet.engines.in_flight import Seen

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Sorted:
    """Alerts told apart: boolean arrays over the arrivals, exactly one true for each alert.

    Attributes:
        new: not seen before. duplicate: same identity, same content. conflict: same identity, other content.
        hashes: content hash of every alert (int64).
    """

    new: pa.Array
    duplicate: pa.Array
    conflict: pa.Array
    hashes: pa.Array


def dedupe(arrivals: Arrivals, seen: Seen) -> Sorted:
    """Tell new alerts from repeats and conflicts; of two in one batch the first in order is the new one."""
    ids = arrivals.alerts.column("alert_id")
    hashes = content_hash(arrivals.alerts)
    stored = seen.hashes(arrivals.survey.name, ids)
    known, new = _first_seen(ids.to_numpy(), hashes.to_numpy(), stored)
    same: Mask = known == hashes.to_numpy()
    return Sorted(pa.array(new), pa.array(~new & same), pa.array(~new & ~same), hashes)


def _first_seen(
    ids: npt.NDArray[np.int64], hashes: npt.NDArray[np.int64], stored: pa.Array
) -> tuple[npt.NDArray[np.int64], Mask]:
    """For each alert the hash that its identity has (stored, or of its first in the batch), and whether it is new."""
    _, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
    is_stored: Mask = stored.is_valid().to_numpy(zero_copy_only=False)
    known = np.where(is_stored, stored.fill_null(0).to_numpy(), hashes[first[inverse]])
    is_first = np.zeros(len(ids), dtype=bool)
    is_first[first] = True
    return known, is_first & ~is_stored
