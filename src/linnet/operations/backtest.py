"""Back-test: what a filter would have caught in recorded nights, seeing only what was known then.

Every recorded alert is judged by the evaluator that judges live ones, on the values that its run recorded (see
`lived_columns`). A night is done as a whole and kept: the same question goes on where it was stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core.lots import drawn
from linnet.core.module import Module
from linnet.filters.filter_set import FilterSet
from linnet.operations.backtest_nights import CATCH, RECORDED, Kept, NightFacts, NightResult, Question
from linnet.operations.lived_columns import Lived, Rows
from linnet.operations.recorded_nights import Past, RecordedNight, recorded_nights

Bools = npt.NDArray[np.bool_]


class StoppedError(Exception):
    """Somebody asked to stop between two batches; the night is not kept."""


def backtest(
    past: Past,
    question: Question,
    kept: Kept,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[NightResult]:
    """Judge nights, earlier ones first.

    Args:
        past: what was.
        question: what is asked.
        kept: nights that are done, of this question.
        progress: called with pieces done, and of how many.
        stopping: asked between batches; once true, nothing more comes: see `NightFacts` for what is done.
    """
    nights = recorded_nights(past, question.first, question.last)
    total, done = sum(len(night.pieces) for night in nights), 0
    judge = Judge(past, question)
    for night in nights:
        found = _kept(kept, night)
        if found is None:
            try:
                found = judge.night(night, partial(_forward, progress, done, total), stopping)
            except StoppedError:
                return
            kept.keep(found.facts.as_dict(), found.table)
        done += len(night.pieces)
        progress(done, total)
        yield found


def _forward(progress: Callable[[int, int], None], before: int, total: int, more: int) -> None:
    progress(before + more, total)


def _kept(kept: Kept, night: RecordedNight) -> NightResult | None:
    found = kept.night(night.survey, night.night)
    if found is None or found[0].get("last_unit") != night.last_unit:
        return None
    return NightResult(NightFacts(**found[0]), found[1])


class Judge:
    """The filters of a question, over recorded alerts.

    Args:
        past: what was.
        question: what is asked.
    """

    def __init__(self, past: Past, question: Question) -> None:
        self._past, self._question = past, question
        filters = [question.asked, *([] if question.versus is None else [question.versus])]
        self._filters = FilterSet(filters)
        self._failures: dict[str, int] = {}
        self._rows = 0
        self._lived = Lived(past, self._filters.needs, tuple(RECORDED), self._failed)
        asked = (question.asked.name, question.asked.version)
        self._live_runs = {run_id for run_id, run in past.store.runs().items() if asked in run.filters}

    def night(self, night: RecordedNight, progress: Callable[[int], None], stopping: Callable[[], bool]) -> NightResult:
        """One night.

        Raises:
            StoppedError: `stopping` said so.
        """
        self._failures = {}
        facts, tables = NightFacts(night.survey, night.night, night.last_unit), []
        for piece in range(len(night.pieces)):
            for rows in self._lived.rows(night, piece, lambda table: self._sampled(night.survey, table)):
                if stopping():
                    raise StoppedError
                tables.append(self._judged(night, rows, facts))
            facts.alerts += self._rows
            progress(piece + 1)
        facts.failed = dict(self._failures)
        return NightResult(facts, pa.concat_tables([CATCH.empty_table(), *tables]))

    def _sampled(self, survey: str, table: pa.Table) -> pa.Array:
        self._rows = len(table)
        return pa.array(drawn(survey, table.column("alert_id"), self._question.share))

    def _judged(self, night: RecordedNight, rows: Rows, facts: NightFacts) -> pa.Table:
        n, table = len(rows.table), rows.table
        passes = np.zeros((2, n), dtype=np.bool_)
        at, which = self._filters.hits(self._lived.lookup(rows), n)
        passes[which, at] = True
        facts.judged += n
        facts.passed += int(passes[0].sum())
        facts.after_the_fact |= rows.after_the_fact
        self._compare_with_live(night.survey, table, passes[0], facts)
        truth = self._question.truth
        source, label = (pa.nulls(n, pa.string()),) * 2 if truth is None else truth.of(night.survey, table)
        wanted = passes.any(axis=0) | label.is_valid().to_numpy(zero_copy_only=False)
        found: dict[str, pa.Array | pa.ChunkedArray] = {
            name: table[name].cast(kind) if name in table.column_names else pa.nulls(n, kind)
            for name, kind in RECORDED.items()
        }
        found |= {"night": pa.array(np.full(n, night.night, np.int32)), "source": source, "class": label}
        found |= {"passed": pa.array(passes[0]), "versus": pa.array(passes[1])}
        return pa.table([found[name] for name in CATCH.names], schema=CATCH).filter(pa.array(wanted))

    def _compare_with_live(self, survey: str, table: pa.Table, passes: Bools, facts: NightFacts) -> None:
        """Hold the verdicts against the tags of runs in which this very version was active."""
        if not self._live_runs or table.column("run_id")[0].as_py() not in self._live_runs:
            return
        asked = self._question.asked
        tags = self._past.store.tags_of(survey, table.column("alert_id").combine_chunks())
        names, versions, ids = (tags.column(n).to_pylist() for n in ("filter", "version", "alert_id"))
        mine = (asked.name, asked.version)
        tagged = {i for name, version, i in zip(names, versions, ids, strict=True) if (name, version) == mine}
        was = np.isin(table.column("alert_id").to_numpy(), np.array(sorted(tagged), dtype=np.int64))
        facts.live += len(passes)
        facts.live_tagged += int(was.sum())
        facts.live_differs += int((was != passes).sum())

    def _failed(self, module: Module, _error: Exception) -> None:
        self._failures[module.name] = self._failures.get(module.name, 0) + 1
