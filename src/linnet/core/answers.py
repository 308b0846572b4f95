"""Schemas of what a store answers, beside those of the unit (`core.unit`) and the object (`core.ports`)."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from linnet.core.column import Column
from linnet.core.ports import OBJECT
from linnet.core.unit import DEAD, TAG

SURVEY = pa.field("survey", pa.string(), nullable=False)
_SEQ = pa.field("seq", pa.int64(), nullable=False)
_N = pa.field("n", pa.int64(), nullable=False)

TAG_LOG = pa.schema([_SEQ, SURVEY, *TAG])
"""`Store.tags_after`."""

TAGS_OF = pa.schema([*TAG, _SEQ])
"""`Store.tags_of`."""

TAGGED = pa.schema([_SEQ, *list(TAG)[1:]])
"""First columns of `Store.latest`; the alert's columns follow."""

TAG_COUNT = pa.schema([*list(TAG)[1:], _N])
"""`Store.tag_counts`."""

NIGHT_COUNT = pa.schema([SURVEY, pa.field("night", pa.int32(), nullable=False), pa.field("band", pa.string()), _N])
"""`Store.night_counts`."""

CONE = OBJECT.append(pa.field("separation", pa.float64(), nullable=False))
"""`Store.cone`; separation in arcsec."""

DEAD_WHOLE = pa.schema(
    [
        pa.field("dead_id", pa.int64(), nullable=False),
        pa.field("seen", pa.timestamp("us", tz="UTC"), nullable=False),
        *DEAD,
    ]
)
"""`Store.dead_letter`. dead_id: its number in this store; seen: when it was recorded there."""

DEAD_LIST = pa.schema([*list(DEAD_WHOLE)[:-1], pa.field("size", pa.int64(), nullable=False)])
"""`Store.dead`: without the bytes, with their number."""


def stored_columns(columns: Mapping[str, Column]) -> pa.Schema:
    """Columns of a stored alert row: all declared ones but the light-curve lists.

    All but the identity are nullable: a row that is older than a column has null there.
    """
    identity = ("survey", "alert_id")
    return pa.schema([pa.field(n, c.type, nullable=n not in identity) for n, c in columns.items() if not c.is_list])
