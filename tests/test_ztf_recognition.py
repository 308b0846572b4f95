"""Which writer schemas are ZTF's: all that it ever sent, as rewritten too, and none of those that look like it."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from linnet.surveys.ztf import Ztf
from linnet.surveys.ztf.recognition import TELLING
from ztf_packets import containers, packets

ZTF = Ztf()


def schema_of_container(data: bytes) -> Any:
    """The writer schema in the header of a container, read as text: fastavro refuses some of these."""
    start = data.index(b"avro.schema") + len(b"avro.schema")
    while data[start] & 0x80:  # the rest of the length, a variable-length integer
        start += 1
    found, _ = json.JSONDecoder().raw_decode(data[start + 1 :].decode("utf-8", errors="replace"))
    return found


def schemas_in(folder: Path) -> Iterator[tuple[str, Any]]:
    """Name and writer schema of every container below a folder."""
    for name, data in containers(folder):
        if data.startswith(b"Obj\x01"):
            yield name, schema_of_container(data)


def official(folder: Path) -> list[Any]:
    """The files of one schema version as a list of named types, `alert` last."""
    order = {"alert": 1}
    files = sorted(folder.glob("*.avsc"), key=lambda p: order.get(p.stem, 0))
    return [json.loads(p.read_text()) for p in files]


def test_every_real_packet_is_recognised(shared_data: Path) -> None:
    found = packets(shared_data / "ztf")
    assert len(found) == 903
    assert all(ZTF.recognise(p.schema, "anything") for p in found)


def test_every_container_of_the_folder_is_recognised_empty_ones_too(shared_data: Path) -> None:
    found = list(schemas_in(shared_data / "ztf"))
    assert [n for n, schema in found if not ZTF.recognise(schema, "")] == []
    assert len(found) > 840


def test_every_official_schema_is_recognised_as_a_list_of_named_types(shared_data: Path) -> None:
    versions = sorted((shared_data / "schemas" / "ztf").iterdir())
    assert len(versions) == 12
    assert [v.name for v in versions if not ZTF.recognise(official(v), "")] == []


def test_what_brokers_rewrote_with_added_columns_is_recognised(shared_data: Path) -> None:
    files = sorted((shared_data / "schemas" / "fink-distribution").glob("*.avsc"))
    assert len(files) == 8
    assert all(ZTF.recognise(json.loads(p.read_text()), "") for p in files)


@pytest.mark.parametrize("folder", ["other-surveys", "decam", "elasticc", "lsst", "gcn"])
def test_no_packet_of_another_survey_is_taken(shared_data: Path, folder: str) -> None:
    found = list(schemas_in(shared_data / folder))
    assert found
    assert [n for n, schema in found if ZTF.recognise(schema, "ztf_20240101_programid1")] == []


@pytest.mark.parametrize("folder", ["turbo", "winter", "redefined-type"])
def test_no_malformed_packet_of_another_survey_is_taken(shared_data: Path, folder: str) -> None:
    (chosen,) = (p for p in (shared_data / "malformed").iterdir() if p.name.endswith(folder))
    found = list(schemas_in(chosen))
    assert found
    assert [n for n, schema in found if ZTF.recognise(schema, "")] == []


def test_no_schema_of_another_survey_is_taken(shared_data: Path) -> None:
    files = list((shared_data / "schemas").rglob("*.avsc"))
    others = [p for p in files if p.parts[len(shared_data.parts) + 1] not in ("ztf", "fink-distribution")]
    assert len(others) > 100
    assert [p.name for p in others if ZTF.recognise(json.loads(p.read_text()), "")] == []


@pytest.mark.parametrize("field", TELLING)
def test_a_schema_that_lacks_a_telling_field_is_not_ztf(shared_data: Path, field: str) -> None:
    types = copy.deepcopy(official(shared_data / "schemas" / "ztf" / "v4.02"))
    assert ZTF.recognise(types, "")
    (candidate,) = (t for t in types if t["name"] == "candidate")
    candidate["fields"] = [f for f in candidate["fields"] if f["name"] != field]
    assert not ZTF.recognise(types, "")


def test_an_id_that_is_text_is_not_ztf(shared_data: Path) -> None:
    types = copy.deepcopy(official(shared_data / "schemas" / "ztf" / "v4.02"))
    (candidate,) = (t for t in types if t["name"] == "candidate")
    (candid,) = (f for f in candidate["fields"] if f["name"] == "candid")
    candid["type"] = "string"
    assert not ZTF.recognise(types, "")


def record(name: str, fields: list[dict[str, Any]]) -> dict[str, Any]:
    """A record schema."""
    return {"type": "record", "name": name, "fields": fields}


@pytest.mark.parametrize(
    "schema",
    [
        "string",
        "candidate",
        [],
        {},
        {"type": "record"},
        {"type": "record", "name": "a", "fields": None},
        {"type": "record", "name": "a", "fields": ["candidate", None, 7]},
        record("a", [{"name": "candidate", "type": "a"}, {"name": "prv_candidates", "type": "null"}]),
        record("a", [{"name": "candidate", "type": ["null", {"type": "map", "values": "a"}]}]),
        [None, 7, "x", [["y"]], record("b", [{"name": "candidate", "type": "nowhere"}])],
    ],
)
def test_odd_and_recursive_schemas_are_refused_without_an_error(schema: Any) -> None:
    assert not ZTF.recognise(schema, "ztf_x")


def test_a_very_deep_schema_is_refused_without_an_error() -> None:
    deep: Any = "int"
    for _ in range(50_000):
        deep = {"type": "array", "items": deep}
    assert not ZTF.recognise(record("a", [{"name": "candidate", "type": deep}]), "")


def test_schemas_with_parts_taken_away_at_random_never_raise(shared_data: Path) -> None:
    rng = random.Random(1)
    whole = official(shared_data / "schemas" / "ztf" / "v4.02")
    for _ in range(300):
        broken = copy.deepcopy(whole)
        here: Any = broken
        while isinstance(here, (dict, list)) and here:
            place = rng.choice(list(here) if isinstance(here, dict) else range(len(here)))
            if rng.random() < 0.3:
                here[place] = rng.choice([None, 3, "x", [], {}])
                break
            here = here[place]
        assert ZTF.recognise(broken, "") in (True, False)


def test_ztf_frames_no_messages() -> None:
    assert ZTF.named_schema(402) is None
