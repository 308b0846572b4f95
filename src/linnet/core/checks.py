"""Range checks that an alert of any survey must pass before it is taken."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

MJD_RANGE = (40000.0, 80000.0)
"""1968 to 2077: outside it a time is not an MJD (sample packets hold seconds)."""


def problems(alerts: pa.RecordBatch) -> pa.Array:
    """One sentence for each alert that may not be taken, null for the others.

    Args:
        alerts: columns of `vocabulary.PACKET`.
    """
    found = pa.nulls(alerts.num_rows, pa.string())
    for sentence, good in _conditions(alerts):
        bad = pc.invert(pc.fill_null(good, False))
        found = pc.if_else(pc.and_(bad, pc.is_null(found)), sentence, found)
    return found


def _conditions(alerts: pa.RecordBatch) -> list[tuple[str, pa.Array]]:
    mjd, ra, dec = (alerts.column(n) for n in ("mjd", "ra", "dec"))
    low, high = MJD_RANGE
    return [
        ("the alert has no id", pc.is_valid(alerts.column("alert_id"))),
        (
            f"the time is missing or no MJD between {low:.0f} and {high:.0f}",
            pc.and_(pc.greater_equal(mjd, low), pc.less_equal(mjd, high)),
        ),
        (
            "right ascension is missing or outside 0 to 360 deg",
            pc.and_(pc.greater_equal(ra, 0.0), pc.less_equal(ra, 360.0)),
        ),
        (
            "declination is missing or outside -90 to 90 deg",
            pc.and_(pc.greater_equal(dec, -90.0), pc.less_equal(dec, 90.0)),
        ),
    ]
