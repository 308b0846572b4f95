"""Whole packets over the API: the JSON form and the container, beside what fastavro reads in the sample files."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import pytest

from linnet.app.config import Settings
from linnet.app.home import existing
from linnet.app.serve import broker
from linnet.app.wiring import reader
from linnet.formats.packet_json import packet_json
from small_home import SOME, ingest
from web_broker import Site, client

BIG = 2**53 + 1


@pytest.fixture(scope="module")
def browser(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = ingest(samples / SOME, tmp_path_factory.mktemp("served") / "home")
    with reader(existing(home), Settings(publish_private=True)) as parts:
        shown = broker(parts)
        yield Site(shown, client(shown))


def records(folder: Path) -> Iterator[dict[str, Any]]:
    """Packets of a folder as fastavro reads them."""
    for path in sorted(folder.rglob("*.avro")):
        with path.open("rb") as file:
            for record in fastavro.reader(file):
                assert isinstance(record, dict)
                yield record


def same(told: object, sent: object) -> bool:
    """Whether a JSON value says what was sent: ints perhaps as strings, bytes as base64, NaN as null."""
    if isinstance(sent, dict):
        return isinstance(told, dict) and told.keys() == sent.keys() and all(same(told[k], sent[k]) for k in sent)
    if isinstance(sent, list):
        return isinstance(told, list) and len(told) == len(sent) and all(map(same, told, sent))
    if isinstance(sent, bytes):
        return isinstance(told, str) and base64.b64decode(told) == sent
    if isinstance(sent, float) and not math.isfinite(sent):
        return told is None
    return told == sent or (type(sent) is int and told == str(sent))


def test_every_field_of_a_packet_is_there_under_its_own_name(browser: Site, samples: Path) -> None:
    sent = list(records(samples / SOME))
    assert sent
    for record in sent:
        told = browser.client.get(f"/api/v1/alerts/ztf/{record['candid']}/packet").json()
        assert same(told, record)
        assert told["candid"] == str(record["candid"])
        assert told["candidate"]["fid"] == record["candidate"]["fid"]


def test_the_container_holds_the_packet_untouched(browser: Site, samples: Path) -> None:
    for record in records(samples / SOME):
        answer = browser.client.get(f"/api/v1/alerts/ztf/{record['candid']}/packet.avro")
        assert answer.headers["content-disposition"] == f'attachment; filename="ztf_{record["candid"]}.avro"'
        assert list(fastavro.reader(io.BytesIO(answer.content))) == [record]


SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "r",
    "fields": [
        {"name": "wide", "type": ["null", "int", "long"]},
        {"name": "small", "type": "long"},
        {"name": "none", "type": ["null", "long"]},
        {"name": "nan", "type": ["null", "double"]},
        {"name": "when", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "raw", "type": {"type": "fixed", "name": "f", "size": 2}},
        {"name": "again", "type": ["f", "null"]},
        {"name": "inner", "type": ["null", {"type": "record", "name": "s", "fields": [{"name": "x", "type": "long"}]}]},
        {"name": "twice", "type": {"type": "map", "values": {"type": "array", "items": "s"}}},
    ],
}


def test_the_type_of_a_value_depends_on_its_schema_alone() -> None:
    out = io.BytesIO()
    value = {"wide": 7, "small": 7, "none": None, "nan": math.nan, "when": 0, "raw": b"ab", "again": b"cd"}
    fastavro.schemaless_writer(out, SCHEMA, {**value, "inner": {"x": BIG}, "twice": {"a": [{"x": 1}]}})
    told = packet_json(out.getvalue(), SCHEMA)
    assert told == {
        "wide": "7",
        "small": "7",
        "none": None,
        "nan": None,
        "when": "1970-01-01T00:00:00+00:00",
        "raw": "YWI=",
        "again": "Y2Q=",
        "inner": {"x": str(BIG)},
        "twice": {"a": [{"x": "1"}]},
    }
