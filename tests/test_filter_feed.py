"""The active filters as an engine sees them: what is added at any moment is there from the next look on."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from linnet.adapters.memory_control import MemoryControl
from linnet.adapters.memory_store import MemoryStore
from linnet.app import filter_reading, wiring
from linnet.app.feed import FilterFeed, Runs, run_of
from linnet.core.column import Column
from linnet.core.ports import FilterText
from linnet.filters.language import Filter, parse
from linnet.filters.things import Things

PLAN = wiring.plan()


class Busy(MemoryControl):
    """A control database to which another process adds a filter just after it was read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def take_up(self, seq: int) -> list[FilterText]:
        """As they are, and then there is one more."""
        found = super().take_up(seq)
        self.reads += 1
        if self.reads == 1:
            add(self, "second", "mag < 12")
        return found


def add(control: MemoryControl, name: str, text: str) -> None:
    control.set_active(name, control.add_filter(name, text, topic_line="a test"))


def names(feed: FilterFeed) -> list[str]:
    return [name for name, _ in feed().versions]


def test_a_filter_added_while_the_others_are_read_is_there_at_the_next_look() -> None:
    control = Busy()
    add(control, "first", "mag < 13")
    feed = FilterFeed(control, MemoryStore(wiring.stored_columns(PLAN)), PLAN)
    assert names(feed) == ["first"]
    assert names(feed) == ["first", "second"]


def test_nothing_is_read_again_where_nothing_changed() -> None:
    control = Busy()
    control.reads = 1
    add(control, "first", "mag < 13")
    feed = FilterFeed(control, MemoryStore(wiring.stored_columns(PLAN)), PLAN)
    for _ in range(3):
        assert names(feed) == ["first"]
    assert control.reads == 2


def test_a_text_that_no_longer_fits_is_left_out_reported_and_costs_the_others_nothing() -> None:
    control = MemoryControl()
    add(control, "old", "a_column_of_old < 3")
    add(control, "sound", "mag < 13")
    refused: list[str] = []
    store = MemoryStore(wiring.stored_columns(PLAN))
    feed = FilterFeed(control, store, PLAN, lambda text, error: refused.append(f"{text.name}: {error}"))
    assert names(feed) == ["sound"]
    assert len(refused) == 1
    assert "a_column_of_old" in refused[0]
    assert control.activations() == [("old", 1, None), ("sound", 1, 1)]
    control.set_active("old", None)
    assert names(feed) == ["sound"]
    assert len(refused) == 1


def test_a_reader_records_no_activation() -> None:
    control = MemoryControl()
    add(control, "sound", "mag < 13")
    FilterFeed(control, MemoryStore(wiring.stored_columns(PLAN)), PLAN, record=False)()
    assert control.activations() == [("sound", 1, None)]


def test_a_version_that_stays_active_is_read_once_however_often_others_change(monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []

    def reading(text: str, columns: Mapping[str, Column], things: Things) -> Filter:
        texts.append(text)
        return parse(text, columns, things)

    monkeypatch.setattr(filter_reading, "parse", reading)
    control = MemoryControl()
    add(control, "first", "mag < 13")
    feed = FilterFeed(control, MemoryStore(wiring.stored_columns(PLAN)), PLAN)
    assert names(feed) == ["first"]
    add(control, "second", "mag < 12")
    assert names(feed) == ["first", "second"]
    add(control, "first", "mag < 14")
    assert feed().versions == (("first", 2), ("second", 1))
    assert texts == ["mag < 13", "mag < 12", "mag < 14"]


def test_the_run_follows_the_filters_and_is_the_same_object_while_they_stay() -> None:
    control = MemoryControl()
    add(control, "first", "mag < 13")
    feed, runs = FilterFeed(control, MemoryStore(wiring.stored_columns(PLAN)), PLAN), Runs(PLAN)
    before = runs(feed())
    assert before == run_of(PLAN, feed())
    assert before.filters == (("first", 1),)
    assert runs(feed()) is before
    add(control, "second", "mag < 12")
    assert runs(feed()).filters == (("first", 1), ("second", 1))
    assert runs(feed()).run_id != before.run_id
