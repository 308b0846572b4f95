"""LSST alerts in the common vocabulary, against plain Python and astropy on the records of every real packet."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time, TimeDelta
from cdshealpix.nested import lonlat_to_healpix

from linnet.core.checks import problems
from linnet.core.column import schema_of
from linnet.core.survey import Survey
from linnet.core.vocabulary import PACKET
from linnet.surveys.lsst import QUALITY_BITS, Lsst
from lsst_packets import Packet, Record, decoded, packets

LSST: Survey = Lsst()

Value = Callable[[Record], Any]


@pytest.fixture(scope="module")
def sent(shared_data: Path) -> tuple[Packet, ...]:
    """Every packet."""
    return packets(shared_data)


@pytest.fixture(scope="module")
def table(sent: tuple[Packet, ...]) -> pa.RecordBatch:
    """Their columns, row by row."""
    return LSST.columns(decoded([p.record for p in sent], LSST.fields()))


def _single(value: float | None) -> float | None:
    """A number as a 32-bit float has it, None where it is none."""
    return None if value is None or not math.isfinite(value) else float(np.float32(value))


def _close(column: pa.Array, expected: list[float | None]) -> bool:
    """Equal to a few parts in ten million, nulls in the same places."""
    found = np.array(column.to_pylist(), dtype=float)
    return np.allclose(found, np.array(expected, dtype=float), rtol=3e-7, atol=0, equal_nan=True)


def _identifier(value: int | None) -> int | None:
    return value or None


def _source(name: str) -> Value:
    return lambda record: record["diaSource"].get(name)


def _mag(flux: float | None) -> float | None:
    return 31.4 - 2.5 * math.log10(flux) if flux is not None and flux > 0 else None


def _mag_err(flux: float | None, error: float | None) -> float | None:
    return 2.5 / math.log(10) * error / flux if flux and flux > 0 and error is not None else None


def _body(record: Record) -> str | None:
    for name, field in (("ssSource", "designation"), ("mpc_orbits", "designation"), ("MPCORB", "mpcDesignation")):
        if (record.get(name) or {}).get(field):
            return str(record[name][field])
    return None


def _moves(record: Record) -> bool:
    return bool(record["diaSource"]["ssObjectId"]) and not record["diaSource"]["diaObjectId"]


EXACT: dict[str, Value] = {
    "survey": lambda _: "lsst",
    "alert_id": _source("diaSourceId"),
    "object_id": lambda r: str(r["diaSource"]["diaObjectId"]) if r["diaSource"]["diaObjectId"] else None,
    "object_key": lambda r: _identifier(r["diaSource"]["diaObjectId"]),
    "body_id": _body,
    "body_sep": lambda r: _single((r.get("ssSource") or {}).get("ephOffset")),
    "is_moving": _moves,
    "mjd": _source("midpointMjdTai"),
    "visit": _source("visit"),
    "detector": _source("detector"),
    "band": _source("band"),
    "ra": _source("ra"),
    "dec": _source("dec"),
    "ra_err": lambda r: _single(r["diaSource"]["raErr"]),
    "dec_err": lambda r: _single(r["diaSource"]["decErr"]),
    "flux": lambda r: _single(r["diaSource"]["psfFlux"]),
    "flux_err": lambda r: _single(r["diaSource"]["psfFluxErr"]),
    "is_positive": lambda r: None if r["diaSource"]["psfFlux"] is None else r["diaSource"]["psfFlux"] > 0,
    "science_flux": lambda r: _single(r["diaSource"].get("scienceFlux")),
    "science_flux_err": lambda r: _single(r["diaSource"].get("scienceFluxErr")),
    "template_flux": lambda r: _single(r["diaSource"].get("templateFlux")),
    "template_flux_err": lambda r: _single(r["diaSource"].get("templateFluxErr")),
    "reliability": lambda r: _single(r["diaSource"].get("reliability")),
    "reliability_kind": lambda r: "reliability" if r["diaSource"].get("reliability") is not None else None,
    "program": lambda _: None,
    "is_public": lambda _: True,
    "ebv": lambda _: None,
}


@pytest.mark.parametrize("name", EXACT)
def test_a_column_is_the_field_that_the_survey_facts_name(
    name: str, sent: tuple[Packet, ...], table: pa.RecordBatch
) -> None:
    assert table.column(name).to_pylist() == [EXACT[name](p.record) for p in sent]


def test_the_batch_has_exactly_the_declared_columns_and_types(table: pa.RecordBatch) -> None:
    assert table.schema == schema_of({**PACKET, **LSST.own_columns})
    table.validate(full=True)


def test_magnitudes_are_those_of_positive_fluxes(sent: tuple[Packet, ...], table: pa.RecordBatch) -> None:
    for mag, field in (("mag", "psfFlux"), ("total_mag", "scienceFlux")):
        flux = [p.record["diaSource"].get(field) for p in sent]
        error = [p.record["diaSource"].get(f"{field}Err") for p in sent]
        assert table.column(mag).to_pylist() == [_single(_mag(f)) for f in flux]
        expected = [_single(_mag_err(f, e)) for f, e in zip(flux, error, strict=True)]
        assert _close(table.column(f"{mag}_err"), expected)
        assert sum(m is not None for m in table.column(mag).to_pylist()) > 80


def test_signal_to_noise_is_that_of_the_flux_and_not_the_packets_own(
    sent: tuple[Packet, ...], table: pa.RecordBatch
) -> None:
    sources = [p.record["diaSource"] for p in sent]
    measured = [bool(s["psfFlux"] is not None and s["psfFluxErr"]) for s in sources]
    expected = [
        _single(abs(s["psfFlux"]) / s["psfFluxErr"]) if m else None for s, m in zip(sources, measured, strict=True)
    ]
    snr = table.column("snr").to_pylist()
    assert _close(table.column("snr"), expected)
    ratios = [ours / s["snr"] for ours, s in zip(snr, sources, strict=True) if ours and s["snr"]]
    assert min(ratios) < 0.01
    assert max(ratios) > 10


def test_the_sign_of_the_flux_decides_where_isnegative_says_otherwise(
    sent: tuple[Packet, ...], table: pa.RecordBatch
) -> None:
    wrong: Counter[str] = Counter()
    for packet, positive in zip(sent, table.column("is_positive").to_pylist(), strict=True):
        source = packet.record["diaSource"]
        negative = source.get("isNegative", source.get("is_negative"))
        if negative is False and positive is False:
            wrong[packet.folder] += 1
    # The figures of the survey facts.
    assert wrong["fink-v7_4-20250411"] == 10
    assert wrong["alerce-v9_0"] == 1
    assert wrong["fink-v9_0-decam-ci"] == 2
    assert wrong["fink-v10_0-parquet-20260101"] == 1


def test_nights_are_the_utc_date_twelve_hours_earlier_and_rubins_own_in_the_visit(
    sent: tuple[Packet, ...], table: pa.RecordBatch
) -> None:
    night, mjd, visit = (table.column(n).to_pylist() for n in ("night", "mjd", "visit"))
    usable = [i for i, t in enumerate(mjd) if 40000 < t < 80000]
    noon = Time([mjd[i] for i in usable], format="mjd", scale="tai").utc - TimeDelta(0.5 * u.day)
    assert [night[i] for i in usable] == [int(day) for day in noon.strftime("%Y%m%d")]
    numbered = [i for i in usable if visit[i] is not None and visit[i] > 10**11]
    assert len(numbered) == 104
    assert all(night[i] == visit[i] // 100000 for i in numbered)


def test_places_on_the_sky_agree_with_astropy_and_cdshealpix(table: pa.RecordBatch) -> None:
    place = SkyCoord(table.column("ra").to_numpy() * u.deg, table.column("dec").to_numpy() * u.deg, frame="icrs")
    cells = lonlat_to_healpix(place.ra, place.dec, 29)
    assert table.column("healpix").to_pylist() == [int(c) for c in cells]
    galactic, ecliptic = place.galactic, place.barycentricmeanecliptic
    for ours, theirs in (
        ("gal_lon", galactic.l.deg),
        ("gal_lat", galactic.b.deg),
        ("ecl_lon", ecliptic.lon.deg),
        ("ecl_lat", ecliptic.lat.deg),
    ):
        assert table.column(ours).to_pylist() == pytest.approx(list(theirs), abs=5e-5)


def test_quality_bits_hold_the_true_flags_and_are_null_where_no_flag_was_sent(
    sent: tuple[Packet, ...], table: pa.RecordBatch
) -> None:
    for packet, bits in zip(sent, table.column("quality_bits").to_pylist(), strict=True):
        flags = {flag: packet.record["diaSource"].get(flag) for flag in QUALITY_BITS}
        if all(value is None for value in flags.values()):
            assert bits is None
        else:
            assert bits == sum(1 << QUALITY_BITS[flag] for flag, value in flags.items() if value)
    assert table.column("quality_bits").null_count == 23  # the fake and the minimal packets have none


def test_fakes_whose_time_is_in_seconds_are_rows_that_the_checks_name(
    sent: tuple[Packet, ...], table: pa.RecordBatch
) -> None:
    found = problems(table).to_pylist()
    bad = [p for p, problem in zip(sent, found, strict=True) if problem]
    assert len(bad) == 13
    assert {p.record["diaSource"]["midpointMjdTai"] for p in bad} == {1480360995.0}
    assert {p.folder for p in bad} == {"official-fake-samples", "kafka-wire-format-minimal"}


def test_the_real_asteroids_are_moving_bodies_without_an_object_that_the_survey_trusts(table: pa.RecordBatch) -> None:
    moving = table.filter(table.column("is_moving"))
    assert moving.num_rows == 17
    assert moving.column("body_id").null_count == 0
    assert moving.column("object_id").null_count == 17
    assert min(moving.column("reliability").to_pylist()) >= 0.9955


def test_one_source_of_the_commissioning_has_the_fluxes_that_the_survey_facts_quote(table: pa.RecordBatch) -> None:
    row = table.filter(pa.compute.equal(table.column("alert_id"), 169298433340342284)).to_pylist()[0]
    assert row["flux"] == pytest.approx(3271, abs=1)
    assert row["template_flux"] == pytest.approx(-412, abs=1)
    assert row["science_flux"] == pytest.approx(7740, abs=1)  # not 3271 - 412: never derived
    assert row["mag"] == pytest.approx(31.4 - 2.5 * math.log10(3271), abs=5e-4)
    assert row["total_mag"] == pytest.approx(31.4 - 2.5 * math.log10(7740), abs=5e-4)
    assert row["night"] == 20250905


def test_batches_can_be_empty_split_or_in_another_order(sent: tuple[Packet, ...], table: pa.RecordBatch) -> None:
    given = decoded([p.record for p in sent], LSST.fields())
    assert LSST.columns(given.slice(0, 0)).num_rows == 0
    assert LSST.columns(given.slice(0, 0)).schema == table.schema
    rows = table.to_pylist()
    assert [
        r for at in (0, 1, 70) for r in LSST.columns(given.slice(at, {0: 1, 1: 69, 70: 999}[at])).to_pylist()
    ] == rows
    order = np.random.default_rng(7).permutation(len(rows))
    assert LSST.columns(given.take(pa.array(order))).to_pylist() == [rows[i] for i in order]


def test_unusable_numbers_are_rows_with_nulls(sent: tuple[Packet, ...]) -> None:
    nan, inf = float("nan"), float("inf")
    source = {**sent[0].record["diaSource"], "ra": nan, "dec": inf, "midpointMjdTai": nan, "psfFlux": inf}
    broken = {**sent[0].record, "diaSource": {**source, "psfFluxErr": nan, "reliability": nan}}
    row = LSST.columns(decoded([broken], LSST.fields())).to_pylist()[0]
    empty = ("ra", "dec", "mjd", "flux", "flux_err", "mag", "mag_err", "snr", "is_positive", "reliability")
    assert [row[name] for name in empty] == [None] * len(empty)
    assert (row["reliability_kind"], row["night"], row["healpix"]) == (None, 0, -1)
    assert row["lsst_psfFlux"] is None


def test_no_number_makes_columns_fail_or_warn(sent: tuple[Packet, ...]) -> None:
    extremes = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e300, -1e300, 3.4e38, 1e-45, 5e-324, -1.0, 90.0, 360.0, None]
    numbers = [k for k, v in sent[0].record["diaSource"].items() if isinstance(v, float)]
    whole = [None, 0, -1, 2**63 - 1, -(2**63)]
    chosen = np.random.default_rng(3)
    records = []
    for _ in range(300):
        odd = {name: extremes[chosen.integers(len(extremes))] for name in numbers}
        odd |= {name: whole[chosen.integers(len(whole))] for name in ("diaSourceId", "diaObjectId", "ssObjectId")}
        point = {"diaSourceId": 5, "band": "g", **odd}
        records.append(
            {**sent[0].record, "diaSource": {**sent[0].record["diaSource"], **odd}, "prvDiaSources": [point]}
        )
    table = LSST.columns(decoded(records, LSST.fields()))
    for name, column in {**PACKET, **LSST.own_columns}.items():
        if pa.types.is_floating(column.type):
            values = table.column(name).drop_null().to_numpy()
            assert np.isfinite(values).all(), name
    assert len(problems(table)) == 300
