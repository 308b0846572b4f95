"""The order of arrival, the split into units, repetition and the kind of store do not show in a store's content."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linnet.adapters.memory_store import MemoryStore
from linnet.adapters.sqlite_store import SqliteStore
from linnet.core import dump
from linnet.core.ports import Store
from linnet.core.unit import TAG, Unit
from store_worlds import COLUMNS, units, world


def _filled(store: Store, order: list[Unit], repeat: bool = False) -> dict[str, pa.Table]:
    for each in order:
        store.commit(each)
        if repeat:
            store.commit(each)
    return store.dump()


@settings(max_examples=30, deadline=None)
@given(sky=st.integers(0, 5), one=st.integers(0, 2**32), other=st.integers(0, 2**32))
def test_any_order_within_nights_and_any_split_give_the_same_dump(sky: int, one: int, other: int) -> None:
    alerts = world(sky)
    with TemporaryDirectory() as folder:
        store = SqliteStore.open(Path(folder) / "store.db", COLUMNS)
        filled = _filled(store, units(alerts, one), repeat=True)
        store.close()
    oracle = _filled(MemoryStore(COLUMNS), units(alerts, other, largest=1000))
    assert dump.differences(filled, oracle) == []
    assert dump.digest(filled) == dump.digest(oracle)


def test_a_value_that_arrives_in_an_earlier_night_makes_another_dump() -> None:
    order = units(world(1), 1)
    moved = [dataclasses.replace(u, points=_a_day_earlier(u.points)) if u.number == 9 else u for u in order]
    whole, other = (_filled(MemoryStore(COLUMNS), o) for o in (order, moved))
    assert dump.digest(whole) != dump.digest(other)
    assert dump.differences(whole, other)[0].startswith("points ")


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_rebuild_from_folds_equals_the_live_store_with_its_tag_numbers(kind: str, tmp_path: Path) -> None:
    live = SqliteStore.open(tmp_path / "live.db", COLUMNS)
    order = units(world(3), 5)
    expected = _filled(live, order)
    log = live.tags_after(0, 10_000)
    store: Store = MemoryStore(COLUMNS) if kind == "memory" else SqliteStore.open(tmp_path / "folded.db", COLUMNS)
    for number, each in enumerate(reversed(order), 1):
        store.commit(_as_fold(each, number, log))
    assert dump.differences(store.dump(), expected) == []
    assert store.tags_after(0, 10_000).equals(log)
    assert store.pending() == []
    assert store.open_nights() == live.open_nights()
    live.close()
    store.close()


def _as_fold(each: Unit, number: int, log: pa.Table) -> Unit:
    """The unit as a rebuild brings it: without counts, with the numbers of its tags."""
    numbers = {(r["survey"], r["alert_id"], r["filter"], r["version"]): r["seq"] for r in log.to_pylist()}
    rows = each.tags.to_pylist()
    rows = [{**r, "seq": numbers[each.survey, r["alert_id"], r["filter"], r["version"]]} for r in rows]
    tags = pa.Table.from_pylist(rows, schema=TAG.append(pa.field("seq", pa.int64())))
    return dataclasses.replace(each, number=number, kind="fold", tags=tags, counts=each.counts.slice(0, 0))


def _a_day_earlier(points: pa.Table) -> pa.Table:
    place = points.schema.get_field_index("known_night")
    nights = pa.array([n - 1 for n in points.column(place).to_pylist()], pa.int32())
    return points.set_column(place, points.schema.field(place), nights)
