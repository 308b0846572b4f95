"""Since when sources are known, against the packets' own fields."""

from __future__ import annotations

import math
from pathlib import Path

import pyarrow as pa
import pytest

import real_alerts
from linnet.core.module import declaration
from linnet.science.first_seen import first_seen

MODULE = declaration(first_seen)


def ages(**columns: list[float | None]) -> list[float | None]:
    """What the module gives for rows of these columns."""
    names = ("age", "mjd", "ztf_jd", "ztf_jdstarthist", "lsst_object_firstDiaSourceMjdTai")
    rows = len(next(iter(columns.values())))
    arrays = [pa.array(columns.get(n, [None] * rows), pa.float32() if n == "age" else pa.float64()) for n in names]
    found: list[float | None] = MODULE.run(arrays, rows)["first_seen_age"].to_pylist()
    return found


def test_the_longest_of_the_times_counts_and_nothing_known_is_null() -> None:
    jd, first = [2459400.5, 2459400.5, 2459400.5, None], [2459300.5, 2459400.25, None, None]
    assert ages(age=[12.0, 12.0, 12.0, None], ztf_jd=jd, ztf_jdstarthist=first) == [100.0, 12.0, 12.0, None]
    assert ages(mjd=[61000.0], lsst_object_firstDiaSourceMjdTai=[60900.0]) == [100.0]
    assert ages(age=[0.0], ztf_jd=[2459400.5], ztf_jdstarthist=[2459401.5]) == [0.0]


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_real_alerts_are_as_old_as_their_packets_say(shared_data: Path, survey: str) -> None:
    records, batch = {"ztf": real_alerts.ztf, "lsst": real_alerts.lsst}[survey](shared_data)
    found = MODULE.run(real_alerts.needs_of(batch, MODULE.needs), batch.num_rows)["first_seen_age"].to_pylist()
    for record, age, value in zip(records, batch.column("age").to_pylist(), found, strict=True):
        known = [] if age is None else [age]
        candidate = record.get("candidate")
        if candidate and candidate.get("jdstarthist"):
            known.append(candidate["jd"] - candidate["jdstarthist"])
        first = None if candidate else (record.get("diaObject") or {}).get("firstDiaSourceMjdTai")
        if first and not math.isnan(first):
            known.append(record["diaSource"]["midpointMjdTai"] - first)
        assert value == (pytest.approx(max(0.0, *known), abs=1e-3) if known else None)
