"""What may not be published does not show in any public answer, nor in what is folded for the public."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from linnet.core import dump
from linnet.core.ports import Store
from store_kinds import KINDS
from store_worlds import COLUMNS, SURVEYS, Alert, unit, units, world

SKY = world(23)


@pytest.fixture
def make() -> Iterator[Callable[[str, Path], Store]]:
    """Makes stores and closes them."""
    made: list[Store] = []

    def one(kind: str, folder: Path) -> Store:
        folder.mkdir(exist_ok=True)
        made.append(KINDS[kind](folder, COLUMNS))
        return made[-1]

    yield one
    for store in made:
        store.close()


def _filled(store: Store, alerts: list[Alert]) -> Store:
    for each in units(alerts, 4):
        store.commit(each)
    return store


def _public_part(alert: Alert) -> Alert:
    """The alert without the points that may not be published."""
    return Alert(
        alert.survey,
        alert.alert_id,
        alert.night,
        alert.row,
        tuple(p for p in alert.points if p["public"]),
        alert.withdrawn,
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_public_answers_hold_neither_private_alerts_nor_private_points(
    kind: str, tmp_path: Path, make: Callable[[str, Path], Store]
) -> None:
    store = _filled(make(kind, tmp_path), SKY)
    private = {(a.survey, a.alert_id) for a in SKY if not a.row["is_public"]}
    shown = store.latest(None, 10_000, public=True)
    assert 0 < shown.num_rows < store.latest(None, 10_000).num_rows
    assert not private & set(zip(*(shown.column(n).to_pylist() for n in ("survey", "alert_id")), strict=True))
    for survey, object_id in {(a.survey, str(a.row["object_id"])) for a in SKY if a.row["object_id"] is not None}:
        rows = store.object_alerts(survey, object_id, public=True)
        assert not private & {(survey, i) for i in rows.column("alert_id").to_pylist()}
        assert False not in store.light_curve(survey, object_id, public=True).column("public").to_pylist()
        folded = store.object(survey, object_id, public=True).to_pylist()
        assert bool(folded) == (rows.num_rows > 0)
        if folded:
            assert folded[0]["n_alerts"] == rows.num_rows
            assert (folded[0]["first_alert_id"], folded[0]["last_alert_id"]) == (
                rows.column("alert_id")[0].as_py(),
                rows.column("alert_id")[-1].as_py(),
            )
            detections = [p for p in store.light_curve(survey, object_id, public=True).to_pylist() if p["kind"] == 0]
            assert folded[0]["n_detections"] == len(detections)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_public_cone_is_the_cone_of_a_store_that_never_saw_private_alerts(
    kind: str, tmp_path: Path, make: Callable[[str, Path], Store]
) -> None:
    """Measurements that private packets alone brought, and those that may not be shown, are left out on both sides."""
    sky = [_public_part(a) if a.row["is_public"] else Alert(a.survey, a.alert_id, a.night, a.row, (), ()) for a in SKY]
    whole = _filled(make(kind, tmp_path / "whole"), sky)
    public = _filled(make(kind, tmp_path / "public"), [a for a in sky if a.row["is_public"]])
    found = whole.cone(150.0, 2.0, 7200.0, public=True)
    assert found.num_rows
    assert found.equals(public.cone(150.0, 2.0, 7200.0))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_object_without_a_public_alert_is_not_there(
    kind: str, tmp_path: Path, make: Callable[[str, Path], Store]
) -> None:
    store = make(kind, tmp_path)
    for number, survey in enumerate(SURVEYS, 1):
        one = next(a for a in SKY if a.survey == survey and not a.row["is_public"] and a.points)
        store.commit(unit(number, [one]))
        object_id = str(one.row["object_id"])
        assert store.object(survey, object_id).num_rows == 1
        assert store.object(survey, object_id, public=True).num_rows == 0
        assert store.light_curve(survey, object_id, public=True).num_rows == 0
        assert store.object_alerts(survey, object_id, public=True).num_rows == 0
    assert store.cone(150.0, 2.0, 7200.0).num_rows == 2
    assert store.cone(150.0, 2.0, 7200.0, public=True).num_rows == 0


def test_when_all_is_public_the_public_sees_all(tmp_path: Path, make: Callable[[str, Path], Store]) -> None:
    alerts = world(5, all_public=True)
    stores = [_filled(make(kind, tmp_path), alerts) for kind in sorted(KINDS)]
    for store in stores:
        assert store.cone(150.0, 2.0, 7200.0, public=True).equals(store.cone(150.0, 2.0, 7200.0))
        assert store.latest(None, 99, public=True).equals(store.latest(None, 99))
        ids = pa.array([a.alert_id for a in alerts])
        assert set(store.alerts("ztf", ids).column("is_public").to_pylist()) == {True}
    assert dump.digest(stores[0].dump()) == dump.digest(stores[1].dump())
