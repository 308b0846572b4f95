"""What a writer schema describes, checked and resolved: the tree that strict reading walks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal[
    "null", "boolean", "int", "long", "float", "double", "bytes", "string",
    "fixed", "enum", "record", "array", "map", "union",
]  # fmt: skip # one line a kind reads worse

LEAST: Mapping[str, int] = {
    "null": 0,
    "boolean": 1,
    "int": 1,
    "long": 1,
    "float": 4,
    "double": 8,
    "bytes": 1,
    "string": 1,
}
"""Fewest bytes of a primitive value."""


@dataclass(frozen=True)
class Shape:
    """One type of a schema with everything below it; no name is left to look up.

    Attributes:
        kind: its Avro type.
        least: fewest bytes that a value takes.
        values: number of values that one value of it holds, array and map items not counted.
        name: number of a record, enum or fixed, in order of definition; -1 for others.
        size: bytes of a fixed, or number of symbols of an enum.
        fields: names and shapes of a record's fields.
        parts: branches of a union, the items of an array, the values of a map.
        symbols: symbols of an enum.
        depth: records, arrays, maps and unions within each other, this one counted.
    """

    kind: Kind
    least: int
    values: int = 1
    name: int = -1
    size: int = 0
    fields: tuple[tuple[str, Shape], ...] = ()
    parts: tuple[Shape, ...] = ()
    symbols: tuple[str, ...] = ()
    depth: int = 0


def plain(shape: Shape) -> str | list[Any] | dict[str, Any]:
    """The same types as a schema without documentation, defaults, aliases, logical types and name spaces.

    Read by it, a value comes as it was sent: a time stays the number that it is.
    """
    return _plain(shape, set())


def _plain(shape: Shape, defined: set[int]) -> str | list[Any] | dict[str, Any]:
    if shape.kind == "union":
        return [_plain(part, defined) for part in shape.parts]
    if shape.kind == "array":
        return {"type": "array", "items": _plain(shape.parts[0], defined)}
    if shape.kind == "map":
        return {"type": "map", "values": _plain(shape.parts[0], defined)}
    if shape.name < 0:
        return shape.kind
    name = f"t{shape.name}"
    if shape.name in defined:
        return name
    defined.add(shape.name)
    if shape.kind == "fixed":
        return {"type": "fixed", "name": name, "size": shape.size}
    if shape.kind == "enum":
        return {"type": "enum", "name": name, "symbols": list(shape.symbols)}
    fields = [{"name": key, "type": _plain(part, defined)} for key, part in shape.fields]
    return {"type": "record", "name": name, "fields": fields}
