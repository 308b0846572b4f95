"""The light curves of LSST packets, against a slow and plain reading of the same records."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from linnet.surveys.lsst import Lsst
from linnet.surveys.lsst.points import band_codes
from lsst_packets import Packet, Record, decoded, packets

LSST = Lsst()
Point = tuple[float, int, int | None, str | None, float | None, float | None]


@pytest.fixture(scope="module")
def sent(shared_data: Path) -> tuple[Packet, ...]:
    """Every packet."""
    return packets(shared_data)


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _plain_reading(record: Record) -> tuple[list[Point], int]:
    """Points (mjd, kind, id, band, flux, error) in order, and how many lie in the alert's future."""
    own = record["diaSource"]
    given = [(0, own["diaSourceId"], own)]
    given += [(0, p["diaSourceId"], p) for p in record.get("prvDiaSources") or []]
    given += [(1, p["diaForcedSourceId"], p) for p in record.get("prvDiaForcedSources") or []]
    kept: dict[tuple[int, int], Point] = {}
    future = 0
    for kind, identity, point in given:
        mjd = point["midpointMjdTai"]
        if mjd > own["midpointMjdTai"] + 1e-6:
            future += 1
        elif (kind, identity) not in kept:
            flux, error = _number(point["psfFlux"]), _number(point["psfFluxErr"])
            kept[kind, identity] = (mjd, kind, identity, point["band"], flux, error)
    return sorted(kept.values(), key=lambda p: p[:3]), future


def _points(row: dict[str, Any]) -> list[Point]:
    names = ("mjd", "kind", "source_id", "band", "flux", "flux_err")
    return list(zip(*(row[f"lc_{n}"] for n in names), strict=True))


def _rows(records: list[Record]) -> list[dict[str, Any]]:
    batch = LSST.columns(decoded(records, LSST.fields()))
    names = [n for n in batch.schema.names if n.startswith(("lc_", "withdrawn_", "alert_id"))]
    rows: list[dict[str, Any]] = batch.select(names).to_pylist()
    return rows


def test_a_light_curve_is_what_a_plain_reading_of_the_packet_gives(sent: tuple[Packet, ...]) -> None:
    total = 0
    for packet, row in zip(sent, _rows([p.record for p in sent]), strict=True):
        expected, future = _plain_reading(packet.record)
        found = _points(row)
        assert [p[:4] for p in found] == [p[:4] for p in expected]
        assert [p[4:] for p in found] == [pytest.approx(p[4:], rel=1e-6) for p in expected]
        assert row["lc_n_future"] == future
        assert row["lc_key"] == row["lc_source_id"]
        assert all(row["lc_public"])
        total += len(found)
    assert total > 25_000


def test_every_light_curve_is_ascending_and_holds_its_own_detection_once(sent: tuple[Packet, ...]) -> None:
    for row in _rows([p.record for p in sent]):
        assert row["lc_mjd"] == sorted(row["lc_mjd"])
        assert [p[1:3] for p in _points(row)].count((0, row["alert_id"])) == 1


def test_forced_points_after_the_alert_are_dropped_and_counted(sent: tuple[Packet, ...]) -> None:
    rows = zip(sent, _rows([p.record for p in sent]), strict=True)
    late = [p.folder for p, row in rows if row["lc_n_future"]]
    assert late == ["fink-v7_4-20250411"] * 2


def test_two_sources_of_one_object_in_one_visit_are_two_points(sent: tuple[Packet, ...]) -> None:
    packet = next(p for p in sent if p.record["diaSource"]["diaSourceId"] == 170094456251351059)
    twins = [p["diaSourceId"] for p in packet.record["prvDiaSources"] if p["visit"] == 2026022300078]
    assert len(twins) == 2
    found = [p for p in _points(_rows([packet.record])[0]) if p[1] == 0 and p[2] in twins]
    assert len(found) == 2
    assert found[0][0] == found[1][0]
    assert found[0][3] == found[1][3]


def test_a_detection_and_the_forced_measurement_of_its_visit_are_both_kept(sent: tuple[Packet, ...]) -> None:
    both = 0
    for row in _rows([p.record for p in sent]):
        kinds = {kind for mjd, kind, *_ in _points(row) if abs(mjd - row["lc_mjd"][-1]) < 1e-6}
        both += kinds == {0, 1}
    assert both >= 20


def _withdrawn(record: Record, source: int | None, forced: int | None) -> Record:
    """The record with one point of each list taken back."""
    lists = {"prvDiaSources": source, "prvDiaForcedSources": forced}
    changed = {
        name: [{**p, "timeWithdrawnMjdTai": 61200.0 if i == at else None} for i, p in enumerate(record[name])]
        for name, at in lists.items()
    }
    return {**record, **changed}


def test_withdrawn_points_are_named_and_not_in_the_light_curve(sent: tuple[Packet, ...]) -> None:
    record = max((p.record for p in sent), key=lambda r: len(r.get("prvDiaSources") or []))
    before = _points(_rows([record])[0])
    source, forced = record["prvDiaSources"][3]["diaSourceId"], record["prvDiaForcedSources"][5]["diaForcedSourceId"]
    row = _rows([_withdrawn(record, 3, 5)])[0]
    assert list(zip(row["withdrawn_kind"], row["withdrawn_key"], strict=True)) == [(0, source), (1, forced)]
    assert _points(row) == [p for p in before if p[1:3] not in {(0, source), (1, forced)}]
    nothing = _rows([record])[0]
    assert (nothing["withdrawn_kind"], nothing["withdrawn_key"]) == ([], [])


def test_a_withdrawal_time_that_is_nan_withdraws_nothing(sent: tuple[Packet, ...]) -> None:
    record = max((p.record for p in sent), key=lambda r: len(r.get("prvDiaSources") or []))
    lists = {
        name: [{**p, "timeWithdrawnMjdTai": float("nan")} for p in record[name]]
        for name in ("prvDiaSources", "prvDiaForcedSources")
    }
    assert _rows([{**record, **lists}]) == _rows([record])


def test_limits_of_old_packets_have_no_flux_and_the_noise_as_error(sent: tuple[Packet, ...]) -> None:
    packet = next(p for p in sent if p.folder == "kafka-wire-format" and p.file == "alerce_v7_4_message_0.avro")
    mjd = packet.record["diaSource"]["midpointMjdTai"]
    limits = [
        {"ccdVisitId": 111111, "midpointMjdTai": mjd - days, "band": band, "diaNoise": noise}
        for days, band, noise in ((2.0, "g", 50.0), (1.0, "r", 60.0), (1.0, "g", 70.0), (1.0, "g", 80.0))
    ]
    row = _rows([{**packet.record, "prvDiaNondetectionLimits": limits}])[0]
    found = [p for p in _points(row) if p[1] == 2]
    # The fourth is the exposure of the third.
    expected: list[Point] = [
        (mjd - 2.0, 2, None, "g", None, 50.0),
        (mjd - 1.0, 2, None, "g", None, 70.0),
        (mjd - 1.0, 2, None, "r", None, 60.0),
    ]
    assert sorted(found, key=lambda p: (p[0], p[3] or "")) == expected
    assert all(key < 0 for key, kind in zip(row["lc_key"], row["lc_kind"], strict=True) if kind == 2)


def test_unknown_bands_are_kept_and_what_no_band_can_be_is_null() -> None:
    names = ["u", "VR", "Y", None, "", "a band?", "N708", "x" * 40]
    assert band_codes(pa.array(names)).to_pylist() == ["u", "VR", "Y", None, None, None, "N708", None]


def test_hundreds_of_band_names_in_one_batch_are_kept_and_cost_an_intact_packet_nothing(
    sent: tuple[Packet, ...],
) -> None:
    record = max((p.record for p in sent), key=lambda r: len(r.get("prvDiaForcedSources") or []))
    forced = [{**p, "band": f"b{i}"} for i, p in enumerate(record["prvDiaForcedSources"])]
    assert len(forced) > 256
    intact, damaged = _rows([record, {**record, "prvDiaForcedSources": forced}])
    assert intact == _rows([record])[0]
    assert {band for _, kind, _, band, *_ in _points(damaged) if kind == 1} == {p["band"] for p in forced}


def test_items_that_are_null_are_no_points(sent: tuple[Packet, ...]) -> None:
    record = next(p.record for p in sent if len(p.record.get("prvDiaForcedSources") or []) > 10)
    holed = {**record, "prvDiaForcedSources": [None, *record["prvDiaForcedSources"], None]}
    assert _rows([holed]) == _rows([record])
