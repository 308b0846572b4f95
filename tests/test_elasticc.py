"""ELAsTiCC in the common vocabulary, against plain Python, astropy and the simulation's own truth. About 20 s."""

from __future__ import annotations

import io
import json
import math
import tarfile
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

import astropy.units as u
import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time, TimeDelta

from linnet.core.avro_decode import decode
from linnet.core.avro_schema import SchemaCache
from linnet.core.checks import problems
from linnet.core.column import schema_of
from linnet.core.decoding import Decoded
from linnet.core.envelope import Message, envelopes
from linnet.core.reasons import Reason
from linnet.core.survey import Survey
from linnet.core.vocabulary import PACKET
from linnet.surveys.elasticc import Elasticc
from linnet.surveys.lsst import Lsst
from linnet.surveys.ztf import Ztf

ELASTICC: Survey = Elasticc()
DRAFT_NJY = 10 ** ((31.4 - 27.5) / 2.5)
SENT_FILE = "elasticc/sent/11290844.avro"
NOT_SENT = {-9.0, -999.0, -9999.0, 999.0}
TRUTH = ("SNID", "GENTYPE", "PEAKMJD", "ZHELIO", "MWEBV", "RV", "NOBS", *(f"PEAKMAG_{b}" for b in "ugrizY"))

Record = dict[str, Any]


def read(content: bytes) -> tuple[list[Record], Any]:
    """Records and writer schema of a container."""
    reader = fastavro.reader(io.BytesIO(content))
    return cast("list[Record]", list(reader)), json.loads(reader.metadata["avro.schema"])


def written(records: list[Record], schema: Any) -> bytes:
    """A container of these records."""
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema(schema), records)
    return out.getvalue()


@cache
def drafts(shared: Path) -> tuple[bytes, ...]:
    """Containers of all drafts."""
    folder = shared / "elasticc"
    loose = [p.read_bytes() for p in sorted((folder / "alerce-survey-parser").iterdir())]
    with tarfile.open(folder / "alerce-elasticc-v0_9-alerts.tar.gz") as tar:
        members = [tar.extractfile(m) for m in tar if m.isfile()]
        return (*loose, *(m.read() for m in members if m is not None))


@cache
def sent(shared: Path, samples: Path) -> tuple[bytes, ...]:
    """Containers of the packets as sent, which are at hand as Parquet, in the schema of the one that is Avro.

    Columns beside the packet's own become fields of it, as a broker that writes Avro would have them.
    """
    _, schema = read((samples / SENT_FILE).read_bytes())
    made = []
    for path in sorted((shared / "elasticc" / "fink-elasticc-parquet").iterdir()):
        rows = pq.read_table(path).to_pylist()
        own = {f["name"] for f in schema["fields"]}
        more = [n for n in rows[0] if n not in own and not isinstance(rows[0][n], datetime)]
        kinds = {int: "long", float: "double", str: "string", type(None): "string"}
        extra = [{"name": n, "type": ["null", kinds[type(rows[0][n])]], "default": None} for n in more]
        made.append(written(rows, {**schema, "fields": [*schema["fields"], *extra]}))
    return tuple(made)


def decoded(contents: tuple[bytes, ...]) -> Decoded:
    """Through the real decoder, as one batch."""
    batch = envelopes(Message(each, "elasticc-1", offset=i) for i, each in enumerate(contents))
    return decode(batch, SchemaCache([Ztf(), Lsst(), ELASTICC]), {"elasticc": ELASTICC.fields()})


@pytest.fixture(scope="module", params=["drafts", "sent", "sample"])
def contents(request: pytest.FixtureRequest, samples: Path) -> tuple[bytes, ...]:
    """Containers of one kind."""
    if request.param == "sample":
        return ((samples / SENT_FILE).read_bytes(),)
    shared = request.getfixturevalue("shared_data")
    return drafts(shared) if request.param == "drafts" else sent(shared, samples)


@pytest.fixture(scope="module")
def records(contents: tuple[bytes, ...]) -> list[Record]:
    """Their records, by fastavro."""
    return [record for each in contents for record in read(each)[0]]


@pytest.fixture(scope="module")
def table(contents: tuple[bytes, ...]) -> pa.RecordBatch:
    """Their columns, row by row."""
    return ELASTICC.columns(decoded(contents).alerts["elasticc"].fields)


def scale(record: Record) -> float:
    return DRAFT_NJY if "hostgal_z" in record["diaObject"] else 1.0


def single(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(np.float32(value))


def of_source(name: str) -> Callable[[Record], Any]:
    return lambda record: record["diaSource"][name]


def real(name: str, *, zero: bool = False) -> Callable[[Record], float | None]:
    """A field of the object, null where it stands for nothing."""

    def value(record: Record) -> float | None:
        number = record["diaObject"].get(name)
        return None if number in NOT_SENT or (zero and not number) else single(number)

    return value


def truth(name: str) -> Callable[[Record], Any]:
    """A field beside the packet's own, where there is one."""
    return lambda record: None if record.get(name) in NOT_SENT else record.get(name)


EXACT: dict[str, Callable[[Record], Any]] = {
    "survey": lambda _: "elasticc",
    "alert_id": of_source("diaSourceId"),
    "object_id": lambda r: str(r["diaSource"]["diaObjectId"]),
    "object_key": of_source("diaObjectId"),
    "is_moving": lambda _: False,
    "mjd": of_source("midPointTai"),
    "visit": lambda _: None,
    "band": lambda r: r["diaSource"]["filterName"].lower(),
    "ra": lambda r: r["diaSource"]["ra"] + (360 if r["diaSource"]["ra"] < 0 else 0),
    "dec": of_source("decl"),
    "is_positive": lambda r: r["diaSource"]["psFlux"] > 0,
    "is_public": lambda _: True,
    "ebv": real("mwebv", zero=True),
    "body_id": lambda _: None,
    "reliability": lambda _: None,
    "science_flux": lambda _: None,
    "template_flux": lambda _: None,
    "elasticc_psFlux": lambda r: single(r["diaSource"]["psFlux"]),
    "elasticc_object_hostgal_snsep": real("hostgal_snsep"),
    "elasticc_object_hostgal_zspec": real("hostgal_zspec"),
    "elasticc_object_hostgal_z": real("hostgal_z"),
    "elasticc_object_hostgal_ra": real("hostgal_ra", zero=True),
    "elasticc_object_hostgal2_magerr_Y": real("hostgal2_magerr_Y"),
    "elasticc_object_hostgal2_sqradius": real("hostgal2_sqradius", zero=True),
    **{f"elasticc_true_{n}": truth(n) for n in TRUTH},
}


@pytest.mark.parametrize("name", EXACT)
def test_a_column_is_the_field_with_that_meaning(name: str, records: list[Record], table: pa.RecordBatch) -> None:
    assert table.column(name).to_pylist() == [EXACT[name](r) for r in records]


def test_fluxes_are_nanojansky_by_the_zero_point_of_their_schema(records: list[Record], table: pa.RecordBatch) -> None:
    for name, field in (("flux", "psFlux"), ("flux_err", "psFluxErr")):
        expected = [r["diaSource"][field] * scale(r) for r in records]
        assert np.allclose(table.column(name).to_pylist(), expected, rtol=3e-7)
    flux, error = (np.array([r["diaSource"][n] for r in records]) for n in ("psFlux", "psFluxErr"))
    assert np.allclose(table.column("snr").to_pylist(), np.abs(flux) / error, rtol=1e-6)
    zero = np.array([31.4 - 2.5 * math.log10(scale(r)) for r in records])
    with np.errstate(invalid="ignore", divide="ignore"):
        mag = np.where(flux > 0, zero - 2.5 * np.log10(flux), np.nan)
        mag_err = np.where(flux > 0, 2.5 / np.log(10) * error / flux, np.nan)
    for name, expected_mag in (("mag", mag), ("mag_err", mag_err)):
        found = np.array(table.column(name).to_pylist(), dtype=float)
        assert np.allclose(found, expected_mag, rtol=3e-7, equal_nan=True)


def test_both_schemas_are_as_deep_as_lsst(shared_data: Path, samples: Path) -> None:
    # One visit of LSST reaches 23.9 24.8 24.4 23.9 23.3 22.5 (Ivezic et al. 2019, ApJ 873, 111); sources add noise.
    depth = {"u": 23.9, "g": 24.8, "r": 24.4, "i": 23.9, "z": 23.3, "y": 22.5}
    for contents in (drafts(shared_data), sent(shared_data, samples)):
        batch = ELASTICC.columns(decoded(contents).alerts["elasticc"].fields)
        band = batch.column("band").to_pylist()
        error = np.array(batch.column("flux_err").to_pylist())
        for name, m5 in depth.items():
            chosen = np.array([b == name for b in band])
            if chosen.sum() > 20:
                assert m5 - 1.1 < 31.4 - 2.5 * np.log10(5 * np.median(error[chosen])) < m5 + 0.4, name


def test_alerts_at_the_true_peak_have_the_true_magnitude(shared_data: Path, samples: Path) -> None:
    batch = ELASTICC.columns(decoded(sent(shared_data, samples)).alerts["elasticc"].fields)
    rows = batch.select(["mjd", "band", "mag", "mag_err", "elasticc_true_PEAKMJD", *_peaks()]).to_pylist()
    near = [
        r for r in rows if r["elasticc_true_PEAKMJD"] and abs(r["mjd"] - r["elasticc_true_PEAKMJD"]) < 2 and r["mag"]
    ]
    off = [r["mag"] - r[f"elasticc_true_PEAKMAG_{'Y' if r['band'] == 'y' else r['band']}"] for r in near]
    assert len(off) > 30
    assert abs(np.median(off)) < 0.1  # 3.9 if the zero point were the other one


def _peaks() -> list[str]:
    return [f"elasticc_true_PEAKMAG_{b}" for b in "ugrizY"]


def test_the_light_curve_is_the_packets_points_in_order(records: list[Record], table: pa.RecordBatch) -> None:
    names = ("mjd", "band", "kind", "source_id", "flux")
    columns = [table.column(f"lc_{n}").to_pylist() for n in names]
    for i, record in enumerate(records):
        found = sorted(zip(*(c[i] for c in columns), strict=True))
        detections = [record["diaSource"], *(record["prvDiaSources"] or [])]
        points = [(p, 0, p["diaSourceId"]) for p in detections]
        points += [(p, 1, p["diaForcedSourceId"]) for p in record["prvDiaForcedSources"] or []]
        expected = sorted((p["midPointTai"], p["filterName"].lower(), kind, number) for p, kind, number in points)
        assert [f[:4] for f in found] == expected
        assert columns[0][i] == sorted(columns[0][i])
        flux = {(kind, number): p["psFlux"] * scale(record) for p, kind, number in points}
        assert np.allclose([f[4] for f in found], [flux[f[2], f[3]] for f in found], rtol=3e-7)


def test_places_and_nights_are_those_of_astropy(records: list[Record], table: pa.RecordBatch) -> None:
    where = SkyCoord([r["diaSource"]["ra"] for r in records], [r["diaSource"]["decl"] for r in records], unit=u.deg)
    galactic = SkyCoord(
        table.column("gal_lon").to_pylist(), table.column("gal_lat").to_pylist(), unit=u.deg, frame="galactic"
    )
    assert where.galactic.separation(galactic).max() < 0.2 * u.arcsec
    noon = Time([r["diaSource"]["midPointTai"] for r in records], format="mjd", scale="tai").utc - TimeDelta(
        0.5 * u.day
    )
    assert table.column("night").to_pylist() == [int(d) for d in noon.strftime("%Y%m%d")]


def test_the_batch_is_as_declared_and_usable(records: list[Record], table: pa.RecordBatch) -> None:
    assert table.schema == schema_of({**PACKET, **ELASTICC.own_columns})
    table.validate(full=True)
    assert problems(table).null_count == len(records)
    assert pc.count(table.column("quality_bits")).as_py() == 0


def test_every_packet_is_read_and_only_plasticc_is_refused(shared_data: Path, samples: Path) -> None:
    plasticc = [p.read_bytes() for p in sorted((shared_data / "elasticc" / "plasticc_alerts").iterdir())]
    everything = (*drafts(shared_data), *sent(shared_data, samples), *plasticc)
    result = decoded(everything)
    assert set(result.alerts) == {"elasticc"}
    ids = Counter(result.alerts["elasticc"].fields.column("diaSource.diaSourceId").to_pylist())
    assert (ids.total(), len(ids)) == (5177, 5176)
    assert (
        [r["reason"] for r in result.rejects.to_pylist()]
        == [Reason.UNKNOWN_SCHEMA] * len(plasticc)
        == 3 * [Reason.UNKNOWN_SCHEMA]
    )


def test_nobody_else_takes_its_packets_and_it_takes_no_others(samples: Path) -> None:
    for path in sorted(samples.rglob("*.avro")):
        try:
            _, schema = read(path.read_bytes())
        except (ValueError, EOFError):
            continue
        ours = path.parent.parent.name == "elasticc"
        assert ELASTICC.recognise(schema, "elasticc") is ours, path
        assert not (ours and (Ztf().recognise(schema, "elasticc") or Lsst().recognise(schema, "elasticc")))


def test_what_is_no_schema_of_records_is_not_recognised() -> None:
    for schema in (
        "string",
        [],
        ["null"],
        {},
        {"fields": 3},
        {"type": "record", "fields": [{"name": "diaSource", "type": 7}]},
    ):
        assert not ELASTICC.recognise(cast("Any", schema), "elasticc")


def test_object_ids_are_their_numbers() -> None:
    assert ELASTICC.key("11290844") == 11290844
    assert ELASTICC.id(11290844) == "11290844"
    assert [ELASTICC.key(text) for text in ("", "0", "ZTF18aazxcwf", "01", "9" * 19, "-3")] == [None] * 6


def test_a_packet_has_no_images_and_a_frame_no_schema(samples: Path) -> None:
    record, schema = read((samples / SENT_FILE).read_bytes())
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), record[0])
    assert ELASTICC.stamps(out.getvalue(), schema) == {}
    assert ELASTICC.named_schema(9) is None
    assert ELASTICC.foresees(schema, 9) is False
