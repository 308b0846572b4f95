"""Whether the default of a field is a value of its type.

Reading by the writer schema never uses a default, but a schema with a wrong one is invalid and other readers refuse it;
two real surveys send such (`null` for a number). Source: Avro 1.12 specification, "Complex Types", which lets the
default of a union belong to any branch, as ZTF's schemas have had it since 2017.
"""

from __future__ import annotations

from linnet.core.avro_shape import Shape

_BITS = {"int": 31, "long": 63}


def fits(shape: Shape, default: object) -> bool:
    """Whether the JSON value is a default for a field of this shape."""
    if shape.kind == "union":
        return any(fits(part, default) for part in shape.parts)
    if shape.kind == "null":
        return default is None
    if shape.kind == "boolean" or isinstance(default, bool):
        return shape.kind == "boolean" and isinstance(default, bool)
    if shape.kind in _BITS:
        return isinstance(default, int) and -(1 << _BITS[shape.kind]) <= default < 1 << _BITS[shape.kind]
    if shape.kind in ("float", "double"):
        return isinstance(default, int | float)
    if shape.kind == "enum":
        return default in shape.symbols
    if shape.kind == "array":
        return isinstance(default, list) and all(fits(shape.parts[0], item) for item in default)
    if shape.kind in ("map", "record"):
        return isinstance(default, dict)
    return isinstance(default, str)
