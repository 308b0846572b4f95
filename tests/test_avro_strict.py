"""Datums are taken and refused exactly as a strict reader of the Avro specification does (2 s)."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest

from linnet.core import avro_varint
from linnet.core.avro_decode import read_datum
from linnet.core.avro_schema import WriterSchema, writer_schema
from linnet.core.avro_strict import MAX_VALUES
from linnet.errors import PacketError
from mutations import mutate
from random_avro import encode, number, random_schema
from strict_avro import InvalidError, read_datums


def _schema(*types: Any) -> WriterSchema:
    fields = [{"name": f"a{n}", "type": kind} for n, kind in enumerate(types)]
    return writer_schema(json.dumps({"type": "record", "name": "r", "fields": fields}).encode())


def _same(one: Any, other: Any) -> bool:
    """Equality that takes NaN for NaN and tells -0.0 from 0.0."""
    return repr(one) == repr(other)


def _verdict(data: bytes, schema: WriterSchema) -> tuple[bool, Any]:
    try:
        return True, read_datum(data, schema)
    except PacketError as error:
        assert error.reason == "BAD_DATUM"  # noqa: PT017  # what is asserted is the reason of a refusal, if there is one
        return False, None


def _truth(data: bytes, schema: WriterSchema) -> tuple[bool, Any]:
    try:
        return True, read_datums(data, schema.parsed)[0]
    except InvalidError:
        return False, None


@pytest.mark.parametrize("seed", range(10))
def test_every_legal_encoding_is_taken_and_means_the_same_to_three_readers(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(20):
        schema = writer_schema(json.dumps(random_schema(rng)).encode())
        for _ in range(5):
            data, value = encode(rng, schema.parsed)
            assert _same(read_datums(data, schema.parsed)[0], value)
            assert _same(read_datum(data, schema), value)


@pytest.mark.parametrize("seed", range(10))
def test_damaged_datums_get_the_verdict_and_values_of_an_independent_strict_reader(seed: int) -> None:
    rng = random.Random(1000 + seed)
    taken = refused = 0
    for _ in range(20):
        schema = writer_schema(json.dumps(random_schema(rng)).encode())
        for _ in range(20):
            data = mutate(rng, encode(rng, schema.parsed)[0])
            ours, truth = _verdict(data, schema), _truth(data, schema)
            assert ours[0] == truth[0], (schema.json_text, data.hex())
            assert _same(ours[1], truth[1])
            taken += ours[0]
            refused += not ours[0]
    assert taken > 50
    assert refused > 50


_LONG = b"\xff" * 9 + b"\x01"  # the smallest 64-bit number, in ten bytes

REFUSED: dict[str, tuple[Any, bytes, str]] = {
    "a number of 65 bits": ("long", b"\xff" * 9 + b"\x03", "more than 64 bits"),
    "a number of eleven bytes": ("long", b"\x80" * 10 + b"\x00", "more than 64 bits"),
    "an int of 33 bits": ("int", number(2**31), "more than 32 bits"),
    "an int of five bytes below its range": ("int", number(-(2**31) - 1), "more than 32 bits"),
    "a negative union index": (["null", "int"], number(-1) + b"\x02", "branch -1 of a union with 2"),
    "a union index too large": (["null", "int"], number(2), "branch 2"),
    "a negative enum index": ({"type": "enum", "name": "e", "symbols": ["a", "b"]}, number(-1), "symbol -1"),
    "an enum index too large": ({"type": "enum", "name": "e", "symbols": ["a", "b"]}, number(2), "symbol 2"),
    "a boolean of 2": ("boolean", b"\x02", "neither 0 nor 1"),
    "text that is not UTF-8": ("string", number(2) + b"\xc3\x28", "not UTF-8"),
    "a surrogate in text": ("string", number(3) + b"\xed\xa0\x80", "not UTF-8"),
    "a map key that is not UTF-8": ({"type": "map", "values": "int"}, b"\x02\x02\xff\x02\x00", "a key"),
    "a negative length": ("bytes", number(-1), "length of -1"),
    "a length beyond the end": ("string", number(2**40), "does not fit"),
    "the smallest length": ("string", _LONG, "does not fit"),
    "a billion items": ({"type": "array", "items": ["null", "int"]}, number(10**9) + b"\x00", "do not fit"),
    "a billion entries": ({"type": "map", "values": ["null", "int"]}, number(10**9) + b"\x00", "do not fit"),
    "the smallest block count": ({"type": "array", "items": "int"}, _LONG + b"\x00\x00", "do not fit"),
    "a block of another size": (
        {"type": "array", "items": "int"},
        number(-1) + number(2) + b"\x02" + b"\x00",
        "another size",
    ),
    "bytes after the end": ("int", b"\x02\x00", "1 bytes follow"),
    "nothing at all": ("int", b"", "datums do not fit"),
    "a double cut short": ("double", bytes(7), "do not fit"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_specification_forbids_is_refused_with_the_reason(case: str) -> None:
    kind, data, reason = REFUSED[case]
    schema = _schema(kind)
    assert _truth(data, schema) == (False, None)
    with pytest.raises(PacketError, match=re.escape(reason)):
        read_datum(data, schema)


def test_a_complaint_names_the_field() -> None:
    inner = {
        "type": "record",
        "name": "c",
        "fields": [{"name": "jd", "type": "double"}, {"name": "b", "type": "boolean"}],
    }
    with pytest.raises(PacketError, match=r"^a1\.b: a boolean"):
        read_datum(b"\x02" + bytes(8) + b"\x07", _schema("int", inner))


def test_few_bytes_never_become_many_values() -> None:
    fields = [{"name": "n", "type": ["null", "int"]}] + [{"name": f"z{n}", "type": "null"} for n in range(999)]
    schema = _schema({"type": "array", "items": {"type": "record", "name": "i", "fields": fields}})
    small = number(10) + bytes(10) + number(0)
    assert len(read_datum(small, schema)["a0"]) == 10
    count = MAX_VALUES // 1000
    with pytest.raises(PacketError, match="more than 1000000 values") as caught:
        read_datum(number(count) + bytes(count) + number(0), schema)
    assert caught.value.reason == "TOO_LARGE"


def test_numbers_are_written_as_fastavro_reads_them_and_read_back() -> None:
    for value in (0, -1, 1, 63, 64, -64, -65, 2**31, -(2**63), 2**63 - 1):
        assert avro_varint.encode(value) == number(value)
        assert avro_varint.decode(number(value), 0) == (value, len(number(value)))
        assert read_datum(number(value), _schema("long")) == {"a0": value}
