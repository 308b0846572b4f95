"""Scalar fields of a packet that its survey neither wants nor knows: a broker's leftovers, or a field of tomorrow."""

from __future__ import annotations

from collections.abc import Iterator

from linnet.core.avro_shape import Shape
from linnet.core.decoding import Wanted

Path = tuple[str, ...]


def undeclared(shape: Shape, wanted: Wanted) -> tuple[Path, ...]:
    """Paths of the scalar fields of a schema that are neither wanted nor known, in its order; lists are not entered."""
    skip = set(wanted.scalars) | set(wanted.lists) | wanted.known
    return tuple(dict.fromkeys(_leaves(shape, (), skip)))


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
