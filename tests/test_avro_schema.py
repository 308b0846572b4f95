"""Writer schemas are checked before any reader sees them, remembered once, and never more of them than planned."""

from __future__ import annotations

import json
import resource
import time
from typing import Any

import pytest

from linnet.core import avro_schema
from linnet.core.avro_check import MAX_FIELDS
from linnet.core.avro_schema import SchemaCache, writer_schema
from linnet.core.decoding import Schema
from linnet.errors import NotFoundError, PacketError


def _field(name: str, kind: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **more}


def _record(name: str, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields), **more}


def _chain(levels: int) -> Any:
    """A list of records each of which holds the one before: deep, though its JSON is flat."""
    first = _record("r0", _field("a", "int"))
    return [first, *(_record(f"r{n}", _field("a", f"r{n - 1}")) for n in range(1, levels))]


NULLS = _record("nulls", _field("a", "null"))

REFUSED: dict[str, tuple[Any, str]] = {
    "recursive": (_record("r", _field("again", ["null", "r"])), "recursive schemas are refused"),
    "recursive through a list": (
        _record("r", _field("inner", _record("s", _field("up", {"type": "array", "items": "r"})))),
        "recursive",
    ),
    "an array of nulls": (_record("r", _field("a", {"type": "array", "items": "null"})), "take no bytes"),
    "an array of records of nulls": (_record("r", _field("a", {"type": "array", "items": NULLS})), "take no bytes"),
    "a map of nulls": (_record("r", _field("a", {"type": "map", "values": "null"})), "take no bytes"),
    "a datum without bytes": (NULLS, "take no bytes"),
    "too deep": (_chain(1500), "deeper than 16"),
    "too many fields": (_record("r", *(_field(f"a{n}", "int") for n in range(MAX_FIELDS + 1))), "more than 2000"),
    "few types that unfold to many fields": (
        [
            _record("r0", *(_field(f"a{n}", "int") for n in range(100))),
            *(_record(f"r{n}", *(_field(f"a{k}", f"r{n - 1}") for k in range(100))) for n in range(1, 9)),
        ],
        "more than 2000",
    ),
    "a type defined twice": (_record("r", _field("a", _record("s")), _field("b", _record("s"))), "a second time"),
    "a field twice": (_record("r", _field("a", "int"), _field("a", "int")), "twice"),
    "an unknown type": (_record("r", _field("a", "integer")), "unknown type 'integer'"),
    "an invalid field name": (_record("r", _field("chi/N", "int")), "invalid name 'chi/N'"),
    "an invalid record name": (_record("r\n", _field("a", "int")), "invalid name"),
    "a primitive as a name": (_record("int", _field("a", "int")), "invalid name"),
    "a branch twice": (_record("r", _field("a", ["int", "int"])), "branch twice"),
    "a union in a union": (_record("r", _field("a", ["null", ["int", "string"]])), "within a union"),
    "an empty union": (_record("r", _field("a", [])), "without branches"),
    "an enum without symbols": (_record("r", _field("a", {"type": "enum", "name": "e", "symbols": []})), "symbols"),
    "a fixed of a negative size": (_record("r", _field("a", {"type": "fixed", "name": "f", "size": -1})), "size"),
    "null as a number's default": (_record("r", _field("a", "int", default=None)), "default that is no int"),
    "text as a number's default": (_record("r", _field("a", ["null", "int"], default="1")), "default"),
    "no record at its top": ({"type": "array", "items": "int"}, "neither a record nor a list"),
    "a list with a primitive at its top": ([_record("r", _field("a", "int")), "null"], "neither a record nor"),
    "no fields": ({"type": "record", "name": "r"}, "without fields"),
    "no type": ({"name": "r"}, "has no type"),
    "a name missing": ({"type": "record", "fields": []}, "without a name"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_schema_that_could_hurt_or_is_invalid_is_refused_with_the_reason(case: str) -> None:
    schema, reason = REFUSED[case]
    with pytest.raises(PacketError, match=reason) as caught:
        writer_schema(json.dumps(schema).encode())
    assert caught.value.reason == "BAD_SCHEMA"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'"string"',
        b"1" * 5000,
        b"[" * 100_000,
        b'"' + b'\\"' * 250_000,
        b'{"type":"record","type":"record","name":"r","fields":[]}',
        json.dumps(
            _record(
                "r", _field("a", "int", doc=[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]])
            )
        ).encode(),
        json.dumps(_record("r", _field("a", "int", doc="x" * avro_schema.MAX_JSON))).encode(),
    ],
    ids=["empty", "cut", "no text", "primitive", "number", "brackets", "quotes", "same key", "nested", "large"],
)
def test_a_text_that_is_no_usable_schema_is_refused_at_once(text: bytes) -> None:
    start = time.process_time()
    with pytest.raises(PacketError) as caught:
        writer_schema(text)
    assert caught.value.reason == "BAD_SCHEMA"
    assert time.process_time() - start < 1


def test_sixteen_types_within_each_other_are_taken_and_seventeen_are_not() -> None:
    assert writer_schema(json.dumps(_chain(15)).encode()).shape.depth == 16
    with pytest.raises(PacketError, match="deeper than 16"):
        writer_schema(json.dumps(_chain(16)).encode())


def test_names_resolve_by_name_space_and_a_type_may_be_used_again() -> None:
    inner = _record("point", _field("x", "double"))
    schema = _record("alert", _field("a", inner), _field("b", {"type": "array", "items": "point"}), namespace="z.y")
    shape = writer_schema(json.dumps(schema).encode()).shape
    assert shape.fields[0][1] is shape.fields[1][1].parts[0]
    other = _record("alert", _field("a", {**inner, "namespace": ""}), _field("b", "point"), namespace="z.y")
    with pytest.raises(PacketError, match=r"unknown type 'z\.y\.point'"):
        writer_schema(json.dumps(other).encode())


def test_a_schema_that_claims_to_be_parsed_already_is_checked_all_the_same() -> None:
    schema = _record("r", _field("a", "int", default="x"), __fastavro_parsed=True, __named_schemas={})
    with pytest.raises(PacketError, match="default"):
        writer_schema(json.dumps(schema).encode())


class _Asked:
    """A survey that knows records called `mine` and the ids 7 and 8, and counts how often it is asked."""

    name, topics = "mine", ("mine-.*",)

    def __init__(self) -> None:
        self.asked = 0

    def recognise(self, schema: Schema, topic: str) -> bool:  # noqa: ARG002  # the contract of a survey
        self.asked += 1
        return isinstance(schema, dict) and schema["name"] == "mine"

    def named_schema(self, schema_id: int) -> Schema | None:
        self.asked += 1
        return {7: _record("mine", _field("a", "int")), 8: _record("r", _field("a", "null"))}.get(schema_id)

    def foresees(self, schema: Schema, schema_id: int) -> bool:  # noqa: ARG002  # the contract of a survey
        return schema_id < 100


class _Other(_Asked):
    """A second survey with a schema of its own under the same id."""

    name, topics = "other", ("other-.*",)

    def named_schema(self, schema_id: int) -> Schema | None:
        return _record("others", _field("b", "long")) if schema_id == 7 else None


MINE = json.dumps(_record("mine", _field("a", "int"))).encode()


def test_a_schema_is_recognised_once_and_found_again_by_its_fingerprint() -> None:
    survey = _Asked()
    cache = SchemaCache([survey])
    first = cache.of_container(MINE, "t")
    assert (first.survey, first.json_text.encode()) == ("mine", MINE)
    assert cache.of_container(bytes(MINE), "t") is first
    assert survey.asked == 1
    again = cache.schema(first.fingerprint)
    assert (again.json_text, again.survey) == (first.json_text, None)
    assert len(first.fingerprint) == 16
    with pytest.raises(NotFoundError, match="0000"):
        cache.schema("0000")


def test_refusals_are_remembered_too() -> None:
    survey = _Asked()
    cache = SchemaCache([survey])
    for _ in range(3):
        with pytest.raises(PacketError, match="no survey here knows the schema 'yours'") as caught:
            cache.of_container(MINE.replace(b"mine", b"yours"), "t")
        assert caught.value.reason == "UNKNOWN_SCHEMA"
        with pytest.raises(PacketError, match="no survey here knows the schema id 12345"):
            cache.of_frame(12345, "t")
        with pytest.raises(PacketError, match="take no bytes") as caught:
            cache.of_frame(8, "t")
        assert caught.value.reason == "BAD_SCHEMA"
    assert survey.asked == 3


def test_an_id_that_two_surveys_use_belongs_to_the_one_that_sends_on_the_topic() -> None:
    cache = SchemaCache([_Asked(), _Other()])
    assert [cache.of_frame(7, t).survey for t in ("mine-a", "other-a", "elsewhere")] == ["mine", "other", "mine"]
    assert json.loads(cache.of_frame(7, "other-a").json_text)["name"] == "others"


def test_a_stranger_with_a_new_schema_in_every_packet_costs_bounded_memory() -> None:
    cache = SchemaCache([_Asked()])
    wide = _record("mine", *(_field(f"a{n}", ["null", "float"]) for n in range(150)))
    texts = [json.dumps({**wide, "doc": f"{n} " * 5000}).encode() for n in range(600)]
    for text in texts[:300]:
        cache.of_container(text, "t")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    marks = [cache.of_container(text, "t").fingerprint for text in texts[300:]]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000, "KB for 300 more schemas"
    assert cache.schema(marks[0]).json_text.encode() == texts[300]
    assert cache.schema(cache.known(texts[0]).fingerprint).json_text.encode() == texts[0]
