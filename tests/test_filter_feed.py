"""The active filters as an engine sees them: what is added at any moment is there from the next look on."""

from __future__ import annotations

from linnet.adapters.memory_control import MemoryControl
from linnet.adapters.memory_store import MemoryStore
from linnet.app import wiring
from linnet.app.feed import FilterFeed
from linnet.core.ports import FilterText

PLAN = wiring.plan()


class Busy(MemoryControl):
    """A control database to which another process adds a filter just after it was read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def filters(self, *, active: bool = False) -> list[FilterText]:
        """As they are, and then there is one more."""
        found = super().filters(active=active)
        self.reads += 1
        if self.reads == 1:
            add(self, "second", "mag < 12")
        return found


def add(control: MemoryControl, name: str, text: str) -> None:
    control.set_active(name, control.add_filter(name, text, topic_line="a test"))


def names(feed: FilterFeed) -> list[str]:
    return [f.name for f in feed()]


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
