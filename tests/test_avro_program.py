"""Every operation of the decoder's machine by itself, and the table that documents them."""

from __future__ import annotations

import json
import re
import struct
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from linnet.core import avro_machine, avro_operations, avro_reading, avro_strict
from linnet.core.avro_codec import MAX_EXPANDED
from linnet.core.avro_container import MAX_MESSAGE
from linnet.core.avro_decode import decode_datums
from linnet.core.avro_extra import undeclared
from linnet.core.avro_layout import Layout
from linnet.core.avro_operations import OP_WORDS
from linnet.core.avro_program import compile_program
from linnet.core.avro_schema import WriterSchema, writer_schema
from linnet.core.decoding import Wanted
from linnet.errors import PacketError
from random_avro import number

OPERATIONS = re.findall(r"^\| ([A-Z][A-Z0-9_]+) ", str(avro_operations.__doc__), re.MULTILINE)


def _schema(*types: Any) -> WriterSchema:
    fields = [{"name": f"a{n}", "type": kind} for n, kind in enumerate(types)]
    return writer_schema(json.dumps({"type": "record", "name": "r", "fields": fields}).encode())


def _operations(schema: WriterSchema, wanted: Wanted) -> list[str]:
    """Names of the operations that a program consists of, in order, up to its END."""
    paths = tuple(".".join(path) for path in undeclared(schema.shape, wanted))
    words = compile_program(schema.shape, Layout(wanted).targets, paths).words.tolist()
    names = {getattr(avro_operations, name): name for name in OPERATIONS}
    found: list[str] = []
    while not found or found[-1] != "END":
        found.append(names[words[OP_WORDS * len(found)]])
    return found


def _decoded(schema: WriterSchema, wanted: Wanted, *datums: bytes) -> pa.RecordBatch:
    fields = decode_datums(pa.array(datums, pa.binary()), schema, wanted).fields
    fields.validate(full=True)
    return fields


def test_the_table_lists_all_operations_and_the_kernel_knows_them_by_the_same_numbers() -> None:
    kernel = avro_machine.kernels()
    assert len(OPERATIONS) == len(set(OPERATIONS)) == 23
    assert [getattr(kernel, name) for name in OPERATIONS] == [getattr(avro_operations, name) for name in OPERATIONS]
    assert (kernel.OP_WORDS, kernel.READS, kernel.K_TAPE) == (OP_WORDS, avro_operations.READS, avro_operations.TAPE)
    assert sorted(avro_operations.KINDS.values()) == list(range(kernel.K_F32, kernel.K_BYTES + 1))
    assert (kernel.MAX_VALUES, kernel.MAX_DATUM) == (avro_strict.MAX_VALUES, MAX_EXPANDED)
    assert (kernel.MAX_MESSAGE, kernel.BATCH_FULL) == (MAX_MESSAGE, avro_reading.BATCH_FULL)


ENUM = {"type": "enum", "name": "e", "symbols": ["g", "_", "long_name"]}
FIXED = {"type": "fixed", "name": "f", "size": 3}
PI32 = struct.unpack("<f", struct.pack("<f", 3.14159))[0]

READS: dict[str, tuple[Any, pa.DataType, list[tuple[bytes, Any]]]] = {
    "F32_F32": (
        "float",
        pa.float32(),
        [(struct.pack("<f", v), e) for v, e in ((1.5, 1.5), (float("nan"), None), (float("-inf"), None), (0.0, 0.0))],
    ),
    "F64_F64": (
        "double",
        pa.float64(),
        [(struct.pack("<d", v), e) for v, e in ((1e300, 1e300), (float("inf"), None), (5e-324, 5e-324))],
    ),
    "F32_F64": ("float", pa.float64(), [(struct.pack("<f", PI32), PI32), (struct.pack("<f", float("nan")), None)]),
    "F64_F32": ("double", pa.float32(), [(struct.pack("<d", 3.14159), PI32), (struct.pack("<d", 1e39), None)]),
    "FLOAT_INT": (
        "double",
        pa.int32(),
        [(struct.pack("<d", v), e) for v, e in ((-7.0, -7), (7.5, None), (2.0**31, None), (2.0**60, None))],
    ),
    "VARINT_INT": (
        "long",
        pa.int8(),
        [(number(v), e) for v, e in ((127, 127), (-128, -128), (128, None), (2**63 - 1, None), (-(2**63), None))],
    ),
    "VARINT_FLOAT": ("long", pa.float32(), [(number(2**24 + 1), 2.0**24), (number(-(2**63)), -(2.0**63))]),
    "VARINT_TEXT": (
        "long",
        pa.string(),
        [(number(v), str(v)) for v in (0, -1, 9, 10, -10, 12345, 2**63 - 1, -(2**63), -(2**63) + 1)],
    ),
    "BOOL": ("boolean", pa.bool_(), [(b"\x00", False), (b"\x01", True)]),
    "BOOL_TEXT": ("boolean", pa.string(), [(b"\x00", "false"), (b"\x01", "true")]),
    "TEXT": (
        "string",
        pa.string(),
        [(number(len(v.encode())) + v.encode(), v) for v in ("", "g", "é", "four", "fives", "z" * 17, "星" * 99)],
    ),
    "BYTES": ("bytes", pa.binary(), [(number(len(v)) + v, v) for v in (b"", b"\xff", bytes(300))]),
    "FIXED": (FIXED, pa.binary(), [(b"\x00\xff\x7f", b"\x00\xff\x7f")]),
    "ENUM": (ENUM, pa.string(), [(number(n), symbol) for n, symbol in enumerate(("g", "_", "long_name"))]),
}


@pytest.mark.parametrize("operation", READS)
@pytest.mark.parametrize("null", [None, 0, 1])
def test_a_reading_operation_puts_the_value_into_its_column(operation: str, null: int | None) -> None:
    kind, column, cases = READS[operation]
    branches = [kind] if null is None else ["null", kind] if null == 0 else [kind, "null"]
    schema, wanted = _schema(kind if null is None else branches, "int"), Wanted({"a0": column, "a1": pa.int64()})
    assert _operations(schema, wanted) == [operation, "VARINT_INT", "END"]
    index = b"" if null is None else number(1 - null)
    datums, expected = [index + data + number(7) for data, _ in cases], [value for _, value in cases]
    if null is not None:
        datums, expected = [*datums, number(null) + number(7)], [*expected, None]
    fields = _decoded(schema, wanted, *datums)
    assert fields.column("a0").to_pylist() == expected
    assert fields.column("a1").to_pylist() == [7] * len(expected)
    for cut in (0, 1):  # no value at all, and one that stops too early
        with pytest.raises(PacketError):
            _decoded(schema, wanted, (index + cases[-1][0])[: len(index) + cut * (len(cases[-1][0]) - 1)])


@pytest.mark.parametrize("operation", READS)
def test_a_value_in_an_item_goes_the_same_way_through_a_template(operation: str) -> None:
    kind, column, cases = READS[operation]
    item = {"type": "record", "name": "i", "fields": [{"name": "n", "type": "long"}, {"name": "v", "type": kind}]}
    schema = _schema({"type": "array", "items": item}, "bytes")
    wanted = Wanted({}, {"a0": {"v": column, "n": pa.int16()}})
    for data, value in cases:
        datum = number(30) + (number(5) + data) * 30 + number(0) + number(200) + bytes(200)
        fields = _decoded(schema, wanted, datum)
        assert fields.column("a0.v").to_pylist() == [[value] * 30]
        assert fields.column("a0.n").to_pylist() == [[5] * 30]


WITH_LIST = {"type": "array", "items": ["null", "string", "double"]}

_POINT = {"type": "record", "name": "i", "fields": [{"name": "x", "type": "float"}]}

STRUCTURE: dict[str, tuple[tuple[Any, ...], list[str], bytes, list[bytes]]] = {
    # name: types before a last long, operations before that long, a valid encoding, invalid ones
    "SKIP": (("float", "double", FIXED), ["SKIP"], bytes(15), [bytes(14)]),
    "RUN": (
        ("int", ["null", "string"], "boolean"),
        ["RUN"],
        b"\x02\x02\x02g\x01",
        [b"\x02\x02\x02\xff\x01", b"\x02\x00\x02"],
    ),
    "OPTIONAL": ((["null", _POINT],), ["OPTIONAL", "SKIP"], number(1) + bytes(4), [number(2)]),
    "UNION": (
        (["int", "string", "null"],),
        ["UNION", "RUN", "JUMP", "RUN", "JUMP", "JUMP"],
        number(1) + b"\x02g",
        [number(3), number(-1)],
    ),
    "ITEMS": (
        (WITH_LIST,),
        ["ITEMS", "UNION", "JUMP", "RUN", "JUMP", "SKIP", "JUMP", "NEXT"],
        number(2) + b"\x00\x04" + bytes(8) + number(-1) + number(1) + b"\x00" + number(0),
        [number(-1) + number(2) + b"\x00" + number(0), number(99)],
    ),
}


@pytest.mark.parametrize("operation", STRUCTURE)
def test_an_operation_of_structure_passes_over_what_is_not_wanted(operation: str) -> None:
    types, operations, valid, invalid = STRUCTURE[operation]
    schema = _schema(*types, "long")
    last = f"a{len(types)}"
    known = frozenset(f"a{n}" for n in range(len(types)))
    wanted = Wanted({last: pa.int64()}, {}, known)
    assert _operations(schema, wanted) == [*operations, "VARINT_INT", "END"]
    assert _decoded(schema, wanted, valid + number(-9)).column(last).to_pylist() == [-9]
    for data in invalid:
        with pytest.raises(PacketError):
            _decoded(schema, wanted, data + number(-9))


def test_mark_notes_undeclared_fields() -> None:
    schema = _schema(["null", "string"], ENUM, "long", "boolean", "float", "double")
    assert _operations(schema, Wanted({}))[:3] == ["OPTIONAL", "MARK", "RUN"]
    data = b"\x02\x04\xc3\xa9" + number(2) + number(-(2**40)) + b"\x01" + struct.pack("<fd", float("nan"), 0.1)
    extra = _decoded(schema, Wanted({}), data).column("extra")[0].as_py()
    assert extra == '{"a0": "é", "a1": "long_name", "a2": -1099511627776, "a3": true, "a5": 0.1}'


FLAT = {
    "type": "record",
    "name": "i",
    "fields": [
        {"name": "n", "type": "int"},
        {"name": "m", "type": "long"},
        {"name": "b", "type": "boolean"},
        {"name": "s", "type": "string"},
        {"name": "e", "type": ENUM},
        {"name": "u", "type": ["null", "int"]},
    ],
}
_GOOD = number(-(2**31)) + number(-(2**63)) + b"\x01" + b"\x02g" + number(1) + number(1) + number(3)
_BAD = {
    "an int of 33 bits": _GOOD[:4] + b"\x1f" + _GOOD[5:],
    "a long of 65 bits": _GOOD[:14] + b"\x03" + _GOOD[15:],
    "a boolean of 2": _GOOD[:15] + b"\x02" + _GOOD[16:],
    "text that is not UTF-8": _GOOD[:17] + b"\xff" + _GOOD[18:],
    "an unknown symbol": _GOOD[:18] + number(3) + _GOOD[19:],
    "an unknown branch": _GOOD[:19] + number(2) + _GOOD[20:],
}


@pytest.mark.parametrize("case", _BAD)
def test_an_invalid_item_between_good_ones_of_its_layout_is_refused(case: str) -> None:
    schema = _schema({"type": "array", "items": FLAT}, "bytes")
    wanted = Wanted({}, {"a0": {"n": pa.int32(), "u": pa.int32()}})
    assert len(_BAD[case]) == len(_GOOD)

    def datum(item: bytes) -> bytes:
        return number(21) + _GOOD * 10 + item + _GOOD * 10 + number(0) + number(100) + bytes(100)

    assert _decoded(schema, wanted, datum(_GOOD)).column("a0.n").to_pylist() == [[-(2**31)] * 21]
    with pytest.raises(PacketError, match=r"a0|64 bits"):
        _decoded(schema, wanted, datum(_BAD[case]))


def test_a_list_in_a_list_and_a_map_are_passed_over_and_never_wanted() -> None:
    inner = {"type": "record", "name": "i", "fields": [{"name": "l", "type": {"type": "array", "items": "int"}}]}
    schema = _schema({"type": "array", "items": inner}, {"type": "map", "values": "long"}, "long")
    wanted = Wanted({"a0.l": pa.int64(), "a1.k": pa.int64(), "a2": pa.int64()}, {"a0.l": {"": pa.int64()}, "a1": {}})
    data = (
        number(1) + number(2) + b"\x02\x04" + number(0) * 2 + number(1) + b"\x02k" + number(5) + number(0) + number(8)
    )
    fields = _decoded(schema, wanted, data)
    assert [fields.column(path)[0].as_py() for path in ("a0.l", "a1.k", "a2", "a0.l.")] == [None, None, 8, []]


def test_an_empty_column_of_datums_has_all_columns() -> None:
    wanted = Wanted({"a0": pa.string(), "no": pa.bool_()}, {"l": {"x": pa.float32()}})
    fields = _decoded(_schema("string"), wanted)
    assert fields.num_rows == 0
    assert fields.schema.types == [pa.string(), pa.bool_(), pa.list_(pa.float32()), pa.string()]
    sliced = pa.array([b"\x02a", b"\x02b", b"\x02c"], pa.binary()).slice(1, 1)
    alerts = decode_datums(sliced, _schema("string"), wanted)
    assert alerts.fields.column("a0").to_pylist() == ["b"]
    assert alerts.datum.to_pylist() == [b"\x02b"]
    assert np.array_equal(alerts.envelope, [0])
