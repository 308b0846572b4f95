"""Alerts that come late, twice, in crowds or from the future: nothing is lost, all is lived again (10 s)."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pytest

from corridors import COLUMNS, PLAN, SURVEYS, Bench, in_memory, on_disk
from edited_packets import Packet, container, packet
from linnet.adapters.memory_source import MemorySource
from linnet.adapters.memory_store import MemoryStore
from linnet.app.feed import run_of
from linnet.core.dump import differences
from linnet.core.envelope import Message, envelopes
from linnet.core.ports import ActiveFilter
from linnet.core.unit import Run
from linnet.operations import reprocess
from linnet.operations.audit import Audit, audit
from linnet.operations.rebuild import Archives, rebuild


@pytest.fixture(scope="module")
def nights(samples: Path) -> list[Packet]:
    """One transient, one alert in each of its nights, in order."""
    found = {p.night: p for p in map(packet, sorted((samples / "ztf/transient").iterdir()))}
    assert len(found) > 8
    return [found[night] for night in sorted(found)]


@pytest.fixture(scope="module")
def bare(nights: list[Packet]) -> list[Packet]:
    """The same without the history that they bring: what they know of each other comes from the store."""
    return [p.edited(top={"prv_candidates": None}) for p in nights]


@contextmanager
def fed(folder: Path | None, *batches: Sequence[Packet | bytes | Message]) -> Iterator[Bench]:
    """A corridor, on disk or in memory, that took these batches, one after the other, each as a whole."""
    with on_disk(folder) if folder else nullcontext(in_memory()) as bench:
        feed(bench, *batches)
        yield bench


def feed(bench: Bench, *batches: Sequence[Packet | bytes | Message]) -> None:
    """Batches through a new engine, as after a restart."""
    engine = bench.engine()
    for batch in batches:
        engine.take(envelopes([_message(each, n) for n, each in enumerate(batch)]), ())
    engine.finish()


def _message(each: Packet | bytes | Message, number: int) -> Message:
    if isinstance(each, Message):
        return each
    # Containers of the same packet differ in their sync markers: the name of the message is what stays.
    value, name = (container([each]), each.datum) if isinstance(each, Packet) else (each, each)
    return Message(value, "packets", 0, number, sha256(name).digest())


def timed(each: Packet, sent: datetime) -> Message:
    """A packet on a live topic."""
    return Message(container([each]), "live", 0, 0, None, int(sent.timestamp() * 1e6))


def rows_of(bench: Bench) -> dict[int, dict[str, Any]]:
    """Alert rows by id."""
    return {row["alert_id"]: row for row in bench.store.dump()["alerts"].to_pylist()}


def letters(bench: Bench) -> list[dict[str, Any]]:
    """All dead letters."""
    numbers = bench.store.dead(limit=1000).column("dead_id").to_pylist()
    return [bench.store.dead_letter(n).to_pylist()[0] for n in numbers]


def in_order(bench: Bench) -> Audit:
    """The account, which must be right in every place."""
    found = audit(bench.store, bench.control, bench.raw, deep=True)
    assert found.ok, found.problems
    assert found.received == found.archived + found.duplicates + sum(found.dead.values())
    return found


def verified(bench: Bench) -> reprocess.Verdict:
    """Everything archived, run again as it was lived."""
    active = bench.corridor.filters()

    def filters(_run: Run) -> tuple[ActiveFilter, ...]:
        return active

    return reprocess.verify(
        reprocess.Bench(
            store=bench.store,
            raw=bench.raw,
            science=bench.science,
            schemas=bench.corridor.schemas,
            surveys={s.name: s for s in SURVEYS},
            plan=PLAN,
            filters=filters,
            run=run_of(PLAN, active),
        )
    )


def folded(bench: Bench) -> MemoryStore:
    """A store made from the archives alone."""
    store = MemoryStore(COLUMNS)
    archives = Archives(bench.raw, bench.science, {s.name: s for s in SURVEYS}, bench.corridor.schemas)
    rebuild(store, archives, bench.store.segments())
    return store


@pytest.mark.parametrize("how", ["alone", "with one of the open night", "with the one that opens the next night"])
def test_a_late_alert_is_kept_recorded_as_late_and_reproduced(how: str, bare: list[Packet], tmp_path: Path) -> None:
    late, before, last = bare[4], [*bare[:4], *bare[5:-1]], bare[-1]
    beside = last.edited(candid=7, top={"objectId": "ZTF18aaaaaaa"})
    batches = {
        "alone": [before, [last], [beside], [late]],
        "with one of the open night": [before, [last], [beside, late]],
        "with the one that opens the next night": [before, [last, late, beside]],
    }[how]
    # In the last case its batch begins while the night before is still open, and is split earlier first.
    open_night = before[-1].night if how.startswith("with the one") else last.night
    with fed(tmp_path / "late", *batches) as bench, fed(tmp_path / "in-time", *([p] for p in [*bare, beside])) as plain:
        rows, in_time = rows_of(bench), rows_of(plain)
        assert rows.keys() == in_time.keys()
        # It knows of its past what it would have known in time, and nothing later than itself.
        assert rows[late.alert_id].pop("known_night") == open_night
        assert in_time[late.alert_id].pop("known_night") == late.night
        assert rows[late.alert_id] == in_time[late.alert_id]
        assert rows[late.alert_id]["history_n_points"] == 5
        # Those of nights up to the one in which it became known were lived without it; look-ups miss nothing.
        for each in bare[5:]:
            row, other = rows[each.alert_id], in_time[each.alert_id]
            assert row["history_n_points"] == other["history_n_points"] - (each.night <= open_night)
            assert row["night"] == row["known_night"] == other["known_night"]
        curves = [b.store.light_curve("ztf", late.record["objectId"]) for b in (bench, plain)]
        assert curves[0].column("key").to_pylist() == curves[1].column("key").to_pylist()
        assert in_order(bench).archived == len(bare) + 1
        verdict = verified(bench)
        assert verdict.ok, verdict.examples
        assert (verdict.alerts, verdict.other_run) == (len(rows), 0)
        assert differences(bench.store.dump(), folded(bench).dump()) == []


def test_whole_packets_in_the_reverse_order_of_their_nights_are_all_reproduced(
    nights: list[Packet], tmp_path: Path
) -> None:
    with fed(tmp_path / "home", *([p] for p in reversed(nights))) as bench:
        rows = rows_of(bench)
        assert {r["known_night"] for r in rows.values()} == {nights[-1].night}
        assert len(rows) == len(nights)
        assert verified(bench).ok
        assert differences(bench.store.dump(), folded(bench).dump()) == []
        in_order(bench)


def test_an_alert_reprocessed_under_another_known_night_is_noticed(bare: list[Packet], tmp_path: Path) -> None:
    # The control of the tests above: what an alert saw hangs on known_night, and verify looks at it.
    first, late, *later = bare
    with fed(tmp_path / "home", [first], later, [late]) as bench:
        assert verified(bench).ok
        (path,) = bench.science.files(f"alerts/ztf/{later[-1].night}")
        table = bench.science.read(path)
        assert set(table.column("alert_id").to_pylist()) == {later[-1].alert_id, late.alert_id}
        bench.science.remove(path)
        bench.science.write(f"alerts/ztf/{first.night}", "000000000099-000000000099.parquet", table)
        verdict = verified(bench)
        assert not verdict.ok
        assert verdict.differences["history_n_points"] == 2
        assert any(str(late.alert_id) in example for example in verdict.examples)


def test_a_batch_that_spans_nights_is_taken_earlier_night_first(nights: list[Packet]) -> None:
    one, many = in_memory(), in_memory()
    feed(one, list(reversed(nights)))
    feed(many, *([p] for p in nights))
    assert differences(one.store.dump(), many.store.dump()) == []
    assert one.store.open_nights() == {"ztf": nights[-1].night}
    # Only what belongs to nights before the open one is late.
    mixed = in_memory()
    feed(mixed, nights[3:4], [nights[5], nights[1], nights[4], nights[2]])
    known = {i: r["known_night"] for i, r in rows_of(mixed).items()}
    expected = [nights[3], nights[3], nights[3], nights[4], nights[5]]
    assert [known[p.alert_id] for p in nights[1:6]] == [p.night for p in expected]


def test_a_file_dated_in_the_future_opens_no_night(nights: list[Packet]) -> None:
    # A file has no time stamp: what is later than tonight is none of tonight's.
    first = nights[0]
    future = first.edited(days=365.25 * 40, candid=100)
    with fed(None, [future], [first]) as bench:
        assert bench.store.open_nights() == {"ztf": first.night}
        assert [(r["reason"], r["alert_id"]) for r in letters(bench)] == [("FROM_THE_FUTURE", future.alert_id)]


def test_an_alert_dated_later_than_its_message_opens_no_night(nights: list[Packet]) -> None:
    first, second = nights[0], nights[1]
    sent = first.sent + timedelta(minutes=3)
    for number, days in enumerate((1.0, 2.0, 40.0, 3650.0)):
        future = first.edited(days=days, candid=100 + number)
        with fed(None, [timed(first, sent)], [timed(future, sent)]) as bench:
            assert bench.store.open_nights() == {"ztf": first.night}
            assert [(r["reason"], r["alert_id"], r["value"]) for r in letters(bench)] == [
                ("FROM_THE_FUTURE", future.alert_id, future.datum)
            ]
            assert set(rows_of(bench)) == {first.alert_id}
            feed(bench, [timed(second, second.sent)])
            assert rows_of(bench)[second.alert_id]["known_night"] == second.night
            in_order(bench)


def test_a_clock_that_is_wrong_by_hours_costs_nothing(nights: list[Packet]) -> None:
    bench = in_memory()
    for hours, each in zip((-6, -1, 0, 1, 24 * 400), nights, strict=False):
        feed(bench, [timed(each, each.sent + timedelta(hours=hours))])
    assert len(rows_of(bench)) == 5
    assert all(r["night"] == r["known_night"] for r in rows_of(bench).values())
    # Files have no time stamp: up to tonight their dates are taken as they are.
    feed(bench, [nights[0].edited(days=365.0, candid=5)])
    assert len(rows_of(bench)) == 6


CONTENT: dict[str, dict[str, Any]] = {
    "objectId": {"top": {"objectId": "ZTF18aaaaaaa"}},
    "jd": {"days": 1e-5},
    "an earlier night": {"days": -1.0},
    "a later night": {"days": 1.0},
    "ra": {"ra": 12.5},
    "dec": {"dec": -12.5},
    "fid": {"fid": 3},
    "magpsf": {"magpsf": 17.25},
    "sigmapsf": {"sigmapsf": 0.03125},
    "isdiffpos": {"isdiffpos": "f"},
}
"""What makes another content of the same alert, field by field."""

NO_CONTENT: dict[str, dict[str, Any]] = {
    "rb": {"rb": 0.125},
    "stamps": {"top": {"cutoutScience": None, "cutoutTemplate": None, "cutoutDifference": None}},
    "history": {"top": {"prv_candidates": None}},
}
"""What an alert may bring anew and still be the same."""


@pytest.mark.parametrize("field", CONTENT)
@pytest.mark.parametrize("apart", [False, True], ids=["in one batch", "across commits"])
def test_other_content_of_a_known_alert_is_a_dead_letter_and_the_first_stays(
    field: str, apart: bool, nights: list[Packet]
) -> None:
    first = nights[0]
    other = first.edited(**CONTENT[field])
    batches: list[list[Packet | bytes | Message]] = [[first], [other]] if apart else [[first, other]]
    with fed(None, *batches) as bench, fed(None, [first]) as alone:
        assert differences(bench.store.dump(), alone.store.dump()) == []
        assert bench.store.open_nights() == alone.store.open_nights() == {"ztf": first.night}
        (letter,) = letters(bench)
        assert (letter["reason"], letter["alert_id"], letter["survey"]) == ("DUP_CONFLICT", first.alert_id, "ztf")
        assert letter["value"] == other.datum
        record = fastavro.schemaless_reader(io.BytesIO(letter["value"]), first.schema, None)
        assert repr(record) == repr(other.edited().record)
        # Both again, after a restart: nothing new.
        feed(bench, [first, other])
        assert letters(bench) == [letter]
        found = in_order(bench)
        assert (found.archived, found.received) == (1, 4)


@pytest.mark.parametrize("what", NO_CONTENT)
def test_the_same_content_is_a_duplicate_whatever_else_differs(what: str, nights: list[Packet], tmp_path: Path) -> None:
    first = nights[0]
    with fed(tmp_path / "home", [first, first], [first.edited(**NO_CONTENT[what])], [first]) as bench:
        found = in_order(bench)
        assert (found.received, found.archived, found.duplicates, found.dead) == (4, 1, 3, {})
        assert letters(bench) == []


def test_a_container_without_alerts_is_nothing_and_moves_the_position(nights: list[Packet], tmp_path: Path) -> None:
    empty = container([], nights[0].schema)
    with on_disk(tmp_path / "home") as bench:
        values = [empty, container([nights[0]]), empty, empty]
        source = MemorySource.of(values, topic="packets")
        engine = bench.engine(1)
        engine.run([source])
        engine.finish()
        found = in_order(bench)
        assert (found.received, found.archived, found.dead) == (1, 1, {})
        assert [(p.topic, p.offset) for p in bench.store.positions()] == [("packets", len(values))]


def test_a_container_of_alerts_of_two_nights_is_split_and_kept_whole(nights: list[Packet], tmp_path: Path) -> None:
    one, two = nights[0], nights[1]
    inside = [
        two,
        one,
        one.edited(candid=11, top={"objectId": "ZTF18aaaaaaa"}),
        two.edited(candid=12, top={"objectId": "ZTF18aaaaaaa"}),
        one,
    ]
    inside = [p.edited(top={"prv_candidates": None}) for p in inside]
    with fed(tmp_path / "home", [container(inside)]) as bench:
        rows = rows_of(bench)
        assert {i: r["known_night"] for i, r in rows.items()} == {p.alert_id: p.night for p in inside}
        # The later night knows the earlier one of the same container, and no alert knows its own night's.
        points = {i: r["history_n_points"] for i, r in rows.items()}
        assert points == {one.alert_id: 1, 11: 1, two.alert_id: 2, 12: 2}
        stored = bench.store.alerts("ztf", pa.array(list(rows), pa.int64()))
        places = dict(zip(stored.column("alert_id").to_pylist(), stored.column("position").to_pylist(), strict=True))
        assert places == {two.alert_id: 0, one.alert_id: 1, 11: 2, 12: 3}
        assert set(stored.column("offset").to_pylist()) == {0}
        datums = bench.raw.read(stored.select(["segment", "block", "place", "length"])).to_pylist()
        assert datums == [inside[place].datum for place in stored.column("position").to_pylist()]
        found = in_order(bench)
        assert (found.received, found.archived, found.duplicates) == (5, 4, 1)
        assert verified(bench).ok
        assert differences(bench.store.dump(), folded(bench).dump()) == []


def test_alerts_without_an_object_are_kept_and_know_nothing_of_each_other(shared_data: Path, tmp_path: Path) -> None:
    first = packet(sorted((shared_data / "ztf/ampel-list-schema").iterdir())[0]).edited(top={"prv_candidates": None})
    assert first.record.get("objectId") is None
    others = [first.edited(days=day, candid=n) for n, day in ((1, 0.001), (2, 3.0), (3, 6.0))]
    with fed(tmp_path / "home", [first, others[0]], [others[1]], [others[2]]) as bench:
        rows = rows_of(bench)
        assert len(rows) == 4
        assert {r["object_id"] for r in rows.values()} == {None}
        assert {r["history_n_points"] for r in rows.values()} == {1}
        dump = bench.store.dump()
        assert dump["objects"].num_rows == dump["points"].num_rows == 0
        found = in_order(bench)
        assert (found.archived, found.objects) == (4, 0)
        assert verified(bench).ok
        assert differences(dump, folded(bench).dump()) == []
