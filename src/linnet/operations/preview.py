"""A quick count of what a condition would have caught in the last night: while somebody writes it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.lots import drawn
from linnet.filters.filter_set import FilterSet, NamedFilter
from linnet.operations.lived_columns import Lived
from linnet.operations.recorded_nights import Past, RecordedNight, recorded_nights

MOST = 50_000
"""Alerts of a night that are judged; of more, a sample."""

SECONDS = 2.0
"""After so long what is counted so far is told."""

EXAMPLES = 5
"""Alerts of a night that are named."""


@dataclass(frozen=True)
class NightCount:
    """One night of one survey.

    Attributes:
        judged: alerts. passed: of these.
        share: of the alerts that were looked at, a sample that is always the same.
        estimated: alerts of the whole night that would pass, as far as it was looked at.
        complete: whether there was time for all of it.
        examples: `alert_id` (a text) and `object_id` of the first few that pass.
    """

    survey: str
    night: int
    judged: int
    passed: int
    share: float
    estimated: int
    complete: bool
    examples: tuple[dict[str, str | None], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)


def preview(
    past: Past, asked: NamedFilter, *, public: bool = False, clock: Callable[[], float] = time.monotonic
) -> list[NightCount]:
    """Count in the last recorded night of each survey, on recorded columns alone.

    Args:
        past: what was.
        asked: the condition.
        public: whether only alerts count that may be published.
        clock: seconds.

    Raises:
        InputError: it asks for what only the packets can say: functions of the light curve, newer modules.
    """
    newest: dict[str, RecordedNight] = {}
    for night in recorded_nights(past, 0, 99991231):
        newest[night.survey] = night
    filters, until = FilterSet([asked]), clock() + SECONDS
    lived = Lived(past, filters.needs, ("alert_id", "object_id", "is_public"), lambda _m, _e: None, packets=False)
    return [_count(past, (lived, filters), night, public, lambda: clock() > until) for night in newest.values()]


def _count(
    past: Past, judges: tuple[Lived, FilterSet], night: RecordedNight, public: bool, is_over: Callable[[], bool]
) -> NightCount:
    lived, filters = judges
    share = min(1.0, MOST / max(1, _alerts(past, night)))

    def chosen(table: pa.Table) -> pa.Array:
        mask = pa.array(drawn(night.survey, table.column("alert_id"), share))
        return pc.and_(mask, table.column("is_public")) if public else mask

    judged = passed = done = 0
    examples: list[dict[str, str | None]] = []
    for piece in range(len(night.pieces)):
        if done and is_over():
            break
        for rows in lived.rows(night, piece, chosen):
            at, _ = filters.hits(lived.lookup(rows), len(rows.table))
            judged, passed = judged + len(rows.table), passed + len(at)
            examples += _named(rows.table, at[: EXAMPLES - len(examples)])
        done += 1
    estimated = round(passed / share * len(night.pieces) / max(1, done))
    is_whole = done == len(night.pieces)
    return NightCount(night.survey, night.night, judged, passed, share, estimated, is_whole, tuple(examples))


def _named(table: pa.Table, at: npt.NDArray[np.intp]) -> list[dict[str, str | None]]:
    chosen = table.select(["alert_id", "object_id"]).take(pa.array(at, pa.int64()))
    return [{"alert_id": str(row["alert_id"]), "object_id": row["object_id"]} for row in chosen.to_pylist()]


def _alerts(past: Past, night: RecordedNight) -> int:
    """About how many alerts a night has: those that are dated so."""
    counts = past.store.night_counts()
    mine = pc.and_(pc.equal(counts["survey"], night.survey), pc.equal(counts["night"], night.night))
    return int(pc.sum(counts.filter(mine)["n"]).as_py() or 0)
