"""Ids, nights, topics, bodies and stamps of LSST."""

from __future__ import annotations

import gzip
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits

from linnet.core.reasons import Reason
from linnet.errors import PacketError
from linnet.surveys.lsst import Lsst
from linnet.surveys.lsst.bodies import unpacked
from linnet.surveys.lsst.stamps import MAX_BYTES
from lsst_packets import messages, packets

LSST = Lsst()
NAMES = ("Difference", "Science", "Template")
IMAGE = b"SIMPLE  =                    T" + b" " * 2850


@pytest.mark.parametrize("number", [1, 313897383979122767, 2**53 + 1, 2**63 - 1])
def test_an_object_id_becomes_a_number_and_back(number: int) -> None:
    assert LSST.key(str(number)) == number
    assert LSST.id(number) == str(number)


@pytest.mark.parametrize(
    "text", ["", "0", "-5", "+5", "007", "1.0", "12a", " 12", "12\n", "\uff11\uff12", str(2**63), "9" * 400]
)
def test_a_text_that_is_no_diaobjectid_has_no_number(text: str) -> None:
    assert LSST.key(text) is None


def test_the_night_turns_at_noon_utc_of_tai_times() -> None:
    # dayObs 20250905 lasts from 2025-09-05T12:00 to 2025-09-06T12:00 UTC; TAI is 37 s ahead.
    noon = 60923.5 + 37 / 86400
    assert LSST.night(np.array([noon - 1e-6, noon + 1e-6, noon + 0.999999])).tolist() == [20250904, 20250905, 20250905]


@pytest.mark.parametrize("topic", ["lsst-alerts-v10.0", "lsst_alerts", "lsst.alerts", "alerts-simulated"])
def test_topics_of_the_survey_match(topic: str) -> None:
    assert any(re.match(pattern, topic) for pattern in LSST.topics)


@pytest.mark.parametrize("topic", ["ztf_20260101_programid1", "elasticc-1", "lsstalerts", "my-alerts-1"])
def test_other_topics_do_not_match(topic: str) -> None:
    assert not any(re.match(pattern, topic) for pattern in LSST.topics)


def test_a_body_without_a_designation_is_named_by_its_number(shared_data: Path) -> None:
    bodies = [p.record for p in packets(shared_data) if (p.record.get("ssSource") or {}).get("ssObjectId")]
    ids = [r["diaSource"]["ssObjectId"] for r in bodies]
    names = unpacked(pa.array(ids)).to_pylist()
    assert len(names) == 17
    assert dict(zip(ids, names, strict=True))[21163615805847120] == "K02JE6P"
    for record, name in zip(bodies, names, strict=True):
        sent = record["ssSource"].get("designation") or record["MPCORB"]["mpcDesignation"]
        assert name == sent or _packed(sent) == name


def _packed(designation: str) -> str:
    """A provisional designation packed by the rules of the MPC (https://www.minorplanetcenter.net/iau/info/PackedDes.html)."""
    year, letters, cycle = re.fullmatch(r"(\d{4}) ([A-Z]{2})(\d*)", designation).groups()  # type: ignore[union-attr] # they all match
    number = int(cycle or 0)
    tens = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[number // 10]
    return f"{'IJK'[int(year[:2]) - 18]}{year[2:]}{letters[0]}{tens}{number % 10}{letters[1]}"


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (int.from_bytes(b"00433", "big"), "00433"),
        (int.from_bytes(b"K99AJ3Z", "big"), "K99AJ3Z"),
        (int.from_bytes(b"CK20F030", "big"), "CK20F030"),
        (1234, None),
        (0, None),
        (-1, None),
        (None, None),
        (int.from_bytes(b"K0 JE6P", "big"), None),
        (int.from_bytes(b"K02J\x006P", "big"), None),
    ],
)
def test_numbers_that_pack_no_designation_give_none(number: int | None, name: str | None) -> None:
    assert unpacked(pa.array([number], pa.int64())).to_pylist() == [name]


def test_stamps_of_real_packets_are_fits_with_image_variance_and_psf(shared_data: Path) -> None:
    found = 0
    for name, schema_id, datum in messages(shared_data / "lsst"):
        stamps = LSST.stamps(datum, LSST.named_schema(schema_id) or {})
        if name.startswith("kafka-wire-format-minimal"):
            assert stamps == {}
            continue
        assert set(stamps) == {"science", "template", "difference"}
        for stamp in stamps.values():
            assert stamp.kind == "fits"
            with fits.open(BytesIO(stamp.data)) as file:
                assert len(file) == 3
                assert file[0].data.ndim == 2
            found += 1
    assert found == 18


def test_stamps_of_a_packet_rewritten_by_spark_are_its_bytes(shared_data: Path) -> None:
    packet = next(p for p in packets(shared_data) if p.folder == "fink-v9_0-lsstcam-20250906")
    datum = BytesIO()
    fastavro.schemaless_writer(datum, packet.schema, packet.record)
    stamps = LSST.stamps(datum.getvalue(), packet.schema)
    assert stamps["science"].data == packet.record["cutoutScience"]
    assert stamps["difference"].data == packet.record["cutoutDifference"]


def _datum(**cutouts: bytes | None) -> tuple[bytes, Any]:
    """A datum of three cutouts, and its schema."""
    fields = [{"name": f"cutout{n}", "type": ["null", "bytes"]} for n in NAMES]
    schema = {"type": "record", "name": "alert", "fields": fields}
    datum = BytesIO()
    fastavro.schemaless_writer(datum, schema, dict.fromkeys(f"cutout{n}" for n in NAMES) | cutouts)
    return datum.getvalue(), schema


def test_a_gzipped_image_is_given_expanded_and_absent_ones_are_left_out() -> None:
    stamps = LSST.stamps(*_datum(cutoutScience=gzip.compress(IMAGE), cutoutTemplate=b""))
    assert {name: stamp.data for name, stamp in stamps.items()} == {"science": IMAGE}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xd8\xff\xe0 a photograph", Reason.BAD_VALUE),
        (gzip.compress(b"no image", mtime=0), Reason.BAD_VALUE),
        (gzip.compress(IMAGE, mtime=0)[:-9], Reason.BAD_VALUE),
        (b"\x1f\x8b" + b"\0" * 40, Reason.BAD_VALUE),
        (IMAGE + bytes(MAX_BYTES), Reason.TOO_LARGE),
        (gzip.compress(IMAGE + bytes(200 * MAX_BYTES), 1, mtime=0), Reason.TOO_LARGE),
    ],
)
def test_what_is_no_image_or_too_large_is_refused(content: bytes, reason: Reason) -> None:
    with pytest.raises(PacketError) as refused:
        LSST.stamps(*_datum(cutoutDifference=content))
    assert refused.value.reason == reason


def test_a_datum_that_ends_too_early_is_refused() -> None:
    datum, schema = _datum(cutoutScience=IMAGE)
    with pytest.raises(PacketError, match="does not fit"):
        LSST.stamps(datum[:-100], schema)
