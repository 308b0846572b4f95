"""What was seen before, against the packets' own history read one point at a time."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import real_alerts
from alert_batches import MJD_OF_TESTS, Alert, Point, alert, batch, forced, limit, nights_of_tests, point
from linnet.core.counted import counted
from linnet.core.module import declaration
from linnet.science.history import history

HISTORY = declaration(history)
NOW = MJD_OF_TESTS


def said(*alerts: Alert) -> dict[str, list[object]]:
    """What the module says of these alerts, without the prefix."""
    rows = batch(*alerts)
    parts = {n: rows.column(n) for n in rows.schema.names} | counted(rows, nights_of_tests)
    return _named(HISTORY.run([parts[n] for n in HISTORY.needs], rows.num_rows))


def _named(found: dict[str, pa.Array]) -> dict[str, list[object]]:
    return {name.removeprefix("history_"): array.to_pylist() for name, array in found.items()}


def ztf_night(jd: float) -> str:
    """Local evening at Palomar: the date of UTC minus 20 h."""
    return str((datetime(2000, 1, 1, 12, tzinfo=UTC) + timedelta(days=jd - 2451545.0, hours=-20)).date())


def middle(candidate: dict[str, Any]) -> float:
    """Middle of the exposure, JD; 30 s where the packet does not say."""
    return float(candidate["jd"]) + (candidate.get("exptime") or 30.0) / 2 / 86400


def ztf_history(record: dict[str, Any]) -> tuple[dict[int, dict[str, Any]], list[dict[str, Any]]]:
    """Distinct detections by candid (its own row, else the first in the packet), and limits; none is later."""
    own = record["candidate"]
    earlier = [p for p in record.get("prv_candidates") or [] if p["jd"] <= own["jd"] + 1e-6]
    seen = {p["candid"]: p for p in reversed(earlier) if p.get("candid") is not None} | {own["candid"]: own}
    return seen, [p for p in earlier if p.get("candid") is None]


def test_new_gap_and_epochs_of_every_ztf_packet_follow_from_its_candids(shared_data: Path) -> None:
    records, alerts = real_alerts.ztf(shared_data)
    found = _named(HISTORY.run(real_alerts.needs_of(alerts, HISTORY.needs), alerts.num_rows))
    gaps = 0
    for i, record in enumerate(records):
        now = middle(record["candidate"])
        seen = list(ztf_history(record)[0].values())
        assert found["is_new"][i] == (len({ztf_night(p["jd"]) for p in seen}) == 1), record["candidate"]["candid"]
        before = [now - middle(p) for p in seen if now - middle(p) > 1e-3]
        if before:
            assert found["last_gap"][i] == pytest.approx(min(before), rel=1e-5, abs=2e-6)
            gaps += 1
        positive = [p for p in seen if p["isdiffpos"] in ("t", "1", 1, True)]
        assert found["two_epochs"][i] == any(now - middle(p) >= 0.02 for p in positive)
    assert gaps > 400


def test_last_limit_of_every_ztf_packet_without_forced_photometry_is_the_last_before_its_first_detection(
    shared_data: Path,
) -> None:
    records, alerts = real_alerts.ztf(shared_data)
    found = _named(HISTORY.run(real_alerts.needs_of(alerts, HISTORY.needs), alerts.num_rows))
    compared = 0
    for i, record in enumerate(records):
        if record.get("fp_hists") or any("forcediffimflux" in p for p in record.get("prv_candidates") or []):
            continue
        seen, limits = ztf_history(record)
        first = min(middle(p) for p in seen.values())
        last = max((middle(p) for p in limits if middle(p) < first), default=None)
        depths = [p["diffmaglim"] for p in limits if middle(p) == last and p["diffmaglim"] > 0]
        if last is None:
            continue
        assert found["limit_gap"][i] == pytest.approx(first - last, rel=1e-5, abs=2e-6)
        assert found["limit_depth"][i] == pytest.approx(max(depths), abs=1e-4)
        compared += 1
    assert compared > 400


def test_history_of_every_lsst_packet_follows_from_its_sources(shared_data: Path) -> None:
    records, alerts = real_alerts.lsst(shared_data)
    found = _named(HISTORY.run(real_alerts.needs_of(alerts, HISTORY.needs), alerts.num_rows))
    told = 0
    for i, record in enumerate(records):
        own = record["diaSource"]
        earlier = {
            p["diaSourceId"]: p for p in record.get("prvDiaSources") or [] if p["diaSourceId"] != own["diaSourceId"]
        }
        before = [p for p in earlier.values() if p["midpointMjdTai"] < own["midpointMjdTai"] - 1e-6]
        if found["is_new"][i] is None:
            assert not own.get("diaObjectId"), "only a moving body has no history"
            continue
        day = math.floor(own["midpointMjdTai"] - 37 / 86400 - 0.5)
        assert found["is_new"][i] == all(math.floor(p["midpointMjdTai"] - 37 / 86400 - 0.5) == day for p in before)
        epochs = [p for p in before if p["psfFlux"] > 0 and own["midpointMjdTai"] - p["midpointMjdTai"] >= 0.02]
        assert found["two_epochs"][i] == bool(epochs)
        if before:
            latest = max(p["midpointMjdTai"] for p in before)
            assert found["last_gap"][i] == pytest.approx(own["midpointMjdTai"] - latest, rel=1e-6)
            told += 1
        else:
            assert found["last_gap"][i] is None
    assert told > 40


@pytest.mark.parametrize(
    ("earlier", "is_new"),
    [
        ([], True),
        ([point(NOW - 0.2, "g", 900.0)], True),
        ([forced(NOW - 5, "r", 900.0), limit(NOW - 9)], True),
        ([point(NOW - 1)], False),
        ([point(NOW - 1, "g", -900.0)], False),
    ],
)
def test_new_is_what_was_detected_this_night_only(earlier: list[Point], is_new: bool) -> None:
    assert said(alert(1, earlier))["is_new"] == [is_new]


def test_a_point_known_to_the_store_alone_counts_like_one_of_the_packet() -> None:
    assert said(alert(1, stored=[point(NOW - 200)]))["is_new"] == [False]
    assert said(alert(1, stored=[point(NOW - 200)]))["last_gap"] == [200.0]


def test_a_moving_body_has_neither_newness_nor_epochs() -> None:
    found = said(alert(1, is_moving=True), alert(2, is_moving=None), alert(3, is_moving=False))
    assert found["is_new"] == [None, True, True]
    assert found["two_epochs"] == [None, False, False]


def test_a_second_source_of_the_same_exposure_is_not_the_previous_detection() -> None:
    assert said(alert(1, [point(NOW, "r", 70.0)]))["last_gap"] == [None]
    assert said(alert(1, [point(NOW, "r", 70.0), point(NOW - 0.5)]))["last_gap"] == [0.5]


@pytest.mark.parametrize(("days", "flux", "epochs"), [(0.0201, 9.0, True), (0.0199, 9.0, False), (3.0, -9.0, False)])
def test_two_epochs_need_a_positive_detection_half_an_hour_earlier(days: float, flux: float, epochs: bool) -> None:
    assert said(alert(1, [point(NOW - days, "g", flux)]))["two_epochs"] == [epochs]


def test_the_last_look_that_saw_nothing_is_the_latest_before_the_first_detection() -> None:
    looks = [limit(NOW - 9, "g", 20.0), limit(NOW - 6, "r", 80.0), limit(NOW - 6, "r", 40.0), limit(NOW - 1)]
    found = said(alert(1, [point(NOW - 4), *looks]))
    assert found["limit_gap"] == [2.0]
    assert found["limit_depth"] == [pytest.approx(31.4 - 2.5 * math.log10(200.0), abs=1e-6)]


def test_a_forced_measurement_below_five_sigma_is_a_look_that_saw_nothing_and_one_above_is_not() -> None:
    looks = [limit(NOW - 9, "g", 20.0), forced(NOW - 7, "r", -100.0, 40.0), forced(NOW - 5, "r", 400.0, 40.0)]
    found = said(alert(1, looks))
    assert found["limit_gap"] == [7.0]
    assert found["limit_depth"] == [pytest.approx(31.4 - 2.5 * math.log10(200.0), abs=1e-6)]


def test_a_strong_negative_forced_flux_is_no_look_that_saw_nothing() -> None:
    assert said(alert(1, [forced(NOW - 5, "r", -400.0, 40.0)]))["limit_gap"] == [None]


@pytest.mark.parametrize("error", [None, 0.0])
def test_a_look_without_an_error_has_an_age_and_no_depth(error: float | None) -> None:
    found = said(alert(1, [limit(NOW - 3, "r", error)]))
    assert found["limit_gap"] == [3.0]
    assert found["limit_depth"] == [None]


def test_points_are_detections_and_forced_measurements() -> None:
    assert said(alert(1, [point(NOW - 1), forced(NOW - 2), limit(NOW - 3)]))["n_points"] == [3]
