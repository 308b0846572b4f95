"""Random schemas, and random values in every encoding that the Avro specification allows."""

from __future__ import annotations

import random
import struct
from typing import Any

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
_TEXTS = ("", "g", "ZTF18aazxcwf", "é", "星", "🌟" * 20)


def random_schema(rng: random.Random) -> dict[str, Any]:
    """A record with nested records, lists, maps, unions, enums and fixed."""
    return _record(rng, 3, iter(range(10_000)))


def encode(rng: random.Random, schema: Any) -> tuple[bytes, Any]:
    """A random value: one legal encoding of it, often not the shortest, and the value itself."""
    if isinstance(schema, list):
        index = rng.randrange(len(schema))
        data, value = encode(rng, schema[index])
        return number(index, rng) + data, value
    if isinstance(schema, str):
        return _primitive(rng, schema)
    return _COMPLEX[schema["type"]](rng, schema)


def number(value: int, rng: random.Random | None = None) -> bytes:
    """A zig-zag number, with a `rng` sometimes longer than needed (at most ten bytes)."""
    raw = value * 2 if value >= 0 else -value * 2 - 1
    digits = [raw & 0x7F]
    while raw := raw >> 7:
        digits.append(raw & 0x7F)
    if rng is not None and rng.random() < 0.1:
        digits += [0] * rng.randint(0, 10 - len(digits))
    return bytes(d | 0x80 for d in digits[:-1]) + bytes(digits[-1:])


def _type(rng: random.Random, depth: int, names: Any) -> Any:
    kind = rng.choice(("primitive", "primitive", "nullable", "nullable", "enum", "fixed", "record", "array", "map"))
    if kind == "nullable":
        inner = _type(rng, depth - 1, names) if depth else rng.choice(PRIMITIVES[1:])
        branches = ["null", inner] if not isinstance(inner, list) and inner != "null" else ["null", "string", "double"]
        return branches[:: rng.choice((1, -1))]
    if kind == "enum":
        return {"type": "enum", "name": f"e{next(names)}", "symbols": ["a", "b", "c"][: rng.randint(1, 3)]}
    if kind == "fixed":
        return {"type": "fixed", "name": f"f{next(names)}", "size": rng.randint(0, 5)}
    if kind == "primitive" or depth <= 0:
        return rng.choice(PRIMITIVES)
    if kind == "record":
        return _record(rng, depth - 1, names)
    # One field of at least a byte: items without any are refused, see test_avro_schema.
    items = {
        "type": "record",
        "name": f"i{next(names)}",
        "fields": [{"name": "n", "type": "long"}, {"name": "v", "type": _type(rng, depth - 1, names)}],
    }
    return {"type": "array", "items": items} if kind == "array" else {"type": "map", "values": items}


def _record(rng: random.Random, depth: int, names: Any) -> dict[str, Any]:
    fields = [{"name": f"a{n}", "type": _type(rng, depth, names)} for n in range(rng.randint(1, 6))]
    return {"type": "record", "name": f"r{next(names)}", "fields": [{"name": "first", "type": "int"}, *fields]}


def _primitive(rng: random.Random, kind: str) -> tuple[bytes, Any]:
    if kind == "null":
        return b"", None
    if kind == "boolean":
        truth = rng.random() < 0.5
        return bytes([truth]), truth
    if kind in ("int", "long"):
        limit = 2 ** (31 if kind == "int" else 63)
        value = rng.choice((0, -1, limit - 1, -limit, rng.randrange(-limit, limit), rng.randrange(-99, 99)))
        return number(value, rng), value
    if kind in ("float", "double"):
        form = "<f" if kind == "float" else "<d"
        raw = struct.pack(form, rng.choice((0.0, -0.0, 1e30, float("inf"), float("nan"), rng.gauss(0, 1))))
        return raw, struct.unpack(form, raw)[0]
    text = rng.choice(_TEXTS)
    raw = text.encode()
    return number(len(raw), rng) + raw, text if kind == "string" else raw


def _encode_record(rng: random.Random, schema: Any) -> tuple[bytes, Any]:
    parts = {field["name"]: encode(rng, field["type"]) for field in schema["fields"]}
    return b"".join(data for data, _ in parts.values()), {name: value for name, (_, value) in parts.items()}


def _encode_items(rng: random.Random, schema: Any) -> tuple[bytes, Any]:
    is_map = schema["type"] == "map"
    out, values, pairs = b"", list[Any](), dict[str, Any]()
    for _ in range(rng.randint(0, 3)):
        block, count = b"", rng.randint(1, 3)
        for _ in range(count):
            if is_map:
                key = f"k{len(pairs)}"
                block += number(len(key), rng) + key.encode()
            data, value = encode(rng, schema["values" if is_map else "items"])
            block += data
            values.append(value)
            if is_map:
                pairs[key] = value
        out += number(count, rng) if rng.random() < 0.5 else number(-count, rng) + number(len(block), rng)
        out += block
    return out + number(0, rng), pairs if is_map else values


def _encode_enum(rng: random.Random, schema: Any) -> tuple[bytes, Any]:
    index = rng.randrange(len(schema["symbols"]))
    return number(index, rng), schema["symbols"][index]


def _encode_fixed(rng: random.Random, schema: Any) -> tuple[bytes, Any]:
    raw = rng.randbytes(schema["size"])
    return raw, raw


_COMPLEX = {
    "record": _encode_record,
    "array": _encode_items,
    "map": _encode_items,
    "enum": _encode_enum,
    "fixed": _encode_fixed,
}
