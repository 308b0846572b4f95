"""Items of lists whose fields simply lie one behind the other, so that the decoder can learn their layouts."""

from __future__ import annotations

from linnet.core.avro_operations import SIMPLE
from linnet.core.avro_shape import Shape


def null_place(shape: Shape) -> int:
    """1 or 2 where a union has null as its first or second branch of two, else 0."""
    kinds = [part.kind for part in shape.parts]
    return kinds.index("null") + 1 if len(kinds) == 2 and "null" in kinds else 0


def flatten(shape: Shape, path: str, flat: list[tuple[Shape, int, str]]) -> bool:
    """Collects the fields of an item; False where it holds more than simple types, nullable or not, and records."""
    if shape.kind == "record":
        return all(flatten(part, f"{path}.{name}" if path else name, flat) for name, part in shape.fields)
    if shape.kind == "union":
        null = null_place(shape)
        inner = shape.parts[2 - null] if null else shape
        place = len(flat)
        flat.append((inner, null, path))
        if inner.kind != "record":
            return bool(null) and inner.kind in SIMPLE
        whole = flatten(inner, path, flat)
        # The entry's n is the number of entries that follow within the record.
        flat[place] = (Shape("record", 0, size=len(flat) - place - 1), null, path)
        return whole
    if shape.kind == "null":
        return True
    flat.append((shape, 0, path))
    return shape.kind in SIMPLE
