"""Datums with long histories whose items share a few layouts, as light curves do: what templates are made of."""

from __future__ import annotations

import random
from typing import Any

from random_avro import encode, number

_SIMPLE = ("boolean", "int", "long", "float", "double", "string", "bytes")


def history_schema(rng: random.Random) -> dict[str, Any]:
    """A record with a list of flat records, some fields of which may be null, one of them a record."""
    return {
        "type": "record",
        "name": "alert",
        "fields": [
            {"name": "id", "type": "long"},
            {"name": "history", "type": ["null", {"type": "array", "items": _items(rng)}]},
            {"name": "more", "type": {"type": "map", "values": ["null", "double"]}},
            {"name": "tail", "type": "bytes"},
        ],
    }


def histories(rng: random.Random, schema: Any, count: int) -> list[bytes]:
    """Encoded datums: items are repeated with a changed byte here and there, or are new."""
    items = schema["fields"][1]["type"][1]["items"]
    known = [encode(rng, items)[0] for _ in range(4)]
    datums = []
    for _ in range(count):
        total = rng.randint(1, 60)
        body = b"".join(encode(rng, items)[0] if rng.random() < 0.1 else rng.choice(known) for _ in range(total))
        block = number(total) if rng.random() < 0.7 else number(-total) + number(len(body))
        entries = b"".join(number(2) + f"k{n}".encode() + number(1) + bytes(8) for n in range(20))
        tail = rng.randbytes(rng.choice((0, 100)))
        datums.append(
            number(rng.randrange(2**40)) + number(1) + block + body + number(0)
            + number(20) + entries + number(0) + number(len(tail)) + tail
        )  # fmt: skip # one part of a datum after the other
    return datums


def _items(rng: random.Random) -> Any:
    fields = [{"name": f"a{n}", "type": _field(rng, n)} for n in range(rng.randint(1, 12))]
    inner = {
        "type": "record",
        "name": "inner",
        "fields": [{"name": "x", "type": "double"}, {"name": "n", "type": "int"}],
    }
    fields.append({"name": "inner", "type": rng.choice((inner, ["null", inner], [inner, "null"]))})
    record = {"type": "record", "name": "item", "fields": [{"name": "t", "type": "double"}, *fields]}
    return rng.choice((record, ["null", record]))


def _field(rng: random.Random, number_: int) -> Any:
    kind = rng.choice(
        (
            *_SIMPLE,
            {"type": "enum", "name": f"e{number_}", "symbols": ["a", "bc", "def"]},
            {"type": "fixed", "name": f"f{number_}", "size": rng.randint(0, 5)},
        )
    )
    return rng.choice((kind, ["null", kind], [kind, "null"]))
