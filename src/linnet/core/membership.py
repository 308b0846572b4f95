"""Which alerts of a batch lie in the areas and at the entries of the watchlists that filters ask for.

A filter names them as columns: `in_area:NAME` and `in_watchlist:NAME`. True, false, or null where there is nothing to
say: without a position, and where a list could not be read; so neither a filter nor its `not` fires on what was not
looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.catalogue import Places
from linnet.core.lists import Bools
from linnet.core.sky import NOWHERE

AREA, WATCHLIST = "in_area", "in_watchlist"
"""What stands before the colon."""

FAILED = "failed"
"""The content that a run names for a list that could not be read."""


class Members(Protocol):
    """An area or a watchlist, ready to look up in."""

    def hold(self, places: Places) -> Bools:
        """Whether each place lies in it; False for one that is nowhere."""


class Memberships(Protocol):
    """The areas and watchlists that the filters of one time ask for."""

    @property
    def contents(self) -> Mapping[str, str]:
        """Name with its sort (`in_area:NAME`) -> version and hash of the content, or `failed`. Named in every run."""

    def of(self, name: str, batch: pa.RecordBatch) -> pa.BooleanArray:
        """Whether each alert lies in a list; null without a position, and for a list that cannot be asked."""


@dataclass(frozen=True)
class KnownLists:
    """Lists in memory.

    Attributes:
        members: name with its sort -> the list, None where it could not be read.
        contents: name with its sort -> version and hash of the content, or `failed`.
    """

    members: Mapping[str, Members | None] = field(default_factory=dict)
    contents: Mapping[str, str] = field(default_factory=dict)

    def of(self, name: str, batch: pa.RecordBatch) -> pa.BooleanArray:
        """See `Memberships`."""
        members = self.members.get(name)
        if members is None:
            return pa.nulls(batch.num_rows, pa.bool_())
        places = places_of(batch)
        return pa.array(members.hold(places), mask=places.cells == NOWHERE)


NO_LISTS = KnownLists()
"""No area and no watchlist."""


def is_list(name: str) -> bool:
    """Whether a column that a filter reads is the membership of a list."""
    return ":" in name


def places_of(alerts: pa.RecordBatch | pa.Table) -> Places:
    """Where alerts are: columns `healpix`, `ra`, `dec`; one of which any is null is nowhere. Without times."""
    ra, dec, cells = (_flat(alerts, name) for name in ("ra", "dec", "healpix"))
    missing = pc.or_(ra.is_null(), dec.is_null()).to_numpy(zero_copy_only=False)
    here = np.where(missing, NOWHERE, cells.fill_null(NOWHERE).to_numpy(zero_copy_only=False))
    east, north = (each.cast(pa.float64()).to_numpy(zero_copy_only=False) for each in (ra, dec))
    return Places(here, east, north, np.full(len(here), np.nan))


def _flat(alerts: pa.RecordBatch | pa.Table, name: str) -> pa.Array:
    column = alerts.column(name)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
