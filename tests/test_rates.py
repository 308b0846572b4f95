"""Slopes against numpy.polyfit on the numbers that the packets themselves hold, one alert and band at a time."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import real_alerts
from alert_batches import MJD_OF_TESTS, Alert, Point, alert, batch, forced, limit, point, with_history
from linnet.core.module import declaration
from linnet.core.vocabulary import BANDS
from linnet.science.rates import rates

RATES = declaration(rates)
NOW = MJD_OF_TESTS
ZTF_BAND = {1: "g", 2: "r", 3: "i"}


def said(*alerts: Alert) -> dict[str, list[Any]]:
    """What the module says of these alerts, without the prefix."""
    rows = batch(*alerts)
    found = RATES.run([rows.column(n) for n in RATES.needs], rows.num_rows)
    return {name.removeprefix("rates_"): array.to_pylist() for name, array in found.items()}


def fitted(points: list[tuple[float, float, float]]) -> tuple[float, float] | None:
    """Slope and error of (time, value, error) by polyfit, the error grown by the scatter; None where there is none."""
    when, value, error = np.array(points, dtype=np.float64).reshape(-1, 3).T
    if len(when) < 2 or np.ptp(when) < 0.02:
        return None
    when = when - when.mean()
    if len(when) == 2:
        apart = float(when[1] - when[0])
        return float(value[1] - value[0]) / apart, math.hypot(*error.tolist()) / abs(apart)
    line, cov = np.polyfit(when, value, 1, w=1 / error, cov="unscaled")
    chi2 = np.sum(((value - np.polyval(line, when)) / error) ** 2)
    return float(line[0]), float(np.sqrt(cov[0, 0] * max(1.0, chi2 / (len(when) - 2))))


def agrees(found: dict[str, list[Any]], i: int, column: str, wanted: tuple[float, float] | None) -> bool:
    """Whether slope and error are as wanted; slopes to a thousandth of their error, as packets hold 7 digits."""
    slope, error = found[f"rates_{column}"][i], found[f"rates_{column}_err"][i]
    if wanted is None:
        assert (slope, error) == (None, None), (i, column)
        return False
    assert slope == pytest.approx(wanted[0], rel=2e-4, abs=2e-3 * wanted[1]), (i, column)
    assert error == pytest.approx(wanted[1], rel=2e-3), (i, column)
    return True


def test_magnitude_slopes_of_every_ztf_packet_are_those_of_its_magpsf(shared_data: Path) -> None:
    records, alerts = real_alerts.ztf(shared_data)
    found = {n: a.to_pylist() for n, a in RATES.run(real_alerts.needs_of(alerts, RATES.needs), len(records)).items()}
    compared = 0
    for i, record in enumerate(records):
        own = record["candidate"]
        earlier = [p for p in record.get("prv_candidates") or [] if own["jd"] - 30 <= p["jd"] <= own["jd"] + 1e-6]
        seen = {p["candid"]: p for p in reversed(earlier) if p.get("candid") is not None} | {own["candid"]: own}
        for fid, band in ZTF_BAND.items():
            points = [
                (p["jd"], p["magpsf"], p["sigmapsf"])
                for p in seen.values()
                if p["fid"] == fid and p["isdiffpos"] in ("t", "1", 1, True)
            ]
            compared += agrees(found, i, f"{band}_mag", fitted(points))
    assert compared > 400


def test_flux_and_magnitude_slopes_of_every_lsst_packet_are_those_of_its_sources(shared_data: Path) -> None:
    records, alerts = real_alerts.lsst(shared_data)
    found = {n: a.to_pylist() for n, a in RATES.run(real_alerts.needs_of(alerts, RATES.needs), len(records)).items()}
    compared = 0
    for i, record in enumerate(records):
        own = record["diaSource"]
        now = own["midpointMjdTai"]
        seen = {p["diaSourceId"]: p for p in record.get("prvDiaSources") or []} | {own["diaSourceId"]: own}
        for band in BANDS:
            points = [
                (p["midpointMjdTai"], p["psfFlux"], p["psfFluxErr"])
                for p in seen.values()
                if p["band"] == band and now - 30 <= p["midpointMjdTai"] <= now + 1e-6 and p["psfFlux"] is not None
            ]
            mags = [(t, -2.5 * math.log10(f), 2.5 / math.log(10) * e / f) for t, f, e in points if f > 0]
            compared += agrees(found, i, f"{band}_flux", fitted(points))
            compared += agrees(found, i, f"{band}_mag", fitted(mags))
    assert compared > 180


def test_verdicts_follow_from_the_slopes_of_the_same_alert(shared_data: Path) -> None:
    for read in (real_alerts.ztf, real_alerts.lsst):
        alerts = read(shared_data)[1]
        found = RATES.run(real_alerts.needs_of(alerts, RATES.needs), alerts.num_rows)
        table = {n.removeprefix("rates_"): a.to_pylist() for n, a in found.items()}
        for i in range(alerts.num_rows):
            fluxes = [(table[f"{b}_flux"][i], table[f"{b}_flux_err"][i]) for b in BANDS]
            fluxes = [(s, e) for s, e in fluxes if s is not None]
            assert table["rising"][i] == (any(s > 3 * e for s, e in fluxes) if fluxes else None)
            assert table["fading"][i] == (any(s < -3 * e for s, e in fluxes) if fluxes else None)
            mags = [(table[f"{b}_mag"][i], table[f"{b}_mag_err"][i]) for b in BANDS]
            best = max((m for m in mags if m[0] is not None), key=lambda m: abs(m[0]) / m[1], default=(None, None))
            assert (table["fastest_mag"][i], table["fastest_mag_err"][i]) == best


def test_a_known_line_comes_back_with_the_textbook_error() -> None:
    """Slope 20 nJy/d; the error of a slope is error / sqrt(sum of squared distances from the mean time)."""
    days = [12.0, 9.0, 6.0, 3.0]
    found = said(alert(1, [point(NOW - d, "g", 1000.0 - 20 * d, 5.0) for d in days], band="g", flux_err=5.0))
    spread = math.sqrt(sum((d - 6.0) ** 2 for d in [*days, 0.0]))
    assert found["g_flux"] == [pytest.approx(20.0, rel=1e-6)]
    assert found["g_flux_err"] == [pytest.approx(5.0 / spread, rel=1e-6)]
    assert found["g_mag"][0] < 0
    assert (found["rising"], found["fading"]) == ([True], [False])
    assert found["span"] == [12.0]
    assert found["r_flux"] == [None]


def test_scatter_about_the_line_makes_the_error_larger_and_never_smaller() -> None:
    steady = said(alert(1, [point(NOW - d, "r", 1000.0) for d in (8, 6, 4, 2)]))
    jumping = said(alert(1, [point(NOW - d, "r", 1000.0 + j) for d, j in ((8, 900), (6, -900), (4, 900), (2, -900))]))
    assert jumping["r_flux_err"][0] > 10 * steady["r_flux_err"][0]
    assert steady["r_flux_err"] == [pytest.approx(50 / math.sqrt(40), rel=1e-6)]


@pytest.mark.parametrize(
    "earlier",
    [
        [],
        [point(NOW - 0.0199)],
        [point(NOW - 30.01)],
        [point(NOW - 2, "g")],
        [forced(NOW - 2)],
        [limit(NOW - 2)],
        [point(NOW - 2, "r", None)],
        [point(NOW - 2, "r", 900.0, None)],
        [point(NOW - 2, "r", 900.0, 0.0)],
        [point(NOW - 2, None)],
        [point(NOW - 2, "VR")],
    ],
    ids=str,
)
def test_there_is_no_slope_without_two_usable_detections_of_one_band(earlier: list[Point]) -> None:
    assert {name: values for name, values in said(alert(1, earlier)).items() if values != [None]} == {}


def test_negative_detections_have_a_flux_slope_and_no_magnitude_slope() -> None:
    found = said(alert(1, [point(NOW - 2, "r", -1000.0), point(NOW - 1, "r", -500.0)], flux=-100.0))
    assert found["r_flux"] == [pytest.approx(450.0, rel=0.1)]
    assert found["rising"] == [True]
    assert found["fastest_mag"] == found["r_mag"] == [None]
    assert found["span"] == [None]


def test_bands_that_disagree_are_both_rising_and_fading_and_the_most_significant_is_fastest() -> None:
    green = [point(NOW - d, "g", 1000.0 + 300 * d, 20.0) for d in (3, 2, 1)]
    found = said(alert(1, [*green, point(NOW - 2, "r", 400.0)]))
    assert (found["rising"], found["fading"]) == ([True], [True])
    assert found["fastest_mag"] == found["g_mag"]
    assert found["fastest_mag"][0] > 0
    assert found["span"] == [2.0]


def test_large_times_and_fluxes_lose_no_digits() -> None:
    """A line of 1 nJy/d on a star of a million nJy, at times near 60,000 d."""
    found = said(alert(1, [point(NOW - d, "r", 1e6 - d, 0.5) for d in (16, 8, 4, 2)], flux=1e6, flux_err=0.5))
    assert found["r_flux"] == [pytest.approx(1.0, abs=1e-6)]


def test_a_point_after_the_alert_does_not_enter() -> None:
    earlier = alert(1, [point(NOW - 2, "r", 500.0)])
    assert said(with_history(earlier, [*earlier.hist, point(NOW + 1, "r", 9e5)])) == said(earlier)


def test_values_beyond_what_a_column_holds_are_null_and_not_infinite() -> None:
    found = said(alert(1, [point(NOW - 0.02, "r", -3e38, 1e37)], flux=3e38, flux_err=1e37))
    assert found["r_flux"] == [None]
