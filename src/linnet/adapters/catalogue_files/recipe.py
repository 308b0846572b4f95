"""What is made of a table that somebody brings: which of its columns mean what, and what is kept of each row."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.adapters.catalogue_files.coordinates import degrees
from linnet.adapters.catalogue_files.table import BroughtTable
from linnet.core.catalogue import MAX_NEIGHBOURS, MAX_RADIUS, SEPARATION, STATE, CatalogueColumn
from linnet.core.lists import Bools
from linnet.core.sky import healpix29
from linnet.errors import InputError

CELL, RA, DEC, PM_RA, PM_DEC, RADIUS = "_healpix_29", "_ra", "_dec", "_pm_ra", "_pm_dec", "_radius"
"""Columns of a stored catalogue besides those it gives. The first is named as in HATS."""

NOTHING = ("", "nan", "null", "none", "unknown", "n/a", "-", "--", "---")
"""Texts, in lower case, that catalogues write where they have nothing to say."""

_DEGREES = {"", "deg", "degree", "degrees"}
_MAS_PER_YEAR = {"", "mas/yr", "mas / yr", "mas.yr-1", "mas.yr**-1", "mas yr-1", "mas/year"}
_KINDS = {
    pa.types.is_boolean: pa.bool_(),
    pa.types.is_float32: pa.float32(),
    pa.types.is_floating: pa.float64(),
    pa.types.is_string: pa.string(),
    pa.types.is_large_string: pa.string(),
    pa.types.is_int8: pa.int32(),
    pa.types.is_uint8: pa.int32(),
    pa.types.is_int16: pa.int32(),
    pa.types.is_uint16: pa.int32(),
    pa.types.is_int32: pa.int32(),
    pa.types.is_integer: pa.int64(),
}


@dataclass(frozen=True)
class Recipe:
    """How a table becomes a catalogue.

    Attributes:
        ra, dec: columns of the position; None takes what the table itself names.
        radius: arcsec, or a column with a radius in arcsec for each source.
        columns: what to keep: `COLUMN`, or `NAME=COLUMN` to give it another name.
        pm_ra, pm_dec: columns of the proper motion in mas/yr, that in right ascension times cos(dec).
        epoch: Julian year of the positions.
        neighbours: rows that an alert is given at most.
        lower: names of text columns that are kept in lower case.
    """

    radius: str
    columns: tuple[str, ...]
    ra: str | None = None
    dec: str | None = None
    pm_ra: str | None = None
    pm_dec: str | None = None
    epoch: float = 2000.0
    neighbours: int = 1
    lower: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """A recipe with the columns of one table.

    Attributes:
        chosen: what is read of the table.
        origins: stored column -> column of the table, for positions, motion and radius.
        columns: what the catalogue gives, without types where the table has not been read.
        radius: arcsec for all, or None where each source has its own.
    """

    chosen: tuple[str, ...]
    origins: dict[str, str]
    columns: tuple[tuple[str, str], ...]
    radius: float | None
    lower: tuple[str, ...]


def fitted(recipe: Recipe, table: BroughtTable) -> Reading:
    """The recipe for this table.

    Raises:
        InputError: a column is missing, in another unit, or named as it cannot be; a number is out of range.
    """
    if not 1 <= recipe.neighbours <= MAX_NEIGHBOURS:
        raise InputError(f"an alert can be given 1 to {MAX_NEIGHBOURS} rows of a catalogue, not {recipe.neighbours}")
    if (recipe.pm_ra is None) != (recipe.pm_dec is None):
        raise InputError("a proper motion has two components: name --pmra and --pmdec, or neither")
    radius = _radius(recipe.radius)
    wanted = {RA: recipe.ra or table.defaults.get("ra"), DEC: recipe.dec or table.defaults.get("dec")}
    wanted |= {PM_RA: recipe.pm_ra, PM_DEC: recipe.pm_dec, RADIUS: recipe.radius if radius is None else None}
    if wanted[RA] is None or wanted[DEC] is None:
        raise InputError("name the columns of right ascension and declination: --ra COLUMN --dec COLUMN")
    origins = {use: table.column(name) for use, name in wanted.items() if name is not None}
    _check_units(origins, table)
    columns = tuple(_named(each, table) for each in recipe.columns)
    names = [name for name, _ in columns]
    if len(set(names)) < len(names):
        raise InputError(f"two columns would be named {max(names, key=names.count)}: write NAME=COLUMN")
    odd = [name for name in recipe.lower if name not in names]
    if odd:
        raise InputError(f"no column {odd[0]} is kept, so it cannot be kept in lower case")
    chosen = tuple(dict.fromkeys([*origins.values(), *(origin for _, origin in columns)]))
    return Reading(chosen, origins, columns, radius, recipe.lower)


def cooked(reading: Reading, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Rows as they are stored, unsorted: rows without a position are left out.

    Raises:
        InputError: a value is no coordinate, radius or motion, or a column has a type that cannot be kept.
    """
    ra = degrees(batch.column(reading.origins[RA]), "ra", reading.origins[RA]) % 360.0
    dec = degrees(batch.column(reading.origins[DEC]), "dec", reading.origins[DEC])
    arrays = {CELL: pa.array(healpix29(ra, dec)), RA: pa.array(ra), DEC: pa.array(dec)}
    for use in (PM_RA, PM_DEC, RADIUS):
        if use in reading.origins:
            arrays[use] = _finite(batch.column(reading.origins[use]), pa.float64(), reading.origins[use])
    for name, origin in reading.columns:
        value = _kept(batch.column(origin), origin)
        arrays[name] = pc.utf8_lower(value) if name in reading.lower and value.type == pa.string() else value
    rows = pa.RecordBatch.from_pydict(arrays)
    used = np.isfinite(ra) & np.isfinite(dec)
    if RADIUS in arrays:
        used &= _usable_radius(arrays[RADIUS], reading.origins[RADIUS])
    return rows if used.all() else rows.filter(pa.array(used))


def described(reading: Reading, table: BroughtTable, schema: pa.Schema) -> tuple[CatalogueColumn, ...]:
    """What the catalogue gives, with the types that were found."""
    return tuple(
        CatalogueColumn(name, str(schema.field(name).type), table.units.get(origin, ""), origin)
        for name, origin in reading.columns
    )


def _radius(text: str) -> float | None:
    try:
        radius = float(text)
    except ValueError:
        return None
    if not 0.0 < radius <= MAX_RADIUS:
        raise InputError(f"a radius is above 0 and at most {MAX_RADIUS:g} arcsec, not {text}")
    return radius


def _check_units(origins: dict[str, str], table: BroughtTable) -> None:
    allowed = {RA: _DEGREES, DEC: _DEGREES, PM_RA: _MAS_PER_YEAR, PM_DEC: _MAS_PER_YEAR, RADIUS: {"", "arcsec"}}
    for use, origin in origins.items():
        unit = table.units.get(origin, "").strip()
        if unit not in allowed[use] and not (use in {RA, DEC} and unit.startswith('"')):
            wanted = sorted(allowed[use] - {""})[0]
            raise InputError(f"column {origin} is in {unit}; wanted: {wanted}")


def _named(text: str, table: BroughtTable) -> tuple[str, str]:
    """Name in the catalogue and column of the table."""
    name, equals, origin = text.partition("=")
    if not equals or text.strip() in table.names:
        origin, name = text, re.sub(r"[^a-z0-9]+", "_", text.strip().lower()).strip("_")
    name = name.strip()
    if not re.fullmatch(r"[a-z0-9][a-z0-9_]{0,47}", name) or name in {STATE, SEPARATION}:
        raise InputError(f"a column cannot be named {name!r}: write NAME=COLUMN, in lower case, not state or sep")
    return name, table.column(origin.strip())


def _kept(column: pa.Array, origin: str) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    kind = next((kept for fits, kept in _KINDS.items() if fits(column.type)), None)
    if kind is None:
        raise InputError(f"column {origin} is {column.type}: only numbers, texts and flags can be kept")
    if kind == pa.string():
        texts = pc.utf8_trim_whitespace(column.cast(pa.string()))
        empty = pc.is_in(pc.utf8_lower(texts), pa.array(NOTHING))
        return pc.if_else(empty, pa.scalar(None, pa.string()), texts)
    return _finite(column, kind, origin) if pa.types.is_floating(kind) else _cast(column, kind, origin)


def _finite(column: pa.Array, kind: pa.DataType, origin: str) -> pa.Array:
    values = _cast(column, kind, origin)
    return pc.if_else(pc.is_finite(values), values, pa.scalar(None, kind))


def _cast(column: pa.Array, kind: pa.DataType, origin: str) -> pa.Array:
    try:
        return column.cast(kind)
    except pa.ArrowInvalid as error:
        raise InputError(f"column {origin} cannot be kept as {kind}: {str(error).splitlines()[0]}") from error


def _usable_radius(radius: pa.Array, origin: str) -> Bools:
    """Sources with a radius; a negative one or none is no source to match."""
    values = radius.fill_null(0.0).to_numpy(zero_copy_only=False)
    if (values > MAX_RADIUS).any():
        raise InputError(
            f"column {origin} has a radius of {values.max():g} arcsec; at most {MAX_RADIUS:g} are possible"
        )
    usable: Bools = values > 0.0
    return usable
