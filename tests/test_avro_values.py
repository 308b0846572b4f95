"""What a packet's value becomes in a column, and what goes to `extra`."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro
import pyarrow as pa
import pytest

from linnet.core import failpoints
from linnet.core.avro_decode import decode
from linnet.core.avro_schema import SchemaCache
from linnet.core.decoding import Decoded, Wanted
from linnet.core.envelope import Message, envelopes
from slow_decoder import column
from tiny_survey import TinySurvey

INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (pa.float32(), [1.5, 2, None, NAN, INF, -INF, 1e300, "1", True, b"1"], [1.5, 2.0, *[None] * 8]),
        (pa.float64(), [1e300, 2**53, NAN, None], [1e300, float(2**53), None, None]),
        (
            pa.int64(),
            [2**63 - 1, -(2**63), 2.0, 2.5, 2.0**60, NAN, "2", True, None],
            [2**63 - 1, -(2**63), 2, *[None] * 6],
        ),
        (pa.int32(), [2**31 - 1, 2**31, -(2**31), -(2**31) - 1, None], [2**31 - 1, None, -(2**31), None, None]),
        (pa.int8(), [127, 128, -129], [127, None, None]),
        (
            pa.string(),
            ["t", 1, 2**60, True, False, 1.5, b"t", None],
            ["t", "1", str(2**60), "true", "false", *[None] * 3],
        ),
        (pa.bool_(), [True, False, 1, "true", None], [True, False, None, None, None]),
        (pa.binary(), [b"x", "x", None], [b"x", None, None]),
    ],
    ids=str,
)
def test_a_value_becomes_the_wanted_type_or_null(kind: pa.DataType, values: list[Any], expected: list[Any]) -> None:
    made = column(values, kind)
    assert made.type == kind
    assert made.to_pylist() == expected
    assert [column([value], kind)[0].as_py() for value in values] == expected
    assert column([], kind).type == kind


def test_a_type_that_no_packet_value_has_is_the_declarations_fault() -> None:
    with pytest.raises(ValueError, match="date32"):
        column([1], pa.date32())


def _alert(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": "alert", "fields": [{"name": "id", "type": "long"}, *fields]}


def _nullable(name: str, kind: Any) -> dict[str, Any]:
    return {"name": name, "type": ["null", kind], "default": None}


def _decoded(schema: dict[str, Any], records: list[dict[str, Any]], wanted: Wanted) -> Decoded:
    messages = []
    for record in records:
        out = io.BytesIO()
        fastavro.writer(out, schema, [record])
        messages.append(Message(out.getvalue(), "t"))
    return decode(envelopes(messages), SchemaCache([TinySurvey("tiny", "id")]), {"tiny": wanted})


INNER = {
    "type": "record",
    "name": "inner",
    "fields": [_nullable("x", "double"), _nullable("big", "long"), _nullable("raw", "bytes")],
}


def test_undeclared_scalars_go_to_extra_and_what_is_known_does_not() -> None:
    schema = _alert(
        _nullable("inner", INNER),
        _nullable("other", "inner"),
        _nullable("score", "float"),
        _nullable("label", "string"),
        {"name": "many", "type": {"type": "array", "items": "double"}},
    )
    wanted = Wanted({"id": pa.int64(), "inner.x": pa.float64()}, {}, frozenset({"other"}))
    big = 2**60 + 1
    inner = {"x": 1.0, "big": big, "raw": b"x"}
    records: list[dict[str, Any]] = [
        {"id": 1, "inner": inner, "other": inner, "score": 0.5, "label": "é", "many": [1.0]},
        {"id": 2, "inner": None, "other": inner, "score": NAN, "label": None, "many": []},
    ]
    fields = _decoded(schema, records, wanted).alerts["tiny"].fields
    first, second = fields.column("extra").to_pylist()
    assert json.loads(first) == {"inner.big": big, "score": 0.5, "label": "é"}
    assert second is None
    assert fields.column("inner.x").to_pylist() == [1.0, None]


def test_times_stay_the_numbers_that_were_sent() -> None:
    micros = {"type": "long", "logicalType": "timestamp-micros"}
    schema = _alert({"name": "t", "type": micros}, _nullable("u", micros))
    wanted = Wanted({"t": pa.int64(), "u": pa.int64()})
    fields = _decoded(schema, [{"id": 1, "t": 1_700_000_000_000_001, "u": 5}], wanted).alerts["tiny"].fields
    assert fields.column("t").to_pylist() == [1_700_000_000_000_001]
    assert fields.column("u").to_pylist() == [5]


def test_null_lists_are_empty_and_null_records_are_rows_of_nulls() -> None:
    items = {"type": "record", "name": "item", "fields": [_nullable("jd", "double"), _nullable("inner", INNER)]}
    schema = _alert(
        _nullable(
            "deep",
            {"type": "record", "name": "d", "fields": [_nullable("prv", {"type": "array", "items": ["null", items]})]},
        )
    )
    wanted = Wanted({"deep.none": pa.string()}, {"deep.prv": {"jd": pa.float64(), "inner.big": pa.int64()}})
    item = {"jd": NAN, "inner": {"x": 1.0, "big": 7, "raw": None}}
    records: list[dict[str, Any]] = [
        {"id": 1, "deep": {"prv": [item, None, {"jd": 2.0, "inner": None}]}},
        {"id": 2, "deep": {"prv": None}},
        {"id": 3, "deep": None},
    ]
    fields = _decoded(schema, records, wanted).alerts["tiny"].fields
    assert fields.column("deep.prv.jd").to_pylist() == [[None, None, 2.0], [], []]
    assert fields.column("deep.prv.inner.big").to_pylist() == [[7, None, None], [], []]
    assert fields.column("deep.prv.jd").offsets.equals(fields.column("deep.prv.inner.big").offsets)
    assert fields.column("deep.none").to_pylist() == [None] * 3


def test_long_histories_of_many_alerts_keep_their_rows_when_chunks_are_made() -> None:
    schema = _alert({"name": "prv", "type": {"type": "array", "items": INNER}})
    wanted = Wanted({"id": pa.int64()}, {"prv": {"big": pa.int64()}})
    records = [
        {"id": n, "prv": [{"x": None, "big": n * 10_000 + k, "raw": None} for k in range(7000)]} for n in range(8)
    ]
    alerts = _decoded(schema, records, wanted).alerts["tiny"]
    assert alerts.fields.column("id").to_pylist() == list(range(8))
    assert alerts.envelope.to_pylist() == list(range(8))
    lists = alerts.fields.column("prv.big").to_pylist()
    assert [(len(row), row[0], row[-1]) for row in lists] == [(7000, n * 10_000, n * 10_000 + 6999) for n in range(8)]


def test_an_empty_batch_decodes_to_nothing_and_a_survey_nobody_asked_for_is_a_reject() -> None:
    schemas = SchemaCache([TinySurvey("tiny", "id")])
    empty = decode(envelopes([]), schemas, {})
    assert (empty.alerts, empty.rejects.num_rows) == ({}, 0)
    out = io.BytesIO()
    fastavro.writer(out, _alert(), [{"id": 1}])
    refused = decode(envelopes([Message(out.getvalue(), "t")]), schemas, {}).rejects.to_pylist()
    assert refused == [
        {"envelope": 0, "reason": "UNKNOWN_SCHEMA", "detail": "nobody asked for alerts of the survey 'tiny'"}
    ]


def test_the_failpoint_lies_in_the_middle_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[str] = []
    monkeypatch.setattr("linnet.core.avro_decode.passing", passed.append)
    decode(envelopes([Message(b"", "t")] * 5), SchemaCache([]), {})
    assert passed == ["02"]
    assert passed[0] in failpoints.FAILPOINTS
