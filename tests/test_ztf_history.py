"""The light curve of every real ZTF packet, against a plain Python reading of its previous candidates."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pyarrow as pa
import pytest
from astropy.time import Time

from linnet.surveys.ztf import Ztf
from ztf_packets import Packet, decoded, packets

ZTF = Ztf()
Point = dict[str, Any]
Curve = list[Point]
NAMES = ("mjd", "band", "flux", "flux_err", "kind", "source_id", "key", "public")


@pytest.fixture(scope="module")
def real(shared_data: Path) -> tuple[Packet, ...]:
    """All packets."""
    return packets(shared_data / "ztf")


@pytest.fixture(scope="module")
def columns(real: tuple[Packet, ...]) -> pa.RecordBatch:
    """Their columns."""
    return ZTF.columns(decoded([p.record for p in real], ZTF.fields()))


@pytest.fixture(scope="module")
def curves(columns: pa.RecordBatch) -> list[Curve]:
    """The light curve of every alert as one dictionary for each point."""
    lists = {n: columns.column(f"lc_{n}").to_pylist() for n in NAMES}
    return [
        [dict(zip(NAMES, values, strict=True)) for values in zip(*(lists[n][i] for n in NAMES), strict=True)]
        for i in range(columns.num_rows)
    ]


def njy(mag: float) -> float | None:
    """Flux of an AB magnitude by astropy, None where no number holds it."""
    try:
        flux = float((mag * u.ABmag).to_value(u.nJy))
    except OverflowError:
        return None
    return flux if math.isfinite(flux) else None


def detection(item: dict[str, Any]) -> Point:
    """The point of a detection."""
    size = njy(item["magpsf"])
    assert size is not None
    up = str(item["isdiffpos"]) in ("t", "1")
    return {"flux": size if up else -size, "flux_err": size * item["sigmapsf"] / 1.0857362, "kind": 0} | {
        "source_id": item["candid"],
        "key": item["candid"],
    }


def forced(item: dict[str, Any]) -> Point:
    """The point of a forced measurement."""
    measured = item["procstatus"] in ("0", "56")
    unit = njy(item["magzpsci"]) or 0.0
    flux, error = item["forcediffimflux"], item["forcediffimfluxunc"]
    assert measured != (flux == -99999.0)
    return {
        "flux": flux * unit if measured else None,
        "flux_err": error * unit if measured else None,
        "kind": 1,
        "source_id": None,
        "key": item["pid"],
    }


def limit(item: dict[str, Any]) -> Point:
    """The point of an upper limit."""
    with np.errstate(over="ignore"):
        flux = njy(item["diffmaglim"])
    return {
        "flux": None,
        "flux_err": None if flux is None else flux / 5,
        "kind": 2,
        "source_id": None,
        "key": item["pid"],
    }


def point(item: dict[str, Any]) -> Point:
    """The point of one item of a packet, whatever it is."""
    kind = detection if item.get("candid") is not None else forced if "forcediffimflux" in item else limit
    start = (item["jd"], (item.get("exptime") or 30.0) / 86400)
    common = {"start": start, "band": {1: "g", 2: "r", 3: "i"}[item["fid"]], "public": item["programid"] == 1}
    return common | kind(item)


def later(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether the middle of an exposure is more than a millionth of a day after that of another."""
    return (one[0] - other[0]) + (one[1] - other[1]) / 2 > 1e-6


def expected(packet: Packet) -> tuple[Curve, int]:
    """Light curve without order, and number of points in the future."""
    own = point(packet.candidate)
    items = (packet.record.get("prv_candidates") or []) + (packet.record.get("fp_hists") or [])
    found, future = {(own["kind"], own["key"]): own}, 0
    for item in items:
        here = point(item)
        identity = (here["kind"], here["key"])
        if identity != (0, own["key"]) and later(here["start"], own["start"]):
            future += 1
        elif here["key"] > 0 or here["kind"] == 0:
            found.setdefault(identity, here)
        else:
            found.setdefault((here["kind"], hash((item["jd"], item["fid"], item["rcid"]))), here)
    return list(found.values()), future


def same(found: float | None, wanted: float | None) -> bool:
    """Whether two fluxes agree to single precision and the zero point's rounding."""
    if found is None or wanted is None:
        return found is wanted
    return found == pytest.approx(wanted, rel=1e-5)


def test_every_point_of_every_packet_is_there_and_no_other(
    real: tuple[Packet, ...], columns: pa.RecordBatch, curves: list[Curve]
) -> None:
    kinds: Counter[int] = Counter()
    futures = columns.column("lc_n_future").to_pylist()
    for packet, curve, future in zip(real, curves, futures, strict=True):
        wanted, n_future = expected(packet)
        assert future == n_future
        assert len(curve) == len(wanted)
        by_identity = {(p["kind"], p["key"]): p for p in curve}
        assert len(by_identity) == len(curve)
        for other in wanted:
            kinds[other["kind"]] += 1
            here = by_identity.get((other["kind"], other["key"]))
            if here is None:
                assert other["key"] < 0
                continue
            assert all(here[n] == other[n] for n in ("band", "kind", "source_id", "public"))
            assert same(here["flux"], other["flux"])
            assert same(here["flux_err"], other["flux_err"])
    # 15,880 previous candidates (2,249 of them forced), 409 forced points, 903 own detections; less 564 of the future,
    # and 206 repeats: commissioning packets repeat their own detection, simulated ones have one candid for all points.
    assert sum(kinds.values()) == 15880 + 409 + 903 - 564 - 206
    assert sum(futures) == 564
    assert kinds == {0: 5488, 1: 2249 + 409, 2: 8276}


def test_times_of_points_are_middles_of_exposures_in_tai_by_astropy(
    real: tuple[Packet, ...], curves: list[Curve]
) -> None:
    pairs = []
    for packet, curve in zip(real, curves, strict=True):
        times = {(p["kind"], p["key"]): p["mjd"] for p in curve}
        wanted = [p for p in expected(packet)[0] if (p["kind"], p["key"]) in times]
        pairs += [(*p["start"], times[(p["kind"], p["key"])]) for p in wanted]
    jd, exptime, found = (np.array(values) for values in zip(*pairs, strict=True))
    middles = Time(jd, exptime / 2, format="jd", scale="utc").tai.mjd
    np.testing.assert_allclose(found, middles, rtol=0, atol=1e-6 / 86400)
    assert len(found) > 14000


def test_light_curves_ascend_and_hold_their_own_detection_once(columns: pa.RecordBatch, curves: list[Curve]) -> None:
    names = ("alert_id", "mjd", "flux", "flux_err", "band", "is_public")
    for curve, *own in zip(curves, *(columns.column(n).to_pylist() for n in names), strict=True):
        times = [p["mjd"] for p in curve]
        assert times == sorted(times)
        assert times[-1] <= own[1] + 1e-6
        (itself,) = (p for p in curve if p["kind"] == 0 and p["key"] == own[0])
        assert [itself[n] for n in ("key", "mjd", "flux", "flux_err", "band", "public")] == own


def test_points_of_the_future_are_dropped_where_the_data_are_known_to_hold_them(
    real: tuple[Packet, ...], columns: pa.RecordBatch
) -> None:
    by_folder: Counter[str] = Counter()
    packets_with: Counter[str] = Counter()
    for packet, future in zip(real, columns.column("lc_n_future").to_pylist(), strict=True):
        folder = packet.file.split("/")[0]
        by_folder[folder] += future
        packets_with[folder] += future > 0
    assert by_folder["fink-broker-202310"] == 497
    assert packets_with["fink-broker-202310"] == 18
    # Test data of 2018: candid 472263571115095000 has 62 previous candidates after itself.
    ids = [p.candidate["candid"] for p in real]
    assert columns.column("lc_n_future")[ids.index(472263571115095000)].as_py() == 62


def test_a_limit_that_no_number_holds_is_a_limit_without_a_value(real: tuple[Packet, ...], curves: list[Curve]) -> None:
    # One previous candidate of 595211876015015031 has diffmaglim -1006.94.
    ids = [p.candidate["candid"] for p in real]
    curve = curves[ids.index(595211876015015031)]
    assert [p["flux_err"] for p in curve if p["kind"] == 2].count(None) == 1


def test_forced_photometry_of_schema_3_5_lies_among_the_previous_candidates(
    real: tuple[Packet, ...], curves: list[Curve]
) -> None:
    chosen = [c for p, c in zip(real, curves, strict=True) if p.record.get("schemavsn") == "3.5"]
    assert len(chosen) == 102
    assert all(Counter(p["kind"] for p in c) == {0: 1, 1: len(c) - 1} for c in chosen)
    assert sum(len(c) for c in chosen) == 102 + 2249


def test_failed_forced_photometry_is_kept_without_a_value(curves: list[Curve]) -> None:
    # procstatus 61 and 55: 192 rows of -99999.
    empty = [p for c in curves for p in c if p["kind"] == 1 and p["flux"] is None]
    assert len(empty) == 192
    assert all(p["flux_err"] is None for p in empty)


def test_what_is_not_of_programme_1_is_not_public(real: tuple[Packet, ...], curves: list[Curve]) -> None:
    shown = {p["public"] for packet, c in zip(real, curves, strict=True) for p in c if "20180601" in packet.file}
    assert shown == {True}
    commissioning = [c for p, c in zip(real, curves, strict=True) if p.file.startswith("ampel-v1.3-20171214")]
    assert not any(p["public"] for c in commissioning for p in c if p["kind"] == 0)


def test_packets_without_previous_candidates_hold_their_detection_alone(
    real: tuple[Packet, ...], curves: list[Curve]
) -> None:
    alone = [c for p, c in zip(real, curves, strict=True) if p.record["prv_candidates"] is None]
    assert len(alone) == 7
    assert all(len(c) == 1 for c in alone)
