"""Dead letters of one unit: which are new, and how the ledger counts them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from linnet.core.accounting import Ledger, Origins
from linnet.core.reasons import DUPLICATE
from linnet.core.unit import DEAD
from linnet.engines.in_flight import Seen, dead_identities


class Refusals:
    """Collects what is refused in a unit."""

    def __init__(self, before: Seen, ledger: Ledger) -> None:
        self._before = before
        self._ledger = ledger
        self._seen: set[tuple[object, ...]] = set()
        self._fresh: list[pa.Table] = []

    def add(self, stage: str, dead: pa.Table, origins: Origins) -> None:
        """Take `DEAD` rows with their origins; the same bytes offered again count as duplicates and are kept once."""
        if dead.num_rows == 0:
            return
        fresh = self._is_fresh(dead)
        self._fresh.append(dead.filter(fresh))
        reasons = dead.column("reason").combine_chunks()
        self._ledger.add(stage, DUPLICATE, origins.take(pa.array(~fresh.to_numpy(zero_copy_only=False))))
        for reason in reasons.unique().to_pylist():
            chosen = np.array([r == reason for r in reasons.to_pylist()]) & fresh.to_numpy(zero_copy_only=False)
            self._ledger.add(stage, reason, origins.take(pa.array(chosen)))

    def table(self) -> pa.Table:
        """New `DEAD` rows."""
        return pa.concat_tables([DEAD.empty_table(), *self._fresh])

    def _is_fresh(self, dead: pa.Table) -> pa.Array:
        fresh = []
        for known, identity in zip(self._before.dead_seen(dead), dead_identities(dead), strict=True):
            fresh.append(not known and identity not in self._seen)
            self._seen.add(identity)
        return pa.array(fresh, pa.bool_())
