"""The store's benchmark: made-up units are what they say; filled stores, and the yardstick's, are what commits make."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench.bare_sqlite import BareSqlite
from bench.figures import Figure
from bench.preloaded import fill, passes
from bench.storing import Arrivals, growth, join_and_commit
from bench.units import ROWS, Model, Sky, model

from linnet.adapters.memory_store import MemoryStore
from linnet.adapters.sqlite_store import SqliteStore
from linnet.app import wiring
from linnet.core import dump
from linnet.core.answers import stored_columns
from linnet.core.vocabulary import DETECTION

COLUMNS = wiring.stored_columns(wiring.plan())


@pytest.fixture(scope="module", params=["ztf", "lsst"])
def made(request: pytest.FixtureRequest) -> Model:
    return model(request.param)


def test_generated_units_bring_new_alerts_and_one_new_point_of_an_object_seen_again(made: Model) -> None:
    assert ROWS - 50 < made.rows <= ROWS
    over, kept = Sky(2 * made.rows), MemoryStore(COLUMNS)
    for number in (1, 2):
        first = (number - 1) * made.rows
        kept.commit(made.about(over, np.arange(first, first + made.rows), 0, number))
    kept.commit(made.about(over, np.arange(0, 2 * made.rows, 2), 1, 3))
    assert kept.object_count() == 2 * made.rows
    survey = str(made.unit.survey)
    (ids,) = kept.alert_ids().values()
    assert len(ids) == 3 * made.rows
    once, twice = made.name_of(over.names[[1, 0]])
    counts = [kept.light_curve(survey, name).num_rows for name in (once, twice)]
    brought = Counter(made.about(over, np.arange(2), 0, 9).points.column("object_id").to_pylist())
    assert counts == [brought[once], brought[twice] + 1]
    newest = kept.light_curve(survey, twice).to_pylist()[-1]
    assert newest["kind"] == DETECTION
    assert newest["source_id"] == kept.object_alerts(survey, twice).column("alert_id").to_pylist()[-1]


def test_objects_are_numbered_in_the_order_of_the_sky() -> None:
    over = Sky(1000)
    assert (np.diff(over.cell) >= 0).all()
    assert sorted(over.names.tolist()) == list(range(1000))
    assert len({(a, d) for a, d in zip(over.ra.tolist(), over.dec.tolist(), strict=True)}) == 1000


def test_passes_over_the_sky_come_to_the_number_of_alerts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.preloaded.STEP", 40)
    seen = [(turn, *objects.tolist()) for objects, turn in passes(250, 100)]
    assert [turn for turn, *_ in seen] == [0, 0, 0, 1, 1, 1, 2, 2]
    assert Counter(o for _, *objects in seen for o in objects) == {o: 3 if o < 50 else 2 for o in range(100)}


def test_a_filled_store_is_the_one_that_commits_make(made: Model, tmp_path: Path) -> None:
    over, oracle = Sky(100), MemoryStore(COLUMNS)
    fill(tmp_path / "store.db", made, 250, over)
    for number, (objects, turn) in enumerate(passes(250, 100), 1):
        oracle.commit(made.about(over, objects, turn, number))
    with closing(SqliteStore.open(tmp_path / "store.db", COLUMNS)) as store:
        assert dump.differences(store.dump(), oracle.dump()) == []
        assert store.pending() == []


def test_the_yardstick_writes_what_the_store_writes(made: Model, tmp_path: Path) -> None:
    dumps: list[dict[str, Any]] = []
    for name in ("ours", "bare"):
        path = tmp_path / f"{name}.db"
        over = Sky(2000)
        fill(path, made, 2000, over)
        units = list(Arrivals(made, over, np.random.default_rng(1)).units("sky", 2, 2))
        with (
            closing(BareSqlite(path, stored_columns(COLUMNS))) as bare,
            closing(SqliteStore.open(path, COLUMNS)) as store,
        ):
            for unit in units:
                statements = bare.statements(unit)  # rolled back: the store's commit after it finds nothing
                join_and_commit(store, unit) if name == "ours" else bare.commit(statements)
            bare.checkpoint()
            assert store.last_unit() == 3
            dumps.append(store.dump())
    ours, theirs = dumps
    assert dump.differences(ours, theirs) == []


def test_growth_is_the_cost_where_most_is_stored_over_that_where_least_is() -> None:
    found = [
        Figure(f"store_{name}{how}", "", 1.0, "x").beside(cpu, "bare", 1.0)
        for how, costs in (("", (40.0, 60.0)), ("_field", (30.0, 45.0)))
        for name, cpu in zip(("1e4", "1e7"), costs, strict=True)
    ]
    figure = growth(found, 10_000, 10_000_000)
    assert (figure.id, figure.value, figure.met) == ("P8_store", 1.5, True)
    assert figure.note == "40 and 60 us; objects of one field: 30 and 45 us"
