"""Range checks that an alert of any survey must pass before it is taken."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from linnet.core.as_sent import reals
from linnet.core.lists import Bools, missing_in

MJD_RANGE = (40000.0, 80000.0)
"""1968 to 2077: outside it a time is not an MJD (sample packets hold seconds)."""


def problems(alerts: pa.RecordBatch) -> pa.Array:
    """One sentence for each alert that may not be taken, null for the others.

    Args:
        alerts: columns of `vocabulary.PACKET`.
    """
    found = np.full(alerts.num_rows, None, dtype=object)
    for sentence, good in reversed(_conditions(alerts)):
        if not good.all():
            found[~good] = sentence
    return pa.array(found, pa.string())


def _conditions(alerts: pa.RecordBatch) -> list[tuple[str, Bools]]:
    """What must be true of every alert, the first one first; a null is NaN and in no range."""
    mjd, ra, dec = (reals(alerts.column(n)) for n in ("mjd", "ra", "dec"))
    low, high = MJD_RANGE
    return [
        ("the alert has no id", ~missing_in(alerts.column("alert_id"))),
        (f"the time is missing or no MJD between {low:.0f} and {high:.0f}", (mjd >= low) & (mjd <= high)),
        ("right ascension is missing or outside 0 to 360 deg", (ra >= 0.0) & (ra <= 360.0)),
        ("declination is missing or outside -90 to 90 deg", (dec >= -90.0) & (dec <= 90.0)),
    ]
