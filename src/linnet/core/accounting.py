"""The ledger of a unit: what went into each stage, what came out, and why the rest did not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.envelope import Gap
from linnet.core.unit import COUNT, STAGES

SOURCE, GAP = "source", "GAP"
"""Stage and outcome of messages that were gone before they could be read; they were never received."""

_ORIGIN = ["topic", "partition", "survey", "night", "visit"]


@dataclass(frozen=True)
class Origins:
    """Where a number of alerts or messages came from, one entry each.

    Attributes:
        topic, partition: of the message.
        survey: name, or None for messages that did not decode.
        night, visit: int32 and int64; typed nulls for messages that did not decode.
    """

    topic: pa.Array
    partition: pa.Array
    survey: str | None
    night: pa.Array
    visit: pa.Array

    @cached_property
    def tally(self) -> pa.Table:
        """`COUNT` rows without stage and outcome, one per distinct origin: counted once for all stages passed."""
        n = len(self.topic)
        survey = pa.array([self.survey] * n, pa.string())
        rows = pa.Table.from_arrays([self.topic, self.partition, survey, self.night, self.visit], _ORIGIN)
        return rows.group_by(_ORIGIN, use_threads=False).aggregate([([], "count_all")])

    def take(self, rows: pa.Array) -> Origins:
        """The entries at these indices, or where this boolean array is true."""
        pick = pc.filter if pa.types.is_boolean(rows.type) else pc.take
        picked = [pick(a, rows) for a in (self.topic, self.partition, self.night, self.visit)]
        return Origins(picked[0], picked[1], self.survey, picked[2], picked[3])


class Ledger:
    """Collects stage counts, then gives them as one `COUNT` table."""

    def __init__(self) -> None:
        self._parts: list[pa.Table] = []

    def add(self, stage: str, outcome: str, origins: Origins) -> None:
        """Count each of these origins once for a stage and an outcome (`in`, `out`, or a reason)."""
        if len(origins.topic) == 0:
            return
        *origin, number = origins.tally.columns
        n = len(number)
        names = [pa.array([name] * n, pa.string()) for name in (stage, outcome)]
        self._parts.append(pa.Table.from_arrays([*origin, *names, number], schema=COUNT))

    def through(self, stages: tuple[str, ...], origins: Origins) -> None:
        """Count origins in and out of stages that drop nothing."""
        for stage in stages:
            self.add(stage, "in", origins)
            self.add(stage, "out", origins)

    def failed(self, module: str, topic: str, survey: str) -> None:
        """Count one batch in which a module failed."""
        row = {"topic": topic, "partition": 0, "survey": survey, "stage": "module", "outcome": module, "n": 1}
        self._parts.append(pa.Table.from_pylist([row], schema=COUNT))

    def passed_over(self, gap: Gap) -> None:
        """Count messages that a source passed over, because they are gone."""
        row = {"topic": gap.topic, "partition": gap.partition, "stage": SOURCE, "outcome": GAP, "n": gap.lost}
        self._parts.append(pa.Table.from_pylist([row], schema=COUNT))

    def table(self) -> pa.Table:
        """`COUNT` rows, one per distinct key."""
        if not self._parts:
            return COUNT.empty_table()
        return summed(pa.concat_tables(self._parts))


def summed(counts: pa.Table) -> pa.Table:
    """`COUNT` rows with equal keys added up."""
    keys = [n for n in COUNT.names if n != "n"]
    grouped = counts.group_by(keys, use_threads=False).aggregate([("n", "sum")])
    return grouped.rename_columns([*keys, "n"]).select(COUNT.names).cast(COUNT)


def imbalances(counts: pa.Table) -> list[str]:
    """One sentence for every stage that does not balance, and for every pair of stages between which alerts vanish.

    Args:
        counts: `COUNT` rows of one home or any part of it that holds whole units.
    """
    totals: dict[str, dict[str, int]] = {stage: {} for stage in STAGES}
    for row in counts.group_by(["stage", "outcome"], use_threads=False).aggregate([("n", "sum")]).to_pylist():
        if row["stage"] in totals:
            totals[row["stage"]][row["outcome"]] = row["n_sum"]
    found = []
    before: int | None = None
    for stage, outcomes in totals.items():
        came, went = outcomes.get("in", 0), outcomes.get("out", 0)
        dropped = sum(n for outcome, n in outcomes.items() if outcome not in {"in", "out"})
        if came != went + dropped:
            found.append(f"stage {stage}: {came} in, but {went} out + {dropped} dropped with a reason")
        if before is not None and before != came:
            found.append(f"stage {stage}: {came} in, but the stage before it gave {before}")
        before = went
    return found
