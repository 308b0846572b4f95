"""What every store answers, against the units that were committed and against brute force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

from linnet.core.answers import CONE, DEAD_LIST, stored_columns
from linnet.core.envelope import Position
from linnet.core.ports import OBJECT, Store
from linnet.core.unit import COUNT, DEAD, POINT, SEGMENT, TAG, Unit
from linnet.errors import NotFoundError, StorageError
from store_kinds import KINDS
from store_worlds import COLUMNS, NIGHTS, OBJECTS, RUN, dead_letter, table_of, unit, units, world

SKY = world(7)
ORDER = units(SKY, 11)
STRINGS = pa.array([o for o in OBJECTS if o is not None])


@pytest.fixture(params=sorted(KINDS))
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store = KINDS[request.param](tmp_path, COLUMNS)
    yield store
    store.close()
    store.close()


@pytest.fixture
def full(empty: Store) -> Store:
    for each in ORDER:
        empty.commit(each)
    return empty


def test_an_empty_store_answers_everything_with_nothing(empty: Store) -> None:
    assert empty.last_unit() == 0
    assert empty.open_nights() == {}
    assert empty.positions() == ()
    assert empty.pending() == []
    assert empty.runs() == {}
    assert empty.hashes("ztf", pa.array([1, 2])).to_pylist() == [None, None]
    assert empty.points("ztf", STRINGS, before=NIGHTS[0]).schema == POINT
    assert empty.alerts("ztf", pa.array([1])).schema == stored_columns(COLUMNS)
    assert empty.alerts("ztf", pa.array([], pa.int64())).num_rows == 0
    assert empty.object("ztf", "17").num_rows == 0
    assert empty.cone(150.0, 2.0, 3600.0).schema == CONE
    assert empty.latest(None, 10).num_rows == 0
    assert empty.segments().schema == SEGMENT
    assert empty.counts().schema == COUNT
    assert {t.num_rows for t in empty.dump().values()} == {0}


def test_every_value_of_an_alert_comes_back_exactly(full: Store) -> None:
    for survey in ("ztf", "lsst"):
        mine = [a for a in SKY if a.survey == survey]
        ids = pa.array([a.alert_id for a in reversed(mine)] + [3])
        stored = full.alerts(survey, ids)
        expected = table_of([a.row for a in reversed(mine)], COLUMNS)
        assert stored.schema == stored_columns(COLUMNS)
        for name in set(COLUMNS) - {"segment", "block", "place", "length", "topic", "partition", "offset", "position"}:
            # repr tells -0.0 from 0.0
            assert list(map(repr, stored.column(name).to_pylist())) == list(
                map(repr, expected.column(name).to_pylist())
            )


def test_hashes_are_aligned_with_the_ids_and_null_for_strangers(full: Store) -> None:
    mine = [a for a in SKY if a.survey == "ztf"]
    ids = [5, *(a.alert_id for a in mine), mine[0].alert_id]
    found = full.hashes("ztf", pa.array(ids)).to_pylist()
    assert found == [None, *(a.row["content_hash"] for a in mine), mine[0].row["content_hash"]]


@pytest.mark.parametrize("before", [None, *NIGHTS, NIGHTS[-1] + 1])
def test_points_are_those_first_known_before_a_night_and_not_taken_back_before_it(
    full: Store, before: int | None
) -> None:
    for survey in ("ztf", "lsst"):
        found = full.points(survey, pa.concat_arrays([STRINGS, pa.array([None, "stranger", "17"])]), before)
        expected = [p for o in STRINGS.to_pylist() for p in _points_by_brute_force(survey, o, before)]
        assert found.schema == POINT
        assert _sorted(found.to_pylist()) == _sorted(expected)


@pytest.mark.parametrize("as_of", [None, *NIGHTS])
def test_a_light_curve_is_what_was_known_then_in_order_of_time(full: Store, as_of: int | None) -> None:
    for survey in ("ztf", "lsst"):
        for object_id in STRINGS.to_pylist():
            expected = _points_by_brute_force(survey, object_id, as_of)
            expected.sort(key=lambda p: (p["mjd"], p["kind"], p["key"]))
            assert full.light_curve(survey, object_id, as_of).to_pylist() == expected


def test_an_object_is_folded_from_its_alerts_and_points(full: Store) -> None:
    for survey in ("ztf", "lsst"):
        for object_id in STRINGS.to_pylist():
            found = full.object(survey, object_id)
            assert found.schema == OBJECT
            assert found.to_pylist() == [_object_by_brute_force(survey, object_id)]
            rows = full.object_alerts(survey, object_id).to_pylist()
            assert [r["alert_id"] for r in rows] == [a.alert_id for a in _alerts_of(survey, object_id)]


@pytest.mark.parametrize("radius", [0.01, 20.0, 60.0, 3600.0, 648000.0])
def test_a_cone_finds_what_astropy_finds_by_separation(full: Store, radius: float) -> None:
    objects = [_object_by_brute_force(s, o) for s in ("lsst", "ztf") for o in STRINGS.to_pylist()]
    first = objects[0]
    centre = SkyCoord(first["ra"], first["dec"], unit="deg")
    apart = centre.separation(SkyCoord([o["ra"] for o in objects], [o["dec"] for o in objects], unit="deg"))
    expected = sorted((d, o["survey"], o["object_id"]) for d, o in zip(apart.to_value(u.arcsec), objects, strict=True))
    expected = [e for e in expected if e[0] <= radius]
    found = full.cone(first["ra"], first["dec"], radius).to_pylist()
    assert [(r["survey"], r["object_id"]) for r in found] == [e[1:] for e in expected]
    assert [r["separation"] for r in found] == pytest.approx([e[0] for e in expected], abs=1e-6)
    limited = full.cone(first["ra"], first["dec"], radius, limit=2).to_pylist()
    assert limited == found[:2]


def test_the_tag_log_keeps_the_order_of_the_units_and_can_be_paged(full: Store) -> None:
    expected = [
        (each.survey, t["alert_id"], t["filter"], t["version"]) for each in ORDER for t in each.tags.to_pylist()
    ]
    pages: list[dict[str, Any]] = []
    while page := full.tags_after(pages[-1]["seq"] if pages else 0, 7).to_pylist():
        pages += page
    assert [(r["survey"], r["alert_id"], r["filter"], r["version"]) for r in pages] == expected
    assert full.last_tag() == pages[-1]["seq"]
    for name in ("third", "bright", "no such filter"):
        mine = [r for r in pages if r["filter"] == name]
        assert full.tags_after(0, 10_000, name).to_pylist() == mine
        middle = pages[len(pages) // 2]["seq"]
        assert full.tags_after(middle, 2, name).to_pylist() == [r for r in mine if r["seq"] > middle][:2]
    counted = {(r["filter"], r["version"]): r["n"] for r in full.tag_counts().to_pylist()}
    assert counted == {k: sum(e[2:] == k for e in expected) for k in [("third", 1), ("bright", 2)]}
    wanted = [a.alert_id for a in SKY if a.survey == "ztf"]
    of_ztf = full.tags_of("ztf", pa.array([*wanted, 5])).to_pylist()
    assert of_ztf == [
        {n: r[n] for n in ("alert_id", "filter", "version", "seq")} for r in pages if r["survey"] == "ztf"
    ]


def test_latest_goes_backwards_through_one_filter_or_all(full: Store) -> None:
    log = full.tags_after(0, 10_000).to_pylist()
    for name in (None, "third"):
        expected = [r["seq"] for r in reversed(log) if name in (None, r["filter"])]
        first = full.latest(name, 5)
        rest = full.latest(name, 10_000, before=first.column("seq")[-1].as_py())
        assert [*first.column("seq").to_pylist(), *rest.column("seq").to_pylist()] == expected
        ids = {r["seq"]: (r["survey"], r["alert_id"]) for r in log}
        assert all((r["survey"], r["alert_id"]) == ids[r["seq"]] for r in rest.to_pylist())
    assert full.latest("no such filter", 5).num_rows == 0


def test_nights_and_stages_are_counted_and_repeated_units_change_nothing(full: Store) -> None:
    for each in ORDER[::3]:
        full.commit(each)
    nights = {(r["survey"], r["night"], r["band"]): r["n"] for r in full.night_counts().to_pylist()}
    keys = [(a.survey, a.night, a.row["band"]) for a in SKY]
    assert nights == {k: keys.count(k) for k in keys}
    counts = {(r["survey"], r["night"], r["stage"], r["outcome"]): r["n"] for r in full.counts().to_pylist()}
    assert counts == {
        (s, n, "store", o): sum((a.survey, a.night) == (s, n) for a in SKY)
        for s in ("ztf", "lsst")
        for n in NIGHTS
        for o in ("in", "out")
    }
    assert full.last_unit() == len(ORDER)


def test_state_is_that_of_the_newest_unit(full: Store) -> None:
    assert full.open_nights() == {"lsst": NIGHTS[-1], "ztf": NIGHTS[-1]}
    assert full.positions() == (Position("t", 0, len(ORDER) + 1),)
    newest = {s["segment"]: s for each in ORDER for s in each.segments.to_pylist()}
    assert full.segments().to_pylist() == [newest[name] for name in sorted(newest)]
    assert full.runs() == {RUN.run_id: RUN}
    both = {a.alert_id for a in SKY if a.survey == "ztf"} & {a.alert_id for a in SKY if a.survey == "lsst"}
    assert full.surveys_of(both.pop()) == ["lsst", "ztf"]
    assert full.surveys_of(5) == []
    ids = {s: sorted(a.alert_id for a in SKY if a.survey == s) for s in ("lsst", "ztf")}
    assert {s: found.to_pylist() for s, found in full.alert_ids().items()} == ids
    assert full.object_count() == len({(a.survey, a.row["object_id"]) for a in SKY if a.row["object_id"] is not None})


def test_pending_rows_wait_with_the_surveys_own_columns_until_they_are_flushed(full: Store) -> None:
    waiting = full.pending()
    assert [(n, s, night) for n, s, night, _ in waiting] == [(e.number, e.survey, e.night) for e in ORDER]
    for (*_, table), each in zip(waiting, ORDER, strict=True):
        assert table.equals(each.alerts)
        assert f"{each.survey}_own" in table.column_names
    full.flushed(4, ["alerts/b", "alerts/a"])
    full.flushed(4, ["alerts/b", "alerts/a"])
    assert [n for n, *_ in full.pending()] == [e.number for e in ORDER if e.number > 4]
    assert full.science_files() == ["alerts/a", "alerts/b"]
    full.commit(ORDER[0])
    assert full.pending()[0][0] == 5


def test_a_dead_letter_is_kept_once_with_its_bytes_and_a_missing_key_is_a_key(empty: Store) -> None:
    letters = [dead_letter(1), dead_letter(1, offset=9), dead_letter(1, key=b""), dead_letter(2, position=3)]
    table = pa.Table.from_pylist(letters, schema=DEAD)
    assert empty.dead_seen(table).to_pylist() == [False] * 4
    empty.commit(Unit(1, RUN, dead=table))
    empty.commit(Unit(2, RUN, dead=table.slice(1)))
    listed = empty.dead()
    assert listed.schema == DEAD_LIST
    assert [(r["offset"], r["key"], r["size"]) for r in listed.to_pylist()] == [(1, None, 5), (1, b"", 5), (2, None, 5)]
    assert empty.dead_seen(table).to_pylist() == [True] * 4
    assert empty.dead("TOO_LARGE").num_rows == 0
    second, third = listed.column("dead_id").to_pylist()[1:]
    assert empty.dead("BAD_DATUM", limit=1, after=second).column("dead_id").to_pylist() == [third]
    assert empty.dead_letter(third).select(DEAD.names).to_pylist() == table.slice(3).to_pylist()
    assert empty.dead_counts() == {"BAD_DATUM": 3}
    with pytest.raises(NotFoundError, match="no dead letter 99"):
        empty.dead_letter(99)


def test_dead_letters_are_found_by_alert_and_counted_by_reason(empty: Store) -> None:
    letters = [dead_letter(1, alert_id=2**60 + 1), dead_letter(2, reason="DUP_CONFLICT", alert_id=2**60 + 1)]
    empty.commit(Unit(1, RUN, dead=pa.Table.from_pylist([*letters, dead_letter(3)], schema=DEAD)))
    assert empty.dead_of(2**60 + 1).column("offset").to_pylist() == [1, 2]
    assert empty.dead_of(2**60 + 1).schema == DEAD_LIST
    assert empty.dead_of(5).num_rows == 0
    assert empty.dead_counts() == {"BAD_DATUM": 2, "DUP_CONFLICT": 1}


def test_a_tag_number_taken_by_another_tag_is_refused_and_nothing_is_kept(full: Store) -> None:
    taken = [{"alert_id": 1, "filter": "third", "version": 1, "seq": 1}]
    tags = pa.Table.from_pylist(taken, schema=TAG.append(pa.field("seq", pa.int64())))
    before = full.dump()
    with pytest.raises(StorageError, match="another tag"):
        full.commit(replace(unit(900, SKY[:1]), kind="fold", tags=tags))
    assert full.last_unit() == len(ORDER)
    assert full.dump()["tags"].equals(before["tags"])


def _alerts_of(survey: str, object_id: str, *, public: bool = False) -> list[Any]:
    mine = [a for a in SKY if (a.survey, a.row["object_id"]) == (survey, object_id)]
    return sorted((a for a in mine if a.row["is_public"] or not public), key=lambda a: (a.row["mjd"], a.alert_id))


def _points_by_brute_force(survey: str, object_id: str, before: int | None) -> list[dict[str, Any]]:
    """Every measurement that was ever brought, and for each identity the first known one."""
    night = 99999999 if before is None else before
    brought: list[dict[str, Any]] = [p for a in _alerts_of(survey, object_id) for p in a.points]
    gone = {
        (w["kind"], w["key"]) for a in _alerts_of(survey, object_id) for w in a.withdrawn if w["known_night"] < night
    }
    brought.sort(key=lambda p: (p["known_night"], p["alert_mjd"], p["alert_id"]))
    kept: dict[tuple[int, int], dict[str, Any]] = {}
    for point in brought:
        kept.setdefault((point["kind"], point["key"]), {n: point[n] for n in POINT.names})
    return [p for identity, p in kept.items() if identity not in gone and p["known_night"] < night]


def _object_by_brute_force(survey: str, object_id: str) -> dict[str, Any]:
    alerts = _alerts_of(survey, object_id)
    times = [p["mjd"] for p in _points_by_brute_force(survey, object_id, None) if p["kind"] == 0]
    first = alerts[0].row
    return {
        **{n: first[n] for n in OBJECT.names[:6]},
        "first_alert_id": alerts[0].alert_id,
        "last_alert_id": alerts[-1].alert_id,
        "last_alert_mjd": alerts[-1].row["mjd"],
        "n_alerts": len(alerts),
        "n_detections": len(times),
        "first_mjd": min(times, default=None),
        "last_mjd": max(times, default=None),
        "is_public": any(a.row["is_public"] for a in alerts),
    }


def _sorted(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(points, key=lambda p: (p["object_id"], p["kind"], p["key"]))
