"""Corridors with simulated nights in them, and stores that know less or more than they should."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa

import simulated_nights
from corridors import PLAN, SURVEYS, Bench
from linnet.adapters.memory_source import MemorySource
from linnet.core.avro_schema import SchemaCache
from linnet.core.unit import Run
from linnet.filters.filter_set import NamedFilter
from linnet.filters.language import parse
from linnet.operations.backtest import backtest
from linnet.operations.backtest_nights import NightResult, Question
from linnet.operations.recorded_nights import Past

EVER = 99991231


class Shelf:
    """Keeps nights in memory, and counts what is kept and found."""

    def __init__(self) -> None:
        self.nights: dict[tuple[str, int], tuple[Mapping[str, Any], pa.Table]] = {}
        self.kept = self.found = 0

    def night(self, survey: str, night: int) -> tuple[Mapping[str, Any], pa.Table] | None:
        """What was kept."""
        got = self.nights.get((survey, night))
        self.found += got is not None
        return got

    def keep(self, facts: Mapping[str, Any], table: pa.Table) -> None:
        """Keep it."""
        self.kept += 1
        self.nights[facts["survey"], facts["night"]] = (facts, table)


class OtherStore:
    """A store with other answers to some questions."""

    def __init__(self, store: Any, **answers: Any) -> None:
        self._store, self._answers = store, answers

    def __getattr__(self, name: str) -> Any:
        return self._answers[name] if name in self._answers else getattr(self._store, name)


def past_of(bench: Bench) -> Past:
    """What a corridor has recorded."""
    return Past(bench.store, bench.raw, bench.science, SchemaCache(SURVEYS), {s.name: s for s in SURVEYS}, PLAN)


def without_modules(past: Past, *, peeking: bool = False) -> Past:
    """The same past as if its runs had had no module: everything that a filter asks of one is made again.

    Args:
        past: what was.
        peeking: whether the store gives away what came later.
    """
    runs: dict[str, Run] = {i: replace(r, modules={}) for i, r in past.store.runs().items()}
    answers: dict[str, Any] = {"runs": lambda: runs}
    if peeking:
        answers["points"] = lambda survey, objects, before=None: past.store.points(survey, objects)  # noqa: ARG005
    store: Any = OtherStore(past.store, **answers)
    return replace(past, store=store)


def take(bench: Bench, survey: str, part: slice = slice(None), topic: str = "sim") -> None:
    """Some of the simulated messages of a survey go through the corridor."""
    messages = simulated_nights.night_of(survey)[2]
    chosen = range(len(messages))[part]
    first = chosen[0] if len(chosen) else 0
    bench.engine().run([MemorySource.of([messages[i] for i in chosen], f"{topic}-{survey}", first)])


def asked(text: str, name: str = "asked", version: int = 1) -> NamedFilter:
    """A filter of this text."""
    return NamedFilter(name, version, parse(text, PLAN.columns))


def judged(past: Past, question: Question, shelf: Shelf | None = None) -> list[NightResult]:
    """All nights of a question."""
    return list(backtest(past, question, shelf or Shelf()))


def caught(nights: list[NightResult], which: str = "passed") -> set[tuple[str, int]]:
    """(survey, alert_id) of everything that passes."""
    rows = [row for night in nights for row in night.table.to_pylist()]
    return {(row["survey"], row["alert_id"]) for row in rows if row[which]}
