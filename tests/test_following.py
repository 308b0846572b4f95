"""Where a reader begins, beside a plain walk through the whole log; and what one page gives."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
import pytest

from alert_batches import alert
from linnet.adapters.memory_store import MemoryStore
from linnet.core.times import evening
from linnet.errors import InputError
from linnet.operations import following
from linnet.operations.following import before_last, before_time, check_cursor, page
from web_broker import COLUMNS, unit

FIRST_DAY = 60000


def filled(seed: int, units: int = 60) -> MemoryStore:
    """A log of two surveys whose nights go forward at different paces; a fifth of the alerts come days late."""
    random_ = random.Random(seed)
    store = MemoryStore(COLUMNS)
    days = {"ztf": FIRST_DAY, "lsst": FIRST_DAY + random_.randrange(20)}
    for number in range(1, units + 1):
        survey = random_.choice(["ztf", "lsst"] if number < units // 2 else ["ztf"])
        days[survey] += random_.random() < 0.3
        night = int(evening(days[survey] + 0.9, 12))
        mjds = [days[survey] + random_.uniform(0.55, 1.4) - 5 * (random_.random() < 0.2) for _ in range(3)]
        ids = [number * 10 + i for i in range(3)]
        tags = [(i, f) for i in ids for f in ("rare", "busy") if f == "busy" or random_.random() < 0.2]
        alerts = [alert(i, object_id=f"o{i}", mjd=m, is_public=i % 3 > 0) for i, m in zip(ids, mjds, strict=True)]
        store.commit(unit(number, survey, night, tags, *alerts))
    return store


def walked(store: MemoryStore, name: str | None) -> list[dict[str, Any]]:
    """All messages of a filter with the mjd and publicity of their alerts, by reading everything."""
    found = []
    for tag in store.tags_after(0, 100_000).to_pylist():
        if name in (None, tag["filter"]):
            row = store.alerts(tag["survey"], pa.array([tag["alert_id"]], pa.int64())).to_pylist()[0]
            found.append({**tag, "mjd": row["mjd"], "is_public": row["is_public"]})
    return found


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", ["rare", "busy", None, "never"])
def test_a_time_leads_before_the_first_match_observed_since(
    seed: int, name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "PAGE", 7)
    store = filled(seed)
    log = walked(store, name)
    random_ = random.Random(seed)
    times = [FIRST_DAY - 10, FIRST_DAY + 100, *(random_.uniform(FIRST_DAY - 5, FIRST_DAY + 30) for _ in range(40))]
    for mjd in [*times, *(m["mjd"] for m in log[::9])]:
        wanted = [m["seq"] for m in log if m["mjd"] >= mjd]
        cursor = before_time(store, name, mjd)
        behind = store.tags_after(cursor, 1, name).column("seq").to_pylist()
        assert behind == wanted[:1]
        assert wanted or cursor == store.last_tag()


@pytest.mark.parametrize("name", ["rare", "busy", None])
@pytest.mark.parametrize("public", [True, False])
def test_pages_give_every_message_once_and_the_cursor_passes_what_is_withheld(name: str | None, public: bool) -> None:
    store = filled(1)
    wanted = [m["seq"] for m in walked(store, name) if m["is_public"] or not public]
    found: list[int] = []
    cursor, more = 0, True
    while more:
        each = page(store, name, cursor, 7, public=public)
        assert each.cursor >= cursor
        cursor, more = each.cursor, each.more
        found += [] if each.rows is None else each.rows.column("seq").to_pylist()
    assert found == wanted
    assert cursor == store.last_tag()
    assert page(store, name, cursor, 7, public=public).rows is None


def test_the_newest_so_many_are_those_that_may_be_shown() -> None:
    store = filled(2)
    for public in (True, False):
        log = [m["seq"] for m in walked(store, "busy") if m["is_public"] or not public]
        for count in (1, 5, 10_000):
            rows = page(store, "busy", before_last(store, "busy", count, public=public), 10_000, public=public).rows
            assert rows is not None
            assert rows.column("seq").to_pylist() == log[-count:]
    assert before_last(store, "busy", 0, public=True) == store.last_tag()
    assert before_last(store, "never", 3, public=True) == store.last_tag()


def test_a_cursor_beyond_the_log_is_of_another_broker() -> None:
    store = filled(3)
    end = store.last_tag()
    assert check_cursor(store, end) == end
    with pytest.raises(InputError, match=f"cursor {end + 1} is beyond the end"):
        check_cursor(store, end + 1)
