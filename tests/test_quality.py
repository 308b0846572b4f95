"""Reasons not to trust a detection, against the packets' own fields read one at a time."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import real_alerts
from alert_batches import alert, batch
from linnet.core.module import declaration
from linnet.science.quality import NEEDS, REASONS, quality

QUALITY = declaration(quality)


def said(**own: object) -> dict[str, object]:
    """What the module says of one alert that has nothing but these columns."""
    kind, score = own.pop("reliability_kind", None), own.pop("reliability", None)
    columns = {n: real_alerts.AVAILABLE[n] for n in own}
    one = batch(alert(1, own=own, reliability=score, reliability_kind=kind), own_columns=columns)
    found = QUALITY.run(real_alerts.needs_of(one, NEEDS), 1)
    return {name.removeprefix("quality_"): array[0].as_py() for name, array in found.items()}


def of_ztf(candidate: dict[str, Any]) -> dict[str, bool | None]:
    """The reasons of one ZTF packet. Fields are float32 as sent, cuts decimal."""

    def value(name: str) -> float | None:
        found = candidate.get(name)
        return None if found is None or found == -999.0 or math.isnan(found) else round(float(found), 6)

    def any_of(*checks: bool | None) -> bool | None:
        known = [c for c in checks if c is not None]
        return any(known) if known else None

    rb, drb, nbad, fwhm, elong = (value(n) for n in ("rb", "drb", "nbad", "fwhm", "elong"))
    return {
        "low_reliability": any_of(None if rb is None else rb < 0.55, None if drb is None else drb < 0.5),
        "bad_pixels": None if nbad is None else nbad > 0,
        "elongated": any_of(None if fwhm is None else fwhm > 5, None if elong is None else elong > 1.2),
    }


def of_lsst(source: dict[str, Any]) -> dict[str, bool | None]:
    """The reasons of one LSST packet."""

    def any_up(*names: str) -> bool | None:
        known = [bool(source[n]) for n in names if source.get(n) is not None]
        return any(known) if known else None

    score = source.get("reliability")
    return {
        "low_reliability": None if score is None or math.isnan(score) else bool(np.float32(score) < np.float32(0.6)),
        "bad_pixels": any_up(*(f"pixelFlags_{n}" for n in ("bad", "cr", "crCenter", "nodata", "interpolatedCenter"))),
        "edge": any_up("pixelFlags_edge"),
        "elongated": None,
        "dipole": any_up("isDipole"),
        "saturated": any_up("pixelFlags_saturatedCenter"),
        "streak": any_up("pixelFlags_streak", "glint_trail"),
        "bad_fit": any_up("psfFlux_flag", "centroid_flag"),
    }


def test_reasons_of_every_ztf_packet_are_those_of_its_fields(shared_data: Path) -> None:
    records, alerts = real_alerts.ztf(shared_data)
    found = QUALITY.run(real_alerts.needs_of(alerts, NEEDS), alerts.num_rows)
    for name in ("low_reliability", "bad_pixels", "elongated"):
        wanted = [of_ztf(r["candidate"])[name] for r in records]
        assert found[f"quality_{name}"].to_pylist() == wanted, name
        assert True in wanted
        assert False in wanted
    for name in ("dipole", "saturated", "streak", "bad_fit"):
        assert found[f"quality_{name}"].null_count == alerts.num_rows


def test_reasons_of_every_lsst_packet_are_those_of_its_fields(shared_data: Path) -> None:
    records, alerts = real_alerts.lsst(shared_data)
    found = QUALITY.run(real_alerts.needs_of(alerts, NEEDS), alerts.num_rows)
    answers = [of_lsst(r["diaSource"]) for r in records]
    for name in REASONS:
        assert found[f"quality_{name}"].to_pylist() == [a[name] for a in answers], name
    for text, answer in zip(found["quality_reasons"].to_pylist(), answers, strict=True):
        if set(answer.values()) == {None}:
            assert text is None
        else:
            assert text == " ".join(name for name in REASONS if answer[name])


def test_no_reason_applies_exactly_where_the_common_definition_of_clean_holds(shared_data: Path) -> None:
    records, alerts = real_alerts.ztf(shared_data)
    found = QUALITY.run(real_alerts.needs_of(alerts, NEEDS), alerts.num_rows)
    for record, text in zip(records, found["quality_reasons"].to_pylist(), strict=True):
        c = record["candidate"]
        if c.get("rb") is None or c.get("nbad") is None:
            continue
        clean = round(c["rb"], 6) >= 0.55 and (c.get("drb") is None or c["drb"] >= 0.5)
        clean = clean and c["nbad"] == 0 and c["fwhm"] <= 5 and round(c["elong"], 6) <= 1.2
        assert (text == "") == clean, record["candidate"]["candid"]


def test_a_null_flag_is_neither_a_reason_nor_its_absence() -> None:
    assert said(lsst_isDipole=None)["dipole"] is None
    assert said(lsst_isDipole=False)["dipole"] is False
    assert said(lsst_pixelFlags_bad=None, lsst_pixelFlags_cr=True)["bad_pixels"] is True
    assert said(lsst_pixelFlags_bad=None, lsst_pixelFlags_cr=False)["bad_pixels"] is False


def test_reasons_come_in_one_fixed_order() -> None:
    text = said(lsst_centroid_flag=True, lsst_pixelFlags_edge=True, ztf_nbad=2, ztf_rb=0.1)["reasons"]
    assert text == "low_reliability bad_pixels edge bad_fit"


def test_text_is_empty_where_something_was_checked_and_null_where_nothing_was() -> None:
    assert said(lsst_centroid_flag=False)["reasons"] == ""
    assert said(lsst_centroid_flag=None)["reasons"] is None


@pytest.mark.parametrize(
    ("column", "on_the_cut", "beyond", "reason"),
    [
        ("ztf_rb", 0.55, 0.549, "low_reliability"),
        ("ztf_drb", 0.5, 0.499, "low_reliability"),
        ("ztf_nbad", 0, 1, "bad_pixels"),
        ("ztf_fwhm", 5.0, 5.01, "elongated"),
        ("ztf_elong", 1.2, 1.201, "elongated"),
        ("ztf_mindtoedge", 10.0, 9.99, "edge"),
    ],
)
def test_a_value_on_the_cut_is_good_and_one_beyond_is_not(
    column: str, on_the_cut: float, beyond: float, reason: str
) -> None:
    assert said(**{column: on_the_cut})[reason] is False
    assert said(**{column: beyond})[reason] is True


def test_a_score_counts_by_its_own_scale_only() -> None:
    assert said(reliability=0.6, reliability_kind="reliability")["low_reliability"] is False
    assert said(reliability=0.59, reliability_kind="reliability")["low_reliability"] is True
    assert said(reliability=0.59, reliability_kind="rb")["low_reliability"] is None
    assert said(reliability=0.59, reliability_kind=None)["low_reliability"] is None


def test_the_text_survives_a_batch_in_which_no_reason_applies() -> None:
    """Arrow's own join of strings loses such rows, which is why the module does not use it."""
    columns = {n: pa.array([False, None, False], pa.bool_()) for n in NEEDS if n.startswith("lsst_")}
    arrays = [columns.get(n, real_alerts.AVAILABLE[n].empty(3)) for n in NEEDS]
    assert QUALITY.run(arrays, 3)["quality_reasons"].to_pylist() == ["", None, ""]
