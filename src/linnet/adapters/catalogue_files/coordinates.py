"""Coordinates as catalogues give them, in degrees: numbers, or texts in hours and degrees, minutes and seconds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.lists import Floats
from linnet.errors import InputError

_SEXAGESIMAL = (
    r"^(?P<sign>[+-]?)\s*(?P<whole>\d{1,3})[:hd°\s]\s*(?P<minutes>\d{1,2}(?:\.\d*)?)"
    r"(?:[:m'\s]\s*(?P<seconds>\d{1,2}(?:\.\d*)?))?\s*[ms'\"]?$"
)
_LIMITS = {"ra": (-180.0, 360.0), "dec": (-90.0, 90.0)}


def degrees(column: pa.Array, axis: str, name: str) -> Floats:
    """One coordinate of every row in degrees, NaN where there is none.

    Numbers are degrees. Texts are degrees, or sexagesimal with colons, blanks or letters between; a sexagesimal right
    ascension is in hours. A second (or minute) of 60.0, which rounding writes, is one minute more.

    Args:
        column: the values.
        axis: `ra` or `dec`.
        name: of the column, for messages.

    Raises:
        InputError: a value is no coordinate; with the value.
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    values = _of_texts(column, axis, name) if text else _of_numbers(column, name)
    least, most = _LIMITS[axis]
    with np.errstate(invalid="ignore"):
        outside = np.flatnonzero((values < least) | (values > most))
    if len(outside):
        raise InputError(f"column {name}: {values[outside[0]]:g} is no {axis}, which goes from {least:g} to {most:g}")
    return values


def _of_numbers(column: pa.Array, name: str) -> Floats:
    try:
        values: Floats = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(f"column {name} is {column.type}, no coordinate") from error
    return np.where(np.isfinite(values), values, np.nan)


def _of_texts(column: pa.Array, axis: str, name: str) -> Floats:
    texts = pc.utf8_trim_whitespace(column.cast(pa.string()))
    texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    try:
        return _of_numbers(texts.cast(pa.float64()), name)
    except pa.ArrowInvalid:
        pass
    parts = pc.extract_regex(texts, _SEXAGESIMAL)
    odd = pc.and_(parts.is_null(), texts.is_valid())
    if pc.any(odd, min_count=0).as_py():
        first = texts.filter(odd)[0].as_py()
        raise InputError(f"column {name}: {first[:40]!r} is no coordinate: write degrees, or 10:00:24.0 and -02:30:00")
    whole, minutes, seconds = (_number(parts.field(i), texts) for i in (1, 2, 3))
    if max(np.nanmax(minutes, initial=0.0), np.nanmax(seconds, initial=0.0)) > 60.0:
        raise InputError(f"column {name} has minutes or seconds above 60")
    size = (whole + minutes / 60.0 + seconds / 3600.0) * (15.0 if axis == "ra" else 1.0)
    south = pc.equal(parts.field(0), "-").fill_null(False).to_numpy(zero_copy_only=False)
    return np.where(south, -size, size)


def _number(part: pa.Array, texts: pa.Array) -> Floats:
    """A part of every text, 0 where it was not written, NaN where there is no text."""
    written = pc.if_else(pc.equal(part, ""), "0", part).cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.where(texts.is_null().to_numpy(zero_copy_only=False), np.nan, written)
