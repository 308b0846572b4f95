"""Filters that raise or take too long: found among the others, counted, switched off, and nobody else's trouble."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pytest

from linnet.core.column import Column, real
from linnet.core.control_port import Places
from linnet.filters.filter_set import FilterSet, NamedFilter
from linnet.filters.language import Filter, parse
from linnet.operations import filter_guard
from linnet.operations.filter_guard import STRIKES, Guard, GuardedFilters

COLUMNS: dict[str, Column] = {name: real("A value.", bits=64) for name in ("a", "b", "broken")}
N = 200
VALUES = {name: pa.array(np.random.default_rng(3).random(N)) for name in ("a", "b")}

BUDGET = 0.05


@dataclass
class Off:
    """What was switched off."""

    told: list[tuple[str, int, str, str]] = field(default_factory=list)

    def __call__(self, name: str, version: int, kind: str, reason: str) -> None:
        """Note it."""
        self.told.append((name, version, kind, reason))


def look_up(name: str) -> pa.Array:
    """The columns; one of them cannot be had."""
    if name == "broken":
        raise RuntimeError("a column that\n breaks")
    return VALUES[name]


def named(name: str, text: str) -> NamedFilter:
    return NamedFilter(name, 1, parse(text, COLUMNS))


SOUND = [named("low", "a < 0.3"), named("both", "a < 0.5 and b > 0.5")]


def expected(filters: list[NamedFilter]) -> tuple[list[int], list[int]]:
    """Rows and places, one filter and one row at a time."""
    verdicts = [f.condition.evaluate(look_up, N).to_pylist() for f in filters]
    pairs = [(row, place) for row in range(N) for place in range(len(filters)) if verdicts[place][row]]
    return [row for row, _ in pairs], [place for _, place in pairs]


def found(filters: GuardedFilters) -> tuple[list[int], list[int]]:
    rows, places = filters.hits(look_up, N)
    return rows.tolist(), places.tolist()


@pytest.fixture
def off() -> Off:
    return Off()


def test_sound_filters_are_judged_as_without_a_guard(off: Off) -> None:
    guarded = Guard(BUDGET, off).around(SOUND)
    assert (guarded.versions, guarded.needs) == (FilterSet(SOUND).versions, ("a", "b"))
    assert found(guarded) == expected(SOUND)
    assert len(found(guarded)[0]) > 20
    assert off.told == []


def test_one_that_raises_is_left_out_three_times_then_switched_off_and_the_others_lose_nothing(off: Off) -> None:
    guard = Guard(BUDGET, off)
    filters = [SOUND[0], named("crash", "a < 2 and broken > 0"), SOUND[1]]
    guarded = guard.around(filters)
    rows, places = expected(SOUND)
    there = (rows, [2 * place for place in places])
    for batch in range(STRIKES):
        assert off.told == []
        assert found(guarded) == there, batch
        assert guard.failures() == ["crash"]
    ((name, version, kind, reason),) = off.told
    assert (name, version, kind) == ("crash", 1, "failed")
    assert reason == "it failed in 3 batches, the last time with RuntimeError: a column that breaks"
    assert guard.failures() == []


def test_strikes_are_remembered_while_other_filters_come_and_go(off: Off) -> None:
    guard, crash = Guard(BUDGET, off), named("crash", "broken > 0")
    for filters in ([crash], [SOUND[0], crash], [crash, *SOUND]):
        found(guard.around(filters))
    assert [told[0] for told in off.told] == ["crash"]


@dataclass(frozen=True)
class Slow(Filter):
    """A condition that takes its time."""

    seconds: float = 0.0

    def evaluate(self, lookup: Callable[[str], pa.Array], length: int) -> pa.BooleanArray:
        """Burn the time, then judge."""
        burn(self.seconds)
        return super().evaluate(lookup, length)


def burn(seconds: float) -> None:
    """Use the processor."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def slow(name: str, seconds: float) -> NamedFilter:
    condition = parse("a < 0.4", COLUMNS)
    return NamedFilter(name, 1, Slow(condition.text, condition.tree, condition.columns, seconds))


class SlowSet(FilterSet):
    """All filters together take as long as each of them."""

    def __init__(self, filters: Sequence[NamedFilter]) -> None:
        super().__init__(filters)
        self.seconds = sum(f.condition.seconds for f in filters if isinstance(f.condition, Slow))

    def hits(self, lookup: Callable[[str], pa.Array], length: int) -> tuple[Places, Places]:
        """Burn the time, then judge."""
        burn(self.seconds)
        return super().hits(lookup, length)


def test_one_over_its_budget_is_switched_off_after_three_batches_and_gives_its_verdicts_until_then(
    off: Off, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filter_guard, "FilterSet", SlowSet)
    guard = Guard(BUDGET, off)
    filters = [SOUND[0], slow("slow", 4 * BUDGET), SOUND[1]]
    guarded = guard.around(filters)
    there = found(Guard(60.0, off).around(filters))
    for _ in range(STRIKES):
        assert off.told == []
        assert found(guarded) == there
        assert guard.failures() == ["slow"]
    ((name, _, kind, reason),) = off.told
    assert (name, kind) == ("slow", "budget")
    assert "more than its budget of 0.05 s, in 3 batches in a row" in reason


def test_a_slow_batch_now_and_then_is_forgiven(off: Off, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filter_guard, "FilterSet", SlowSet)
    guard, quick = Guard(BUDGET, off), slow("moody", 0.0)
    for _ in range(STRIKES + 1):
        found(guard.around([slow("moody", 4 * BUDGET)]))
        found(guard.around([quick]))
    assert off.told == []


def test_many_that_take_long_together_are_nobodys_fault_and_not_timed_again_each_time(
    off: Off, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filter_guard, "FilterSet", SlowSet)
    alone: list[int] = []
    judge = GuardedFilters._alone

    def counted(self: GuardedFilters, lookup: Callable[[str], pa.Array], length: int) -> object:
        alone.append(1)
        return judge(self, lookup, length)

    monkeypatch.setattr(GuardedFilters, "_alone", counted)
    guarded = Guard(BUDGET, off).around([slow(f"s{i}", BUDGET / 3) for i in range(6)])
    for _ in range(4):
        found(guarded)
    assert (off.told, len(alone)) == ([], 1)


class PickySet(FilterSet):
    """Does not take a filter of a certain name."""

    def __init__(self, filters: Sequence[NamedFilter]) -> None:
        if any(f.name == "odd" for f in filters):
            raise TypeError("nothing is known of this")
        super().__init__(filters)


def test_one_that_does_not_compile_is_switched_off_at_once(off: Off, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filter_guard, "FilterSet", PickySet)
    guard = Guard(BUDGET, off)
    guarded = guard.around([*SOUND, named("odd", "a > 0")])
    assert found(guarded) == expected(SOUND)
    assert off.told == [("odd", 1, "failed", "it cannot be compiled: TypeError: nothing is known of this")]
    assert guard.failures() == ["odd"]
