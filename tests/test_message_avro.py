"""Messages as Avro: read back by fastavro, and named as the specification says."""

from __future__ import annotations

import io
import json
import math
from datetime import UTC, datetime
from typing import Any

import fastavro
import pyarrow as pa
import pytest

from linnet.core.json_rows import rows
from linnet.core.message_avro import datums, fingerprint, frame, record_schema

BATCH = pa.record_batch(
    {
        "dedup_id": ["ztf:1:f:1", "ztf:2:f:1"],
        "filter": ["f", "f"],
        "version": pa.array([1, 1], pa.int32()),
        "seq": pa.array([7, 8], pa.int64()),
        "survey": pa.array(["ztf", "ztf"]).dictionary_encode(),
        "alert_id": pa.array([2**62, 2], pa.int64()),
        "mag": pa.array([18.2, math.nan], pa.float32()),
        "mjd": pa.array([60000.123456789, math.inf], pa.float64()),
        "is_moving": [True, None],
        "seen": pa.array([datetime(2026, 1, 31, tzinfo=UTC), None], pa.timestamp("us", tz="UTC")),
        "lc_band": pa.array([["g", None], None], pa.list_(pa.string())),
    }
)


def test_rows_read_back_as_they_were_with_null_for_what_is_no_number() -> None:
    schema = record_schema(BATCH.schema)
    read: list[Any] = [
        fastavro.schemaless_reader(io.BytesIO(each), json.loads(schema), None) for each in datums(BATCH, schema)
    ]
    asked = rows(BATCH)
    for row in asked:  # JSON has texts for 64-bit numbers; Avro needs none
        row["seq"], row["alert_id"] = int(row["seq"]), int(row["alert_id"])
    assert read[0]["mag"] == pa.scalar(18.2, pa.float32()).as_py()
    assert [{**each, "mag": None} for each in read] == [{**each, "mag": None} for each in asked]
    assert (read[1]["mag"], read[1]["mjd"]) == (None, None)


def test_the_schema_depends_on_the_columns_alone() -> None:
    schema = record_schema(BATCH.schema)
    assert record_schema(BATCH.slice(1).schema) == schema
    fields = {field["name"]: field["type"] for field in json.loads(schema)["fields"]}
    assert fields["alert_id"] == "long"
    assert fields["mag"] == ["null", "float"]
    assert fields["survey"] == "string"
    with pytest.raises(TypeError, match="column value of type binary has no Avro form"):
        record_schema(pa.schema([("value", pa.binary())]))


def test_fingerprints_are_those_of_the_specification() -> None:
    # avro 1.12, share/test/data/schema-tests.txt: "null" has 7195948357588979594, "int" 8247732601305521295
    assert fingerprint('"null"') == (7195948357588979594).to_bytes(8, "little")
    assert fingerprint('"int"') == (8247732601305521295).to_bytes(8, "little")


def test_frames() -> None:
    assert frame(1101, "") == b"\0\0\0\x04\x4d"
    assert frame(None, '"null"') == b"\xc3\x01" + (7195948357588979594).to_bytes(8, "little")
