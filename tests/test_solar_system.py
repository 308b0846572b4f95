"""The module `solar_system` row by row, and on the asteroids of real packets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import real_alerts
from linnet.core.module import declaration
from linnet.core.plan import Plan
from linnet.science.registry import modules
from linnet.science.solar_system import solar_system
from module_rows import said

MODULE = declaration(solar_system)
SEEN: dict[str, Any] = {
    "is_moving": False,
    "body_id": "9566",
    "body_sep": 1.0,
    "mag": 18.3,
    "ztf_ssmagnr": 18.0,
    "history_two_epochs": False,
}


@pytest.mark.parametrize(
    ("change", "reasons", "body"),
    [
        ({}, "at_body", "9566"),
        ({"ztf_ssmagnr": None}, "at_body", "9566"),
        ({"history_two_epochs": None}, "at_body", "9566"),
        ({"body_sep": 5.0}, "", None),
        ({"body_sep": None}, "", None),
        ({"body_id": None}, "", None),
        ({"mag": 14.2}, "", None),
        ({"mag": 20.0}, "", None),
        ({"history_two_epochs": True}, "", None),
        ({"is_moving": True, "body_sep": None}, "linked", "9566"),
        ({"is_moving": True}, "linked at_body", "9566"),
        ({"is_moving": True, "body_id": None, "body_sep": None}, "linked", None),
        ({"body_id": None, "trail_sigma": 8.0, "trail_ratio": 2.4}, "trailed", None),
        ({"body_id": None, "trail_sigma": 8.0, "trail_ratio": 1.2}, "", None),
        ({"body_id": None, "trail_sigma": 4.0, "trail_ratio": 2.4}, "", None),
        ({"body_id": None, "trail_sigma": 8.0, "trail_ratio": 2.4, "history_two_epochs": True}, "", None),
    ],
)
def test_each_reason_and_what_takes_it_away(change: dict[str, Any], reasons: str, body: str | None) -> None:
    (found,) = said(MODULE, {**SEEN, **change})
    assert (found["is_likely"], found["reasons"], found["body"]) == (bool(reasons), reasons, body)


def test_where_nothing_could_be_asked_nothing_is_said() -> None:
    (found,) = said(MODULE, {"mag": 18.0, "history_two_epochs": True})
    assert (found["is_likely"], found["reasons"]) == (None, None)


@pytest.mark.parametrize("column", ["ztf_ssmagnr", "lsst_ss_ephVmag", "lsst_ss_predictedVMagnitude"])
def test_the_predicted_magnitude_comes_from_whichever_field_has_it(column: str) -> None:
    (found,) = said(MODULE, {"mag": 18.3, column: 18.0})
    assert found["predicted_mag"] == 18.0
    assert found["mag_difference"] == pytest.approx(0.3, rel=1e-5)


@pytest.mark.parametrize("nothing", [0.0, -999.0, None])
def test_a_sentinel_predicts_nothing(nothing: float | None) -> None:
    (found,) = said(MODULE, {"mag": 18.3, "lsst_ss_ephVmag": nothing, "ztf_ssmagnr": nothing})
    assert (found["predicted_mag"], found["mag_difference"]) == (None, None)


def test_asteroids_of_real_packets_are_likely_and_what_merely_lies_near_one_is_not(shared_data: Path) -> None:
    """112 ZTF packets name a body: 108 within 4 arcsec, the others at 6, 7, 15 and 60."""
    records, alerts = real_alerts.ztf(shared_data)
    behind = Plan(modules(), real_alerts.AVAILABLE, wanted=MODULE.gives).run(alerts, _fails)
    likely = behind.column("solar_system_is_likely").to_pylist()
    named = [
        (likely[i], r["candidate"]["ssdistnr"])
        for i, r in enumerate(records)
        if r["candidate"]["ssnamenr"] not in (None, "null") and r["candidate"]["ssdistnr"] >= 0
    ]
    assert sum(1 for yes, _ in named if yes) > 100
    assert {yes for yes, apart in named if apart < 5} == {True}
    assert {yes for yes, apart in named if apart >= 5} == {False}
    assert sum(map(bool, likely)) == sum(1 for yes, _ in named if yes)


def _fails(module: object, error: Exception) -> None:
    raise AssertionError(str(module)) from error
