"""The carried schemas against the official ones, and what is recognised as LSST."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pytest
from fastavro.utils import generate_one

from linnet.surveys.lsst import Lsst
from linnet.surveys.lsst.schemas import VERSIONS
from lsst_packets import messages, official_schema

LSST = Lsst()
IDS = [100 * major + minor for major, minor in VERSIONS]


def _named(schema_id: int) -> Any:
    schema = LSST.named_schema(schema_id)
    assert schema is not None
    return schema


def _container_schemas(folder: Path) -> list[tuple[str, Any]]:
    """(folder, writer schema) of every Avro container below a folder."""
    found = []
    for file in sorted(folder.rglob("*.avro")):
        content = file.read_bytes()
        if content[:4] == b"Obj\x01":
            header: Any = fastavro.schemaless_reader(BytesIO(content[4:]), {"type": "map", "values": "bytes"}, None)
            found.append((file.parent.name, json.loads(header["avro.schema"])))
    return found


def test_every_framed_message_decodes_whole_as_with_the_official_schema(shared_data: Path) -> None:
    seen = Counter[int]()
    for name, schema_id, datum in messages(shared_data / "lsst"):
        ours, theirs = BytesIO(datum), BytesIO(datum)
        record = fastavro.schemaless_reader(ours, _named(schema_id), None)
        official = official_schema(shared_data / "schemas" / "lsst", schema_id)
        assert repr(record) == repr(fastavro.schemaless_reader(theirs, official, None)), name  # repr: NaN equals NaN
        assert ours.tell() == len(datum)
        seen[schema_id] += 1
    assert seen.total() == 16
    assert set(IDS) - set(seen) == {1001}


@pytest.mark.parametrize("schema_id", IDS)
def test_a_random_alert_of_the_official_schema_reads_the_same_with_the_carried_one(
    schema_id: int, shared_data: Path
) -> None:
    official = official_schema(shared_data / "schemas" / "lsst", schema_id)
    random.seed(schema_id)
    datum = BytesIO()
    fastavro.schemaless_writer(datum, official, generate_one(official))
    content = datum.getvalue()
    ours = fastavro.schemaless_reader(BytesIO(content), _named(schema_id), None)
    assert repr(ours) == repr(fastavro.schemaless_reader(BytesIO(content), official, None))


@pytest.mark.parametrize("schema_id", [-1, 0, 600, 702 * 100, 705, 1102, 12345])
def test_an_id_that_no_version_has_gives_none(schema_id: int) -> None:
    assert LSST.named_schema(schema_id) is None


def test_the_script_makes_exactly_the_carried_files(shared_data: Path, tmp_path: Path) -> None:
    script = Path(__file__).parent.parent / "scripts" / "lsst_schemas.py"
    source = shared_data / "schemas" / "lsst"
    subprocess.run([sys.executable, str(script), str(source), "--to", str(tmp_path)], check=True)
    made = {file.name: file.read_text() for file in tmp_path.glob("*.json")}
    carried = script.parent.parent / "src" / "linnet" / "surveys" / "lsst_schemas"
    assert made == {file.name: file.read_text() for file in carried.glob("*.json")}
    assert not any('"doc"' in text for text in made.values())


def test_carried_schemas_are_recognised() -> None:
    assert all(LSST.recognise(_named(schema_id), "") for schema_id in IDS)


def test_of_all_real_containers_only_those_of_lsst_since_version_5_are_recognised(shared_data: Path) -> None:
    found = Counter(name for name, schema in _container_schemas(shared_data) if LSST.recognise(schema, "lsst-alerts"))
    assert found == {
        "alerce-v9_0": 1,
        "ampel": 1,
        "fink-v10_0-20260306": 1,
        "fink-v7_4-20250411": 24,
        "fink-v9_0-decam-ci": 8,
        "fink-v9_0-lsstcam-20250906": 38,
        "official-fake-samples": 13,
    }


@pytest.mark.parametrize(
    "folder",
    ["ztf", "elasticc", "decam", "gcn", "other-surveys/roman-rapid", "lsst/alert-stream-simulator", "other-surveys"],
)
def test_other_surveys_and_their_kin_are_refused(folder: str, shared_data: Path) -> None:
    schemas = _container_schemas(shared_data / folder)
    assert schemas
    assert not any(LSST.recognise(schema, "lsst-alerts") for _, schema in schemas)


@pytest.mark.parametrize("place", ["roman-rapid/01_00/rapid.v01_00.alert.avsc", "elasticc"])
def test_official_schemas_of_kindred_surveys_are_refused(place: str, shared_data: Path) -> None:
    named = shared_data / "schemas" / place
    files = [named] if named.is_file() else sorted(named.rglob("*.alert.avsc"))
    assert files
    for file in files:
        assert not LSST.recognise(fastavro.schema.load_schema(str(file)), "")


@pytest.mark.parametrize("version", ["2/1", "3/0", "4/0"])
def test_versions_before_5_are_refused(version: str, shared_data: Path) -> None:
    folder = shared_data / "schemas" / "lsst" / version
    alert = json.loads(next(folder.glob("*alert.avsc")).read_text())
    source = json.loads(next(folder.glob("*diaSource.avsc")).read_text())
    for field in alert["fields"]:
        if field["name"] == "diaSource":
            field["type"] = source
    assert not LSST.recognise(alert, "")


@pytest.mark.parametrize("schema", ["string", [], ["null", "string"], {"type": "record"}, {"fields": [1, {}]}, {}])
def test_schemas_that_describe_no_packet_are_refused(schema: Any) -> None:
    assert not LSST.recognise(schema, "")


def test_numbers_sent_as_text_are_refused() -> None:
    schema = json.loads(json.dumps(_named(1101)))
    source = next(f["type"] for f in schema["fields"] if f["name"] == "diaSource")
    next(f for f in source["fields"] if f["name"] == "midpointMjdTai")["type"] = "string"
    assert not LSST.recognise(schema, "")
