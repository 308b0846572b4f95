"""Checks of a writer schema's structure, which turn it into a `Shape`.

A schema is code that a stranger sends. fastavro 1.13 dies by SIGSEGV on a recursive one and lets six bytes of
`array<null>` become gigabytes, so everything here holds before any other reader sees the schema. Rules of the Avro 1.11
specification ("Schema Declaration", "Names"); limits are ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from linnet.core.avro_defaults import fits
from linnet.core.avro_shape import LEAST, Shape
from linnet.core.decoding import Schema
from linnet.core.reasons import Reason
from linnet.errors import PacketError

MAX_DEPTH = 16
"""Records, arrays, maps and unions within each other."""

MAX_FIELDS = 2000
"""Fields of all records, a named type counted wherever it is used (the official LSST schemas have 337 to 872)."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def shape_of(schema: Schema) -> Shape:
    """The shape of a parsed writer schema, whose top is a record or a list of records.

    Its JSON must be nested within reason (`avro_schema.MAX_NESTING`): it is walked by recursion.

    Raises:
        PacketError: `BAD_SCHEMA`, with one sentence that says what is wrong and where.
    """
    shape = _Reader().read(schema, "", "the schema")
    records = shape.parts if shape.kind == "union" else (shape,)
    if any(part.kind != "record" for part in records):
        raise _bad("its top is neither a record nor a list of records")
    if shape.least == 0:
        raise _bad("its datums take no bytes")
    if _count(shape) > MAX_FIELDS:
        raise _bad(f"it has more than {MAX_FIELDS} fields")
    return shape


def _bad(what: str) -> PacketError:
    return PacketError(Reason.BAD_SCHEMA, what)


@dataclass
class _Reader:
    """Builds shapes; `named` holds finished types, `unfinished` those whose definition is being read."""

    named: dict[str, Shape] = field(default_factory=dict)
    unfinished: set[str] = field(default_factory=set)

    def read(self, schema: object, space: str, where: str) -> Shape:
        if isinstance(schema, str):
            return self._reference(schema, space, where)
        if isinstance(schema, list):
            return self._union(schema, space, where)
        if not isinstance(schema, Mapping) or "type" not in schema:
            raise _bad(f"{where} has no type")
        kind = schema["type"]
        if kind in ("array", "map"):
            return self._items(schema, space, where)
        if kind in ("record", "enum", "fixed"):
            return self._definition(schema, space, where)
        return self.read(kind, space, where)

    def _reference(self, name: str, space: str, where: str) -> Shape:
        if name in LEAST:
            return Shape(name, LEAST[name])  # type: ignore[arg-type]  # the keys of LEAST are kinds
        full = name if "." in name or not space else f"{space}.{name}"
        if full in self.unfinished:
            raise _bad(f"{where} holds the type {full[:80]!r} within itself: recursive schemas are refused")
        if full not in self.named:
            raise _bad(f"{where} is of the unknown type {full[:80]!r}")
        return self.named[full]

    def _union(self, branches: list[object], space: str, where: str) -> Shape:
        parts = tuple(self.read(branch, space, where) for branch in branches)
        if not parts:
            raise _bad(f"{where} is a union without branches")
        seen = [(part.kind, part.name) for part in parts]
        if len(set(seen)) < len(seen) or any(part.kind == "union" for part in parts):
            raise _bad(f"{where} is a union with a branch twice, or within a union")
        values = max(part.values for part in parts)
        return Shape("union", 1 + min(p.least for p in parts), values, parts=parts, depth=_depth(parts, where))

    def _items(self, schema: Mapping[str, object], space: str, where: str) -> Shape:
        kind: Literal["array", "map"] = "array" if schema["type"] == "array" else "map"
        items = self.read(schema.get("items" if kind == "array" else "values"), space, where)
        if items.least == 0:
            raise _bad(f"{where} is {kind} of items that take no bytes")
        return Shape(kind, 1, parts=(items,), depth=_depth((items,), where))

    def _definition(self, schema: Mapping[str, object], space: str, where: str) -> Shape:
        full, inner = _full_name(schema, space, where)
        if full in self.named or full in self.unfinished:
            raise _bad(f"{where} defines the type {full!r} a second time")
        self.unfinished.add(full)
        number = len(self.named) + len(self.unfinished) - 1
        if schema["type"] == "record":
            shape = self._record(schema, inner, where, number)
        elif schema["type"] == "enum":
            shape = _enum(schema, where, number)
        else:
            shape = _fixed(schema, where, number)
        self.unfinished.discard(full)
        self.named[full] = shape
        return shape

    def _record(self, schema: Mapping[str, object], space: str, where: str, number: int) -> Shape:
        declared = schema.get("fields")
        if not isinstance(declared, list):
            raise _bad(f"{where} is a record without fields")
        fields: dict[str, Shape] = {}
        for entry in declared:
            name = _field_name(entry, where)
            if name in fields:
                raise _bad(f"{where} has the field {name!r} twice")
            inside = name if where == "the schema" else f"{where}.{name}"
            fields[name] = self.read(entry.get("type"), space, inside)
            if "default" in entry and not fits(fields[name], entry["default"]):
                raise _bad(f"{inside} has a default that is no {fields[name].kind}")
        depth = _depth(fields.values(), where)
        total = sum(_count(part) for part in fields.values())
        if total > MAX_FIELDS:
            raise _bad(f"{where} has more than {MAX_FIELDS} fields")
        least = sum(part.least for part in fields.values())
        values = 1 + sum(part.values for part in fields.values())
        return Shape("record", least, values, number, total, tuple(fields.items()), depth=depth)


def _depth(parts: Iterable[Shape], where: str) -> int:
    """Depth of a type with these parts. Types in a list can refer to each other deeper than the JSON is nested."""
    depth = 1 + max((part.depth for part in parts), default=0)
    if depth > MAX_DEPTH:
        raise _bad(f"{where} is deeper than {MAX_DEPTH} types")
    return depth


def _count(shape: Shape) -> int:
    """Fields that a field of this shape stands for: itself, and those of every record in it."""
    if shape.kind == "record":
        return 1 + shape.size
    return 1 + sum(_count(part) - 1 for part in shape.parts)


def _full_name(schema: Mapping[str, object], space: str, where: str) -> tuple[str, str]:
    """Full name of a definition, and the name space within it."""
    name, own = schema.get("name"), schema.get("namespace", space)
    if not isinstance(name, str) or not isinstance(own, str):
        raise _bad(f"{where} defines a type without a name")
    full = name if "." in name or not own else f"{own}.{name}"
    if full in LEAST or not all(_NAME.match(part) for part in full.split(".")):
        raise _bad(f"{where} defines a type with the invalid name {full[:80]!r}")
    return full, full.rpartition(".")[0]


def _field_name(entry: object, where: str) -> str:
    name = entry.get("name") if isinstance(entry, Mapping) else None
    if not isinstance(name, str) or not _NAME.match(name):
        raise _bad(f"{where} has a field with the invalid name {str(name)[:80]!r}")
    return name


def _enum(schema: Mapping[str, object], where: str, number: int) -> Shape:
    symbols = schema.get("symbols")
    if not isinstance(symbols, list) or not symbols or len(set(map(str, symbols))) < len(symbols):
        raise _bad(f"{where} is an enum without symbols or with one twice")
    if not all(isinstance(symbol, str) and _NAME.match(symbol) for symbol in symbols):
        raise _bad(f"{where} is an enum with an invalid symbol")
    return Shape("enum", 1, name=number, size=len(symbols), symbols=tuple(symbols))


def _fixed(schema: Mapping[str, object], where: str, number: int) -> Shape:
    size = schema.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= 1 << 24:
        raise _bad(f"{where} is fixed without a usable size")
    return Shape("fixed", size, name=number, size=size)
