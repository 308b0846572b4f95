"""Shapes on the sky as people write them: polygons and circles as DS9 does, lists of vertices, lines of vertices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from linnet.adapters.catalogue_files.coordinates import degrees
from linnet.core.sky import separation
from linnet.errors import InputError

MAX_VERTICES = 10_000
MAX_SHAPES = 10_000

_SYSTEMS = {"icrs", "fk5", "j2000"}
"""Of DS9's systems those within 0.03 arcsec of ICRS."""

_OTHERS = {"galactic", "ecliptic", "fk4", "b1950", "image", "physical", "detector", "amplifier", "wcs", "linear"}

_SHAPE = re.compile(r"([+-]?)\s*(\w+)\s*(?:\(([^()]*)\)|\s([^()]*))$")

_PER_UNIT = {'"': 1.0 / 3600.0, "'": 1.0 / 60.0, "d": 1.0, "": 1.0}
"""Degrees; a size without a unit is in degrees, as in DS9."""


@dataclass(frozen=True)
class Polygon:
    """Vertices in degrees, joined by great circles; inside is the smaller part."""

    ra: tuple[float, ...]
    dec: tuple[float, ...]

    @property
    def length(self) -> float:
        """Of its border, degrees."""
        return float(_sides(self).sum()) / 3600.0


@dataclass(frozen=True)
class Circle:
    """Centre and radius in degrees."""

    ra: float
    dec: float
    radius: float

    @property
    def length(self) -> float:
        """Of its border, degrees."""
        return 360.0 * float(np.sin(np.radians(self.radius)))


Shape: TypeAlias = Polygon | Circle


def are_shapes(text: str) -> bool:
    """Whether a text is made of shapes or vertices, not of the cells of a MOC."""
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return re.match(r"\d+\s*/", first) is None


def shapes_of_text(text: str) -> list[Shape]:
    """The shapes of a text: DS9's `polygon(...)` and `circle(...)`, or vertices of one polygon, one on each line.

    Raises:
        InputError: with the number of the line.
    """
    shapes: list[Shape] = []
    vertices: list[tuple[float, float]] = []
    for number, line in enumerate(text.splitlines(), 1):
        for part in line.partition("#")[0].split(";"):
            words = part.strip()
            if not words or words.lower().startswith("global") or words.lower() in _SYSTEMS:
                continue
            if words.lower() in _OTHERS:
                raise InputError(f"line {number}: coordinates in {words.lower()}; write them in icrs")
            if words[0].isalpha() or "(" in words:
                shapes.append(_shape(words, number))
            else:
                vertices.append(_vertex(re.split(r"[,;\s]+", words), number))
    if vertices:
        shapes.append(_polygon(vertices, "the vertices"))
    return _counted(shapes)


def shapes_of_json(found: Sequence[Any]) -> list[Shape]:
    """The polygons of a JSON list: `[[ra, dec], ...]` in degrees, or a list of such lists.

    Raises:
        InputError: it is none.
    """
    many = found if found and all(_is_polygon(each) for each in found) else [found]
    if not all(_is_polygon(each) for each in many):
        raise InputError("the JSON is neither a MOC nor a list of vertices [ra, dec], nor a list of such lists")
    return _counted(
        [_polygon([(float(a), float(d)) for a, d in each], f"polygon {n}") for n, each in enumerate(many, 1)]
    )


def _is_polygon(found: Any) -> bool:
    if not isinstance(found, list) or not found:
        return False
    pairs = [p for p in found if isinstance(p, list) and len(p) == 2]
    return len(pairs) == len(found) and all(
        isinstance(v, int | float) and not isinstance(v, bool) for pair in pairs for v in pair
    )


def _counted(shapes: list[Shape]) -> list[Shape]:
    if not 0 < len(shapes) <= MAX_SHAPES:
        raise InputError(f"an area is drawn of 1 to {MAX_SHAPES} shapes, not {len(shapes)}")
    return shapes


def _shape(words: str, number: int) -> Shape:
    found = _SHAPE.match(words)
    if found is None:
        raise InputError(f"line {number}: {words[:40]!r} is no shape: write polygon(ra,dec,...) or circle(ra,dec,size)")
    sign, kind, inner = found[1], found[2].lower(), found[3] if found[3] is not None else found[4]
    values = [v for v in re.split(r"[,\s]+", inner.strip()) if v]
    if sign == "-":
        raise InputError(f"line {number}: shapes that are cut out cannot be taken")
    if kind == "polygon" and len(values) % 2 == 0:
        pairs = [_vertex(values[i : i + 2], number) for i in range(0, len(values), 2)]
        return _polygon(pairs, f"line {number}: the polygon")
    if kind == "circle" and len(values) == 3:
        ra, dec = _vertex(values[:2], number)
        return Circle(ra, dec, _size(values[2], number))
    raise InputError(f"line {number}: {kind}({len(values)} values) cannot be taken: polygon and circle can")


def _vertex(values: Sequence[str], number: int) -> tuple[float, float]:
    if len(values) != 2:
        raise InputError(f"line {number}: {' '.join(values)[:40]!r} is no position: write ra dec")
    try:
        ra, dec = (float(degrees(pa.array([v]), axis, axis)[0]) for v, axis in zip(values, ("ra", "dec"), strict=True))
    except InputError as error:
        raise InputError(f"line {number}: {str(error).split(': ', 1)[-1]}") from error
    return ra, dec


def _size(text: str, number: int) -> float:
    unit = text[-1] if text[-1] in "\"'d" else ""
    try:
        size = float(text.removesuffix(unit)) * _PER_UNIT[unit]
    except ValueError:
        size = np.nan
    if not 0.0 < size <= 90.0:
        raise InputError(f"line {number}: {text[:20]!r} is no radius above 0 and at most 90 deg")
    return size


def _polygon(vertices: Sequence[tuple[float, float]], called: str) -> Polygon:
    """A polygon without its end where that is its beginning again.

    Raises:
        InputError: it has too few or too many vertices, two that are one, or a side that is no great circle of its own.
    """
    if len(vertices) > 1 and vertices[0] == vertices[-1]:
        vertices = vertices[:-1]
    if not 3 <= len(vertices) <= MAX_VERTICES:
        raise InputError(f"{called}: a polygon has 3 to {MAX_VERTICES} vertices, not {len(vertices)}")
    ra, dec = np.array(vertices).T
    if not (np.isfinite(ra).all() and (np.abs(dec) <= 90.0).all() and (ra >= -180.0).all() and (ra <= 360.0).all()):
        raise InputError(f"{called}: a vertex is no position: ra -180 to 360, dec -90 to 90 degrees")
    made = Polygon(tuple(ra % 360.0), tuple(dec))
    sides = _sides(made)
    if sides.min() < 1e-3:
        raise InputError(f"{called}: two vertices beside each other are the same")
    if sides.max() > 179.0 * 3600.0:
        raise InputError(f"{called}: a side is longer than 179 deg: put a vertex between")
    return made


def _sides(polygon: Polygon) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Lengths in arcsec."""
    ra, dec = np.array(polygon.ra), np.array(polygon.dec)
    return separation(ra, dec, np.roll(ra, -1), np.roll(dec, -1))
