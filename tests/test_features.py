"""The module `features`: numbers by hand, and on real packets from the fluxes that the packets themselves hold."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import real_alerts
from alert_batches import MJD_OF_TESTS, Alert, alert, batch, forced, limit, point
from feature_oracles import ORACLES
from linnet.core.light_curve_features import FEATURES
from linnet.core.module import declaration
from linnet.core.vocabulary import BANDS
from linnet.science.features import CHOSEN, features

MODULE = declaration(features)
NOW = MJD_OF_TESTS
ZTF_BAND = {1: "g", 2: "r", 3: "i"}
LEAST = {out.name: FEATURES[name].least for name in CHOSEN for out in FEATURES[name].outputs}
ORDERED = {"eta", "cusum", "maximum_slope", "stetson_j"}
"""They depend on the order of two points of one time, which a packet does not say."""

Points = list[tuple[float, float, float]]


def said(*alerts: Alert) -> list[dict[str, float]]:
    """What is not null for each alert, without the prefix."""
    rows = batch(*alerts)
    found = MODULE.run([rows.column(n) for n in MODULE.needs], rows.num_rows)
    tables = [
        dict(zip(found, values, strict=True)) for values in zip(*(a.to_pylist() for a in found.values()), strict=True)
    ]
    return [{n.removeprefix("features_"): v for n, v in row.items() if v is not None} for row in tables]


def compared(found: dict[str, list[Any]], i: int, band: str, points: Points) -> int:
    """Compare the outputs of one band of one alert with numpy's on these (time, flux, error); gives how many."""
    n = 0
    t, m, e = np.array(sorted(points), dtype=np.float64).reshape(-1, 3).T
    twins = len(t) > 1 and np.diff(t).min() < 1e-6
    for name, least in LEAST.items():
        value = found[f"features_{band}_{name}"][i]
        if len(t) < least:
            assert value is None, (i, band, name)
        elif value is not None and not (twins and name in ORDERED):
            assert value == pytest.approx(ORACLES[name](t, m, e), rel=1e-3, abs=2e-4), (i, band, name)
            n += 1
        elif value is None:
            assert np.ptp(m) == 0 or np.ptp(t) == 0, (i, band, name)
    return n


def test_every_ztf_packet_has_the_features_of_its_magpsf_as_fluxes(shared_data: Path) -> None:
    records, alerts = real_alerts.ztf(shared_data)
    found = {n: a.to_pylist() for n, a in MODULE.run(real_alerts.needs_of(alerts, MODULE.needs), len(records)).items()}
    total = 0
    for i, record in list(enumerate(records))[::3]:
        own = record["candidate"]
        earlier = [p for p in record.get("prv_candidates") or [] if p["jd"] <= own["jd"] + 1e-6]
        seen = {p["candid"]: p for p in reversed(earlier) if p.get("candid") is not None} | {own["candid"]: own}
        for fid, band in ZTF_BAND.items():
            points = []
            for p in seen.values():
                flux = 10 ** ((31.4 - p["magpsf"]) / 2.5) * (1 if p["isdiffpos"] in ("t", "1", 1, True) else -1)
                points.append((p["jd"], flux, abs(flux) * math.log(10) / 2.5 * p["sigmapsf"], p["fid"]))
            total += compared(found, i, band, [(t, m, e) for t, m, e, its in points if its == fid])
    assert total > 2_000


def test_every_lsst_packet_has_the_features_of_its_sources(shared_data: Path) -> None:
    records, alerts = real_alerts.lsst(shared_data)
    found = {n: a.to_pylist() for n, a in MODULE.run(real_alerts.needs_of(alerts, MODULE.needs), len(records)).items()}
    total = 0
    for i, record in enumerate(records):
        own = record["diaSource"]
        earlier = [p for p in record.get("prvDiaSources") or [] if p["midpointMjdTai"] <= own["midpointMjdTai"] + 1e-6]
        seen = {p["diaSourceId"]: p for p in earlier} | {own["diaSourceId"]: own}
        for band in BANDS:
            points = [
                (p["midpointMjdTai"], p["psfFlux"], p["psfFluxErr"])
                for p in seen.values()
                if p["band"] == band and p["psfFlux"] is not None
            ]
            total += compared(found, i, band, points)
    assert total > 2_000


def test_four_detections_by_hand() -> None:
    """Fluxes 100, 300, 200, 400 a day apart, errors 50: mean 250, s = sqrt(50000 / 3), slope 80 nJy/d."""
    days = [(3, 100.0), (2, 300.0), (1, 200.0)]
    (found,) = said(alert(1, [point(NOW - d, "g", f, 50.0) for d, f in days], band="g", flux=400.0, flux_err=50.0))
    wanted = {
        "weighted_mean": 250.0,
        "amplitude": 150.0,
        "standard_deviation": math.sqrt(50_000 / 3),
        "median_absolute_deviation": 100.0,
        "inter_percentile_range_25": 200.0,
        "magnitude_percentage_ratio_40_5": (290.0 - 210.0) / 300.0,
        "reduced_chi2": 50_000 / 2500 / 3,
        "skew": 0.0,
        "kurtosis": -1.2,
        "beyond_1_std": 0.5,
        "stetson_k": 400 / 2 / math.sqrt(50_000),
        "eta": 90_000 / 50_000,
        "cusum": 150 / (4 * math.sqrt(50_000 / 3)),
        "maximum_slope": 200.0,
        "linear_fit_slope": 80.0,
        "linear_fit_slope_sigma": 50 / math.sqrt(5),
        "linear_fit_reduced_chi2": (50_000 - 80**2 * 5) / 2500 / 2,
    }
    assert {n.removeprefix("g_") for n in found} == {*wanted, "anderson_darling_normal", "stetson_j"}
    assert {n: found[f"g_{n}"] for n in wanted} == {n: pytest.approx(v, rel=1e-6, abs=1e-6) for n, v in wanted.items()}


def test_bands_are_apart_and_only_detections_with_a_flux_of_a_known_band_count() -> None:
    alone = alert(1, band="r")
    others = [point(NOW - 3, "VR"), point(NOW - 3, None), point(NOW - 2, "r", None), forced(NOW - 2), limit(NOW - 1)]
    both = alert(2, [*others, point(NOW - 1, "g", 700.0), point(NOW - 2, "g", 500.0)], band="r")
    first, second = said(alone, both)
    assert {n: v for n, v in second.items() if n.startswith("r_")} == first
    assert set(first) == {f"r_{n}" for n, least in LEAST.items() if least <= 1}
    assert (second["g_weighted_mean"], second["g_amplitude"], second["g_maximum_slope"]) == (600.0, 100.0, 200.0)


def test_a_detection_without_an_error_counts_only_where_errors_do_not() -> None:
    (found,) = said(alert(1, [point(NOW - 1, "r", 3000.0, None)], band="r", flux=1000.0))
    assert (found["r_amplitude"], found["r_weighted_mean"]) == (1000.0, 1000.0)
    assert "r_stetson_k" not in found


def test_negative_fluxes_count_with_their_sign() -> None:
    (found,) = said(alert(1, [point(NOW - 1, "r", -400.0, 50.0)], band="r", flux=400.0))
    assert (found["r_weighted_mean"], found["r_amplitude"], found["r_maximum_slope"]) == (0.0, 400.0, 800.0)


def test_a_flux_at_the_end_of_float32_gives_no_infinity() -> None:
    (found,) = said(alert(1, [point(NOW - 0.001, "r", -3e38, 1e37)], band="r", flux=3e38, flux_err=1e37))
    assert found["r_amplitude"] == pytest.approx(3e38)
    assert "r_maximum_slope" not in found
    assert all(math.isfinite(value) for value in found.values())


def test_each_column_says_its_band_its_unit_and_when_it_is_null() -> None:
    assert len(MODULE.gives) == len(BANDS) * len(LEAST)
    for name, column in MODULE.gives.items():
        band = name.split("_")[1]
        assert f"flux in {band}. Null" in column.doc, name
        assert column.unit in {"", "nJy", "nJy.d**-1"}
