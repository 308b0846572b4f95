"""Back-tests: the verdicts of then, seeing nothing that came later; kept, resumed, compared. About 60 s."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord

import simulated_nights
from backtest_worlds import EVER, Shelf, asked, caught, judged, past_of, take, without_modules
from corridors import Bench, in_memory
from linnet.adapters.backtest_folder import BacktestFolder, reports
from linnet.core.lots import drawn
from linnet.core.unit import POINT, Run, Unit
from linnet.engines.flushing import flush
from linnet.errors import InputError
from linnet.filters.filter_set import NamedFilter
from linnet.operations.backtest import backtest
from linnet.operations.backtest_nights import CATCH, Question
from linnet.operations.backtest_report import report
from linnet.operations.backtest_truth import classes_of
from linnet.operations.recorded_nights import recorded_nights
from linnet.simulation.truth import of_alerts

VARIED = "variability_log_p < -3 or rates_r_mag < 0 or rates_g_mag < 0 or rates_i_mag < 0"
"""Modules that read the joined light curve."""


@pytest.fixture(scope="module")
def lived() -> Bench:
    """Two simulated nights of each survey, a part of them in science files, the rest waiting in the store."""
    bench = in_memory()
    for survey in ("ztf", "lsst"):
        n = len(simulated_nights.night_of(survey)[2])
        take(bench, survey, slice(0, n // 3))
        flush(bench.store, bench.science)
        take(bench, survey, slice(n // 3, n))
    assert bench.store.pending()
    assert bench.science.files("alerts")
    return bench


def everything(bench: Bench) -> list[tuple[str, int]]:
    return [(s, i) for s, ids in bench.store.alert_ids().items() for i in ids.to_pylist()]


def tagged(bench: Bench, name: str) -> set[tuple[str, int]]:
    found = set()
    for survey, ids in bench.store.alert_ids().items():
        tags = bench.store.tags_of(survey, ids).to_pylist()
        found |= {(survey, t["alert_id"]) for t in tags if t["filter"] == name}
    return found


def live_filters(bench: Bench) -> list[NamedFilter]:
    return [asked(f.text, f.name, f.version) for f in bench.control.filters(active=True)]


def test_of_every_filter_that_was_live_the_back_test_equals_its_tags(lived: Bench) -> None:
    caught_any = 0
    for each in live_filters(lived):
        nights = judged(past_of(lived), Question(each, 0, EVER))
        assert caught(nights) == tagged(lived, each.name), each.name
        assert sum(n.facts.judged for n in nights) == len(everything(lived)) > 600
        assert sum(n.facts.live for n in nights) == len(everything(lived))
        assert sum(n.facts.live_differs for n in nights) == 0
        assert all(not n.facts.after_the_fact for n in nights)
        caught_any += bool(caught(nights)) and each.name != "everything"
    assert caught_any >= 10


def test_out_of_the_packets_alone_the_verdicts_are_the_same(lived: Bench) -> None:
    for each in live_filters(lived):
        nights = judged(without_modules(past_of(lived)), Question(each, 0, EVER))
        assert caught(nights) == tagged(lived, each.name), each.name
        after = {column for n in nights for column in n.facts.after_the_fact}
        assert after == {c for c in each.condition.columns if c in without_modules(past_of(lived)).plan.gives}


def test_functions_of_the_light_curve_see_the_joined_history_of_then(lived: Bench) -> None:
    """`n_detections` was counted over the same history by other code, when the alert came."""
    for text, recorded in (
        ("count(lc) >= 3", "n_detections >= 3"),
        ("count(lc where flux > 0) = 1", "n_positive = 1"),
        ("min(lc.mjd) < now() - 1.5", "mjd - first_mjd > 1.5"),
    ):
        again = judged(past_of(lived), Question(asked(text), 0, EVER))
        assert caught(again) == caught(judged(past_of(lived), Question(asked(recorded), 0, EVER))), text
        assert 0 < len(caught(again)) < len(everything(lived)), text
        assert all(not n.facts.after_the_fact for n in again)


def append_old_points(bench: Bench, survey: str) -> None:
    """A later night brings points that are older than the alerts: forced photometry comes late, with wild fluxes."""
    rows: list[dict[str, Any]] = []
    for number, (name, alert_id) in enumerate(everything(bench)):
        if name != survey:
            continue
        alert = bench.store.alerts(survey, pa.array([alert_id])).select(["object_id", "mjd", "band"]).to_pylist()[0]
        for back in (0.3, 2.7, 9.1) if alert["object_id"] else ():
            rows.append(
                {
                    "object_id": alert["object_id"],
                    "kind": 0,
                    "key": 10**9 + len(rows),
                    "source_id": 10**9 + len(rows),
                    "mjd": alert["mjd"] - back,
                    "band": alert["band"],
                    "flux": 1e7 * (1 + number % 3),
                    "flux_err": 1.0,
                    "public": True,
                    "known_night": 20300101,
                    "alert_mjd": 70000.0,
                    "alert_id": 1,
                }
            )
    columns = {f.name: pa.array([r[f.name] for r in rows]).cast(f.type) for f in POINT if f.name != "band"}
    columns["band"] = pa.array([r["band"] for r in rows], pa.string()).dictionary_encode()
    points = pa.table([columns[n] for n in POINT.names], schema=POINT)
    bench.store.commit(
        Unit(bench.store.last_unit() + 1, Run("later", {}), survey=survey, night=20300101, points=points)
    )


def test_what_came_later_is_not_seen_and_would_be_noticed() -> None:
    bench = in_memory()
    take(bench, "ztf", slice(0, 150))
    questions, then = (
        [Question(asked(text), 0, EVER) for text in (VARIED, "max(lc.flux) > 20000")],
        set(everything(bench)),
    )
    before = [caught(judged(without_modules(past_of(bench)), each)) for each in questions]
    assert all(20 < len(b) < len(then) for b in before)
    append_old_points(bench, "ztf")
    take(bench, "ztf", slice(150, None))
    flush(bench.store, bench.science)
    later, peeking = without_modules(past_of(bench)), without_modules(past_of(bench), peeking=True)
    assert [caught(judged(later, each)) & then for each in questions] == before
    assert all(caught(judged(peeking, q)) & then != b for q, b in zip(questions, before, strict=True))


def test_at_two_states_of_the_archive_the_same_nights_get_the_same_verdicts() -> None:
    bench = in_memory()
    messages = simulated_nights.night_of("lsst")[2]
    take(bench, "lsst", slice(0, len(messages) // 2))
    texts = [VARIED, "snr > 8 and n_detections >= 1", "first_seen_age < 3 and not is_moving"]
    nights = sorted({n.night for n in recorded_nights(past_of(bench), 0, EVER)})
    states = []
    for step in range(3):
        if step == 1:
            flush(bench.store, bench.science)
        if step == 2:
            append_old_points(bench, "lsst")
            take(bench, "ztf")
        past = past_of(bench)
        states.append(
            [
                caught(judged(each, Question(asked(text), nights[0], nights[-1]))) & set(surveyed(bench, "lsst"))
                for text in texts
                for each in (past, without_modules(past))
            ]
        )
    assert states[0] == states[1] == states[2]
    assert all(states[0])


def surveyed(bench: Bench, survey: str) -> list[tuple[str, int]]:
    return [each for each in everything(bench) if each[0] == survey]


def test_a_night_that_is_done_is_not_judged_again_until_it_grows(lived: Bench, tmp_path: Path) -> None:
    bench = in_memory()
    take(bench, "ztf", slice(0, 180))
    question = Question(asked("snr > 5"), 0, EVER)
    folder = BacktestFolder(tmp_path, "asked", 1, question.key)
    steps = iter([False, True])
    stopped = list(backtest(past_of(bench), question, folder, stopping=lambda: next(steps, True)))
    whole = list(backtest(past_of(bench), question, Shelf()))
    assert len(stopped) < len(whole) or len(whole) == 1
    resumed = list(backtest(past_of(bench), question, folder))
    assert [r.facts for r in resumed] == [w.facts for w in whole]
    assert all(r.table.equals(w.table) for r, w in zip(resumed, whole, strict=True))
    again = list(backtest(past_of(bench), question, folder, stopping=lambda: True))
    assert [r.facts for r in again] == [w.facts for w in whole]
    take(bench, "ztf", slice(180, 240))
    grown = list(backtest(past_of(bench), question, folder))
    assert sum(g.facts.judged for g in grown) == 240
    assert caught(grown) == caught(list(backtest(past_of(bench), question, Shelf())))
    (tmp_path / f"asked-1-{question.key}" / f"ztf-{grown[0].facts.night}.parquet").write_bytes(b"torn")
    assert caught(list(backtest(past_of(bench), question, folder))) == caught(grown)


def test_another_question_has_another_key() -> None:
    one = Question(asked("snr > 5"), 0, EVER)
    truth = classes_of(pa.table({"object_id": ["a"], "class": ["sn_ia"]}))
    others = [
        replace(one, asked=asked("snr > 6")),
        replace(one, asked=asked("snr > 5", version=2)),
        replace(one, share=0.5),
        replace(one, versus=asked("snr > 4", version=2)),
        replace(one, truth=truth),
    ]
    assert len({one.key, *(each.key for each in others)}) == 6
    assert replace(one, first=20200101).key == one.key


def test_a_sample_is_the_same_always_of_the_right_size_and_within_every_larger_one(lived: Bench) -> None:
    ids = pa.array(random.Random(3).sample(range(2**60), 20_000))
    tenth, third = (set(np.flatnonzero(drawn("ztf", ids, share)).tolist()) for share in (0.1, 0.3))
    assert tenth < third
    assert len(tenth) == pytest.approx(2000, abs=5 * 42)
    assert tenth != set(np.flatnonzero(drawn("lsst", ids, 0.1)).tolist())
    assert drawn("ztf", ids, 1.0).all()
    nights = judged(past_of(lived), Question(asked("snr > 0"), 0, EVER, share=0.3))
    total = sum(n.facts.alerts for n in nights)
    assert total == len(everything(lived))
    assert sum(n.facts.judged for n in nights) == pytest.approx(0.3 * total, abs=5 * (0.21 * total) ** 0.5)
    whole = judged(past_of(lived), Question(asked("snr > 0"), 0, EVER))
    chosen = {
        (s, i)
        for s, ids in lived.store.alert_ids().items()
        for i, is_in in zip(ids.to_pylist(), drawn(s, ids, 0.3), strict=True)
        if is_in
    }
    assert caught(nights) == caught(whole) & chosen


def truth_of_simulation() -> pa.Table:
    tables = [of_alerts(*simulated_nights.night_of(s)[:2]) for s in ("ztf", "lsst")]
    return pa.concat_tables(tables)


def test_efficiency_and_purity_are_those_that_plain_counting_gives(lived: Bench) -> None:
    truth = truth_of_simulation()
    each = asked("snr > 12 and not is_moving")
    question = Question(each, 0, EVER, truth=classes_of(truth))
    nights = judged(past_of(lived), question)
    found = report(question, nights, lived.store, complete=True)
    passes = caught(nights)
    taken = set(everything(lived))
    rows = [r for r in truth.to_pylist() if (r["survey"], r["alert_id"]) in taken]
    sources = {c: {(r["survey"], r["source"]) for r in rows if r["class"] == c} for c in {r["class"] for r in rows}}
    hit = {
        c: {(r["survey"], r["source"]) for r in rows if r["class"] == c and (r["survey"], r["alert_id"]) in passes}
        for c in sources
    }
    every = sum(len(h) for h in hit.values())
    assert every > 50
    for one in found.classes:
        assert (one.sources, one.passed) == (len(sources.get(one.name, ())), len(hit.get(one.name, ())))
        if one.sources:
            assert one.efficiency is not None
            assert one.efficiency.value == pytest.approx(one.passed / one.sources)
            assert one.purity is not None
            assert one.purity.value == pytest.approx(one.passed / every)


def test_a_table_of_places_is_matched_as_by_brute_force(lived: Bench) -> None:
    rows = pa.concat_tables([lived.store.alerts("ztf", lived.store.alert_ids()["ztf"])]).select(
        ["alert_id", "object_id", "ra", "dec"]
    )
    draw = np.random.default_rng(5)
    chosen = draw.permutation(len(rows))[:80]
    shift = draw.uniform(-3, 3, (2, 80)) / 3600
    ra = rows["ra"].to_numpy()[chosen] + shift[0]
    dec = np.clip(rows["dec"].to_numpy()[chosen] + shift[1], -90, 90)
    table = pa.table({"ra": ra, "declination": dec, "type": [f"class {i % 3}" for i in range(80)]})
    source, label = classes_of(table).of("ztf", rows)
    there, listed = SkyCoord(rows["ra"].to_numpy(), rows["dec"].to_numpy(), unit="deg"), SkyCoord(ra, dec, unit="deg")
    apart = there[:, None].separation(listed[None, :]).arcsec
    nearest = apart.argmin(axis=1)
    is_near = apart.min(axis=1) <= 2.0
    assert source.is_valid().to_pylist() == is_near.tolist()
    assert label.to_pylist() == [f"class {n % 3}" if near else None for n, near in zip(nearest, is_near, strict=True)]
    assert 10 < label.null_count < len(rows)


@pytest.mark.parametrize("given", [{"class": ["a"]}, {"ra": [1.0], "dec": ["x"], "class": ["a"]}])
def test_a_table_that_says_nothing_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="known classes"):
        classes_of(pa.table(given))


def test_the_report_counts_objects_first_passes_latency_overlap_and_what_was_gained(lived: Bench) -> None:
    bright = next(f for f in live_filters(lived) if f.name == "bright_new_transient")
    question = Question(bright, 0, EVER, versus=asked("snr > 12", bright.name, 2))
    nights = judged(past_of(lived), question)
    found = report(question, nights, lived.store, complete=True).as_dict()
    rows = [r for n in nights for r in n.table.to_pylist()]

    def objects(which: str) -> dict[str, list[dict[str, Any]]]:
        result: dict[str, list[dict[str, Any]]] = {}
        for row in sorted(rows, key=lambda r: (r["mjd"], r["alert_id"])):
            if row[which]:
                result.setdefault(f"{row['survey']} {row['object_id'] or row['alert_id']}", []).append(row)
        return result

    now, other = objects("passed"), objects("versus")
    assert found["objects"] == len(now) > 3
    assert found["passed"] == sum(map(len, now.values()))
    assert found["latency"]["median"] == pytest.approx(np.median([o[0]["age"] for o in now.values()]))
    assert (found["versus"]["gained"], found["versus"]["lost"]) == (
        sorted(set(now) - set(other)),
        sorted(set(other) - set(now)),
    )
    assert sum(n["first_passes"] for n in found["nights"]) == len(now)
    assert found["overlap"]["everything"] == found["passed"]
    assert bright.name not in found["overlap"]
    shown = [g["alert_id"] for g in found["gallery"]]
    assert len(shown) == len(set(shown)) == min(12, len(now))
    assert found == report(question, nights, lived.store, complete=True).as_dict()


def test_nothing_caught_is_a_report_too_and_reports_are_kept_with_their_version(lived: Bench, tmp_path: Path) -> None:
    question = Question(asked("snr > 1e9"), 0, EVER)
    nights = judged(past_of(lived), question)
    assert all(n.table.schema == CATCH for n in nights)
    found = report(question, nights, lived.store, complete=True)
    assert (found.passed, found.objects, found.latency, found.gallery) == (0, 0, None, ())
    for version in (1, 2):
        BacktestFolder(tmp_path, "asked", version, question.key).report({**found.as_dict(), "version": version})
    BacktestFolder(tmp_path, "asked_more", 1, question.key).report(found.as_dict())
    assert [(r["version"], r["key"]) for r in reports(tmp_path, "asked")] == [(2, question.key), (1, question.key)]
