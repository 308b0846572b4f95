"""Scalar fields of a packet that its survey neither wants nor knows: a broker's leftovers, or a field of tomorrow."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping

from linnet.core.avro_shape import Shape
from linnet.core.decoding import Wanted

Path = tuple[str, ...]


def undeclared(shape: Shape, wanted: Wanted) -> tuple[Path, ...]:
    """Paths of the scalar fields of a schema that are neither wanted nor known, in its order; lists are not entered."""
    skip = set(wanted.scalars) | set(wanted.lists) | wanted.known
    return tuple(dict.fromkeys(_leaves(shape, (), skip)))


def extra(record: Mapping[str, object], paths: tuple[Path, ...]) -> str | None:
    """A JSON object, dotted path to value, of those of these fields that hold text, a boolean or a finite number.

    Null, NaN, infinity and bytes say nothing here and are left out; integers keep all their digits.

    Returns:
        The text, or None where no field is left.
    """
    found = {".".join(path): value for path in paths if _says(value := value_at(record, path))}
    return json.dumps(found, ensure_ascii=False, allow_nan=False) if found else None


def value_at(record: object, path: Path) -> object:
    """The value at a path; None where a record on the way is null or lacks the field."""
    for key in path:
        if not isinstance(record, Mapping):
            return None
        record = record.get(key)
    return record


def _says(value: object) -> bool:
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def _leaves(shape: Shape, path: Path, skip: set[str] | frozenset[str]) -> Iterator[Path]:
    if shape.kind == "union":
        for part in shape.parts:
            yield from _leaves(part, path, skip)
    elif shape.kind == "record":
        for name, part in shape.fields:
            inner = (*path, name)
            if ".".join(inner) not in skip:
                yield from _leaves(part, inner, skip)
    elif shape.kind not in ("null", "array", "map", "bytes", "fixed"):
        yield path
