"""The ledger of a unit: what went into each stage, what came out, and why the rest did not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.envelope import Gap
from linnet.core.unit import COUNT, RELEASE, STAGES

SOURCE, GAP = "source", "GAP"
"""Stage and outcome of messages that were gone before they could be read; they were never received."""

MODULE, JUDGING = "module", "judging"
"""Stages apart, whose outcome names a module or a filter, and which count the batches in which it failed."""

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

    def failed(self, what: str, topic: str, survey: str, stage: str = MODULE) -> None:
        """Count one batch in which a module failed, or, at stage `JUDGING`, a filter."""
        row = {"topic": topic, "partition": 0, "survey": survey, "stage": stage, "outcome": what, "n": 1}
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


def release(letters: pa.Table) -> pa.Table:
    """`COUNT` rows that take dead letters out of the account again, for the unit that releases them.

    Their messages were offered again and counted as if for the first time, so their first coming is taken back: what
    was received is what came. That they once were dead letters stays written as the ranges of their numbers.

    Args:
        letters: `dead_id`, `reason`, `topic`, `partition` of whole messages that did not decode, ascending.
    """
    grouped = letters.group_by(["topic", "partition", "reason"], use_threads=False).aggregate([([], "count_all")])
    rows: list[dict[str, object]] = []
    for row in grouped.to_pylist():
        place = {"topic": row["topic"], "partition": row["partition"], "stage": STAGES[0], "n": -row["count_all"]}
        rows += [{**place, "outcome": outcome} for outcome in ("in", row["reason"])]
    for first, last in ranges(letters.column("dead_id").to_pylist()):
        n = last - first + 1
        rows.append({"topic": "", "partition": 0, "stage": RELEASE, "outcome": f"{first}-{last}", "n": n})
    return summed(pa.Table.from_pylist(rows, schema=COUNT))


def released(counts: pa.Table) -> list[tuple[int, int]]:
    """Ranges (first, last) of the numbers of dead letters that these `COUNT` rows say were released, ascending."""
    told = counts.filter(pc.equal(counts.column("stage"), RELEASE)).column("outcome").to_pylist()
    pairs = (text.split("-") for text in told)
    return sorted((int(first), int(last)) for first, last in pairs)


def ranges(numbers: list[int]) -> tuple[tuple[int, int], ...]:
    """Ascending numbers as ranges (first, last) without gaps."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)


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
