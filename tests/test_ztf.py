"""ZTF columns on every real packet, against plain Python and astropy that read the fastavro record itself."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time
from cdshealpix.nested import lonlat_to_healpix

from linnet.core.checks import problems
from linnet.core.column import schema_of
from linnet.core.survey import Survey
from linnet.core.vocabulary import PACKET
from linnet.errors import NotFoundError
from linnet.surveys.ztf import QUALITY_BITS, Ztf
from ztf_packets import Packet, decoded, packets

ZTF: Survey = Ztf()
REWRITTEN = "fink-broker-202310"  # jd was changed there and no longer agrees with nid


@pytest.fixture(scope="module")
def real(shared_data: Path) -> tuple[Packet, ...]:
    """All 903 packets."""
    return packets(shared_data / "ztf")


@pytest.fixture(scope="module")
def columns(real: tuple[Packet, ...]) -> pa.RecordBatch:
    """Their columns."""
    return ZTF.columns(decoded([p.record for p in real], ZTF.fields()))


def sent(value: Any) -> Any:
    """A value of the packet, None where it says nothing."""
    if isinstance(value, float) and (not math.isfinite(value) or value in (-999.0, -99999.0)):
        return None
    return None if value in (-999, "null", "") else value


def sign(candidate: dict[str, Any]) -> int:
    """+1 or -1 of the forms that real packets hold."""
    return {"t": 1, "1": 1, "f": -1, "0": -1}[str(candidate["isdiffpos"])]


def njy(mag: float) -> float:
    """Flux of an AB magnitude by astropy's zero point of 3631 Jy."""
    return float((mag * u.ABmag).to_value(u.nJy))


def template(candidate: dict[str, Any]) -> tuple[float, float] | None:
    """Flux of the source in the reference image, and error."""
    mag, distance = sent(candidate["magnr"]), sent(candidate["distnr"])
    if mag is None or distance is None or not (mag > 0 and distance < 1.5):
        return None
    return njy(mag), njy(mag) * candidate["sigmagnr"] / 1.0857362


def total(candidate: dict[str, Any]) -> tuple[float, float] | None:
    """Total flux and error."""
    reference = template(candidate)
    if reference is None:
        return None
    flux = sign(candidate) * njy(candidate["magpsf"])
    return reference[0] + flux, math.hypot(reference[1], abs(flux) * candidate["sigmapsf"] / 1.0857362)


def positive(candidate: dict[str, Any], value: float) -> float | None:
    """A value where the source brightened."""
    return value if sign(candidate) > 0 else None


def total_mag(candidate: dict[str, Any]) -> tuple[float, float] | None:
    """Total magnitude and error."""
    flux = total(candidate)
    if flux is None or flux[0] <= 0:
        return None
    return 31.4 - 2.5 * math.log10(flux[0]), 1.0857362 * flux[1] / flux[0]


def part(pair: tuple[float, float] | None, index: int) -> float | None:
    """Value or error of a pair that may be missing."""
    return None if pair is None else pair[index]


def bits(candidate: dict[str, Any]) -> int:
    """Quality bits."""
    flags = {
        "bad_pixels": None if candidate.get("nbad") is None else candidate["nbad"] > 0,
        "below_limit": candidate["magpsf"] > candidate["diffmaglim"],
        "target_of_opportunity": None if candidate.get("tooflag") is None else candidate["tooflag"] == 1,
    }
    names = [n if v else f"{n}_unknown" for n, v in flags.items() if v is None or v]
    return sum(1 << QUALITY_BITS[n] for n in names)


def body(candidate: dict[str, Any]) -> tuple[str, float] | tuple[None, None]:
    """The Solar System body nearby, and its distance."""
    name, distance = sent(candidate["ssnamenr"]), sent(candidate["ssdistnr"])
    return (name, distance) if name is not None and distance is not None and distance >= 0 else (None, None)


CONSTANT = {"survey": "ztf", "is_moving": False, "ra_err": None, "dec_err": None, "ebv": None}

EXACT: dict[str, Callable[[Packet], object]] = {
    "alert_id": lambda p: p.candidate["candid"],
    "object_id": lambda p: p.record.get("objectId"),
    "object_key": lambda p: None if p.record.get("objectId") is None else ZTF.key(p.record["objectId"]),
    "body_id": lambda p: body(p.candidate)[0],
    "body_sep": lambda p: body(p.candidate)[1],
    "visit": lambda p: p.candidate["pid"] // 10000 if p.candidate["pid"] > 0 else None,
    "detector": lambda p: p.candidate["rcid"],
    "band": lambda p: {1: "g", 2: "r", 3: "i"}[p.candidate["fid"]],
    "ra": lambda p: p.candidate["ra"],
    "dec": lambda p: p.candidate["dec"],
    "mag": lambda p: positive(p.candidate, p.candidate["magpsf"]),
    "mag_err": lambda p: positive(p.candidate, p.candidate["sigmapsf"]),
    "is_positive": lambda p: sign(p.candidate) > 0,
    "reliability": lambda p: p.candidate["rb"] if p.candidate.get("drb") is None else p.candidate["drb"],
    "reliability_kind": lambda p: next((n for n in ("drb", "rb") if p.candidate.get(n) is not None), None),
    "program": lambda p: p.candidate["programid"],
    "is_public": lambda p: p.candidate["programid"] == 1,
    "quality_bits": lambda p: bits(p.candidate),
}

NEAR: dict[str, Callable[[Packet], float | None]] = {
    "flux": lambda p: sign(p.candidate) * njy(p.candidate["magpsf"]),
    "flux_err": lambda p: njy(p.candidate["magpsf"]) * p.candidate["sigmapsf"] / 1.0857362,
    "snr": lambda p: 1.0857362 / p.candidate["sigmapsf"],
    "template_flux": lambda p: part(template(p.candidate), 0),
    "template_flux_err": lambda p: part(template(p.candidate), 1),
    "science_flux_err": lambda p: part(total(p.candidate), 1),
}


@pytest.mark.parametrize("name", EXACT)
def test_a_column_is_what_the_packet_says(name: str, real: tuple[Packet, ...], columns: pa.RecordBatch) -> None:
    assert columns.column(name).to_pylist() == [EXACT[name](p) for p in real]


@pytest.mark.parametrize("name", CONSTANT)
def test_some_columns_are_the_same_for_all_of_ztf(name: str, columns: pa.RecordBatch) -> None:
    assert set(columns.column(name).to_pylist()) == {CONSTANT[name]}


@pytest.mark.parametrize("name", NEAR)
def test_a_flux_is_what_astropy_makes_of_the_magnitude(
    name: str, real: tuple[Packet, ...], columns: pa.RecordBatch
) -> None:
    pairs = zip(columns.column(name).to_pylist(), [NEAR[name](p) for p in real], strict=True)
    for found, expected in pairs:
        assert (found is None) == (expected is None)
        assert found is None or expected is None or found == pytest.approx(expected, rel=1e-5)


def test_total_fluxes_add_the_reference_to_the_difference(real: tuple[Packet, ...], columns: pa.RecordBatch) -> None:
    negative = 0
    for i, packet in enumerate(real):
        flux, mag = total(packet.candidate), total_mag(packet.candidate)
        found = {n: columns.column(n)[i].as_py() for n in ("science_flux", "total_mag", "total_mag_err")}
        assert (found["science_flux"] is None) == (flux is None)
        assert (found["total_mag"] is None) == (mag is None)
        if flux is not None:
            scale = njy(packet.candidate["magpsf"])
            assert found["science_flux"] == pytest.approx(flux[0], rel=1e-5, abs=1e-5 * scale)
        if mag is not None and flux is not None:
            # Where a faint total is the rest of two bright fluxes, the zero points' 6e-6 is a larger part of it.
            loose = 1e-5 * njy(packet.candidate["magpsf"]) / flux[0]
            assert found["total_mag"] == pytest.approx(mag[0], abs=1e-4 + 2 * loose)
            assert found["total_mag_err"] == pytest.approx(mag[1], rel=1e-4 + loose)
        negative += flux is not None and flux[0] < 0
    assert negative == 2


def middles(real: tuple[Packet, ...]) -> Any:
    """Middles of the exposures as astropy times."""
    jd = np.array([p.candidate["jd"] for p in real])
    exptime = np.array([p.candidate.get("exptime") or 30.0 for p in real])
    return Time(jd, exptime / 2 / 86400, format="jd", scale="utc")


def test_times_are_middles_of_exposures_in_tai_by_astropy(real: tuple[Packet, ...], columns: pa.RecordBatch) -> None:
    found = columns.column("mjd").to_numpy()
    np.testing.assert_allclose(found, middles(real).tai.mjd, rtol=0, atol=1e-6 / 86400)
    jd = np.array([p.candidate["jd"] for p in real])
    seconds = (found - (jd - 2400000.5)) * 86400
    # 37 s since 2017, and half of 30 s; two packets (each twice) are from before the leap second of 2016-12-31.
    np.testing.assert_allclose(seconds, np.where(jd < 2457754.5, 36 + 15, 37 + 15), atol=1e-3)
    assert (jd < 2457754.5).sum() == 4


def test_nights_are_the_dates_of_utc_less_twenty_hours(real: tuple[Packet, ...], columns: pa.RecordBatch) -> None:
    moments = Time(middles(real).mjd - 20 / 24, format="mjd", scale="utc").to_value("iso", subfmt="date")
    assert columns.column("night").to_pylist() == [int(str(d).replace("-", "")) for d in moments]
    assert columns.column("night").equals(pa.array(ZTF.night(columns.column("mjd").to_numpy())))


def test_nights_are_the_evening_before_the_surveys_own_night_number(
    real: tuple[Packet, ...], columns: pa.RecordBatch
) -> None:
    # nid counts days from 2017-01-01 UT; observing at Palomar is in the UT day after the evening.
    differing = []
    for packet, night in zip(real, columns.column("night").to_pylist(), strict=True):
        nid = packet.candidate["nid"]
        if nid is not None and not packet.file.startswith(REWRITTEN):
            evening = dt.date(2017, 1, 1) + dt.timedelta(days=nid - 1)
            if int(evening.strftime("%Y%m%d")) != night:
                differing.append(packet.file)
    assert all(name.startswith("official-samples/") for name in differing)
    assert len(differing) <= 4


def test_the_archive_of_a_ut_date_is_the_night_before(real: tuple[Packet, ...], columns: pa.RecordBatch) -> None:
    nights = columns.column("night").to_pylist()
    found = {n for p, n in zip(real, nights, strict=True) if "ztf_public_20180819" in p.file}
    assert found == {20180818}


def test_cells_and_galactic_coordinates_are_those_of_astropy(real: tuple[Packet, ...], columns: pa.RecordBatch) -> None:
    where = SkyCoord([p.candidate["ra"] for p in real], [p.candidate["dec"] for p in real], unit="deg")
    for prefix, frame in (("gal", "galactic"), ("ecl", "barycentricmeanecliptic")):
        lon, lat = (columns.column(f"{prefix}_{n}").to_numpy().astype(float) for n in ("lon", "lat"))
        expected = where.transform_to(frame)
        # Single precision holds 360 deg to 0.06 arcsec; frames agree to 0.05 (see test_sky).
        assert SkyCoord(lon, lat, unit="deg", frame=frame).separation(expected).arcsec.max() < 0.15
    cells = lonlat_to_healpix(where.ra, where.dec, 29)
    assert columns.column("healpix").to_pylist() == cells.astype(int).tolist()


def test_every_scalar_of_every_packet_is_a_column_under_its_own_name(
    real: tuple[Packet, ...], columns: pa.RecordBatch
) -> None:
    top = ("schemavsn", "publisher", "alertId")
    for name in ZTF.own_columns:
        field = name.removeprefix("ztf_")
        values = [(p.record if field in top else p.candidate).get(field) for p in real]
        if field == "isdiffpos":
            values = [str(v) for v in values]
        assert columns.column(name).to_pylist() == [sent(v) for v in values], name


def test_what_no_schema_declares_is_kept_as_extra(real: tuple[Packet, ...], columns: pa.RecordBatch) -> None:
    known = {n.removeprefix("ztf_") for n in ZTF.own_columns}
    for packet, extra in zip(real, columns.column("extra").to_pylist(), strict=True):
        undeclared = set(packet.candidate) - known
        assert all(f"candidate.{n}" in (extra or "") for n in undeclared if packet.candidate[n] is not None)


def test_columns_are_those_of_the_vocabulary_in_their_types(columns: pa.RecordBatch) -> None:
    assert columns.schema.equals(schema_of({**PACKET, **ZTF.own_columns}))
    columns.validate(full=True)


def test_no_column_holds_nan_infinity_or_a_sentinel(columns: pa.RecordBatch) -> None:
    for name, column in zip(columns.schema.names, columns.columns, strict=True):
        values = column.flatten() if pa.types.is_list(column.type) else column
        if pa.types.is_floating(values.type):
            numbers = values.drop_null().to_numpy()
            assert np.isfinite(numbers).all(), name
            assert not np.isin(numbers, (-999.0, -99999.0)).any(), name


def test_every_real_packet_passes_the_checks(columns: pa.RecordBatch) -> None:
    assert problems(columns).null_count == columns.num_rows


def test_rows_do_not_depend_on_their_batch(real: tuple[Packet, ...], columns: pa.RecordBatch) -> None:
    batch = decoded([p.record for p in real], ZTF.fields())
    apart = [ZTF.columns(batch.slice(start, 100)) for start in range(0, len(real), 100)]
    assert [r for b in apart for r in b.to_pylist()] == columns.to_pylist()
    backwards = ZTF.columns(batch.take(pa.array(range(len(real) - 1, -1, -1))))
    assert backwards.to_pylist() == columns.to_pylist()[::-1]


def test_object_names_become_numbers_and_names_again(real: tuple[Packet, ...]) -> None:
    names = {str(p.record["objectId"]) for p in real if p.record.get("objectId") is not None}
    assert len(names) > 600
    for name in names:
        key = ZTF.key(name)
        assert key is not None
        assert ZTF.id(key) == name


def test_keys_count_years_and_letters() -> None:
    # yy x 26^7 + the letters as a number in base 26
    assert ZTF.key("ZTF00aaaaaaa") == 0
    assert ZTF.key("ZTF18aaaaaab") == 18 * 26**7 + 1
    assert ZTF.key("ZTF99zzzzzzz") == 100 * 26**7 - 1
    letters = [0, 0, 25, 23, 2, 22, 5]
    assert ZTF.key("ZTF18aazxcwf") == 18 * 26**7 + sum(n * 26 ** (6 - i) for i, n in enumerate(letters))


@pytest.mark.parametrize("name", ["", "ZTF17bco", "ZTF18aazxcwF", "ZTF18aazxcwff", "ztf18aazxcwf", "ZTF1\u0662aazxcwf"])
def test_other_shapes_have_no_key(name: str) -> None:
    assert ZTF.key(name) is None


@pytest.mark.parametrize("key", [-1, 100 * 26**7, 2**53 + 1, -(2**63)])
def test_a_number_that_is_no_key_is_an_error_that_says_so(key: int) -> None:
    with pytest.raises(NotFoundError, match=re.escape(str(key))):
        ZTF.id(key)


def test_one_alert_has_the_values_worked_out_apart(real: tuple[Packet, ...], columns: pa.RecordBatch) -> None:
    # candid 1661382530015060006 (archive of 2021-07-20): jd 2459415.8825347, isdiffpos f, magpsf 15.2136 +- 0.010243,
    # magnr 13.593 +- 0.017 at 0.16 pixels, pid 1661382530015, drb 0.99982; fluxes 10^((31.4-m)/2.5) and their errors
    # from the formulas of the packet's magnitudes in double precision, Galactic coordinates by astropy.
    ids = [p.candidate["candid"] for p in real]
    row = columns.slice(ids.index(1661382530015060006), 1).to_pylist()[0]
    assert row["mjd"] == pytest.approx(59415.3825347 + (15 + 37) / 86400, abs=1e-9)
    exact = ("night", "visit", "detector", "band", "is_positive", "mag", "body_id", "reliability_kind", "is_public")
    assert [row[n] for n in exact] == [20210719, 166138253, 0, "r", False, None, None, "drb", True]
    wanted = {
        "flux": -2982364.4,
        "flux_err": 28136.25,
        "snr": 105.9972,
        "template_flux": 13267839.7,
        "template_flux_err": 207742.3,
        "science_flux": 10285475.4,
        "science_flux_err": 209639.0,
        "total_mag": 13.869439,
        "total_mag_err": 0.02212952,
        "reliability": 0.9998230934,
        "gal_lon": 60.4225745,
        "gal_lat": -0.3258773,
    }
    assert {n: row[n] for n in wanted} == pytest.approx(wanted, rel=2e-6)
