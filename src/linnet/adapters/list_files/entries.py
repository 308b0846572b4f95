"""A watchlist that somebody brings: CSV, VOTable, FITS, Parquet, or lines `ra dec [radius] [label]`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.adapters.catalogue_files.coordinates import degrees
from linnet.adapters.catalogue_files.opening import brought
from linnet.adapters.catalogue_files.table import BroughtTable
from linnet.adapters.list_files.text_lines import are_lines, lines_table
from linnet.core.list_port import DEFAULT_COLUMNS, EntryColumns
from linnet.core.lists import Floats, Ints
from linnet.core.watchlist import ENTRY, MAX_ENTRIES
from linnet.errors import InputError

NAMES = {
    "ra": ("ra", "raj2000", "_raj2000", "ra_icrs", "ra_deg", "radeg", "ramean", "meanra", "right_ascension", "alpha"),
    "dec": (
        "dec",
        "dej2000",
        "_dej2000",
        "de_icrs",
        "dec_icrs",
        "dec_deg",
        "decdeg",
        "decmean",
        "meandec",
        "declination",
    ),
    "radius": ("radius", "radius_arcsec", "rad", "r_arcsec"),
    "label": ("label", "name", "id", "main_id", "objname", "object", "source_id", "designation", "objectid"),
}
"""What columns are called in lists, in lower case; the first that is there is taken where nobody names one."""

_PER_UNIT = {"": 1.0, "arcsec": 1.0, "arcmin": 60.0, "deg": 3600.0, "degree": 3600.0, "degrees": 3600.0}
"""Arcsec."""

_DEGREES = {"", "deg", "degree", "degrees"}

_NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"


@dataclass(frozen=True)
class _Named:
    """Columns of a table by what they mean.

    Attributes:
        radius: None where all have the same. label: None where there is none.
        arcsec: radius of those that have none of their own, or None.
        per_unit: arcsec in the unit of the column of radii.
    """

    ra: str
    dec: str
    radius: str | None
    label: str | None
    arcsec: float | None
    per_unit: float = 1.0

    @property
    def chosen(self) -> tuple[str, ...]:
        """Every column once."""
        return tuple(dict.fromkeys(n for n in (self.ra, self.dec, self.radius, self.label) if n is not None))


def read_watchlist(path: Path, columns: EntryColumns = DEFAULT_COLUMNS) -> pa.Table:
    """The entries of a file, as they stand there, in degrees and arcsec.

    Args:
        path: which format it has is seen by what it begins with, not by its name.
        columns: what is where; where nobody says, the names that lists usually have.

    Returns:
        Columns of `ENTRY`; what is missing is NaN, which `watchlist.checked` refuses.

    Raises:
        InputError: there is nothing that can be read, a column is missing, a value is no coordinate (with the number of
            its row, from 1), or there are too many rows.
        StorageError: the disk failed.
    """
    is_plain = are_lines(path)
    table = lines_table(path) if is_plain else brought(path)
    named = _named(table, columns, is_plain)
    parts, done = [], 0
    for batch in table.read(named.chosen):
        if done + batch.num_rows > MAX_ENTRIES:
            raise InputError(f"{path} has more than {MAX_ENTRIES} rows: a watchlist cannot be longer")
        parts.append(_entries(batch, named, done))
        done += batch.num_rows
    if not done:
        raise InputError(f"{path} has no row")
    return pa.concat_tables(parts)


def _named(table: BroughtTable, columns: EntryColumns, is_plain: bool) -> _Named:
    ra, dec = (_usual(table, axis) if name is None else table.column(name) for axis, name in _axes(columns))
    for axis, found in (("ra", ra), ("dec", dec)):
        if found is None:
            there = ", ".join(table.names)[:300]
            raise InputError(f"which column is the {axis}? There are: {there}; name it with --{axis}")
        if table.units.get(found, "").strip() not in _DEGREES and not table.units[found].startswith('"'):
            raise InputError(f"column {found} is in {table.units[found]}; wanted: deg")
    label = _usual(table, "label") if columns.label is None else table.column(columns.label)
    arcsec = None if columns.radius is None else _as_number(columns.radius)
    if columns.radius is not None and arcsec is None:
        radius: str | None = table.column(columns.radius)
    else:
        # In plain lines any entry may leave its radius out; a column of that name may be the size of a galaxy.
        radius = _usual(table, "radius") if arcsec is None or is_plain else None
    if radius is None and arcsec is None:
        raise InputError("no column has a radius for each entry: give one for all in arcsec with --radius")
    return _Named(str(ra), str(dec), radius, label, arcsec, 1.0 if radius is None else _per_unit(table, radius))


def _axes(columns: EntryColumns) -> tuple[tuple[str, str | None], ...]:
    return ("ra", columns.ra), ("dec", columns.dec)


def _usual(table: BroughtTable, part: str) -> str | None:
    """The column that is called as such columns usually are."""
    alike: dict[str, str] = {}
    for name in table.names:
        alike.setdefault(name.casefold(), name)
    candidates = (table.defaults.get(part, "").casefold(), *NAMES[part])
    return next((alike[name] for name in candidates if name in alike), None)


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _entries(batch: pa.RecordBatch, named: _Named, before: int) -> pa.Table:
    ra = _coordinates(batch.column(named.ra), "ra", before)
    dec = _coordinates(batch.column(named.dec), "dec", before)
    arcsec = np.full(batch.num_rows, np.nan if named.arcsec is None else named.arcsec)
    if named.radius is not None:
        own = _radii(batch.column(named.radius), named.per_unit, before)
        arcsec = np.where(np.isnan(own), arcsec, own)
    label = pa.nulls(batch.num_rows, pa.string()) if named.label is None else _labels(batch.column(named.label))
    return pa.table([pa.array(ra), pa.array(dec), pa.array(arcsec), label], schema=ENTRY)


def _coordinates(column: pa.Array, axis: str, before: int) -> Floats:
    """Degrees of every row; each may be written in degrees or, as a text, sexagesimal. NaN where there is none.

    Raises:
        InputError: a value is no coordinate; with its row.
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return _judged(column, axis, before)
    plain = pc.match_substring_regex(column, _NUMBER).fill_null(True)
    found = np.empty(len(column))
    for kind in (plain, pc.invert(plain)):
        rows = np.flatnonzero(kind.to_numpy(zero_copy_only=False))
        if len(rows):
            found[rows] = _judged(column.take(pa.array(rows)), axis, before, rows)
    return found


def _judged(column: pa.Array, axis: str, before: int, rows: Ints | None = None) -> Floats:
    try:
        return degrees(column, axis, axis)
    except InputError as error:
        place, why = _first_bad(column, axis, str(error))
        number = before + 1 + (place if rows is None else int(rows[place]))
        raise InputError(f"row {number}: {why.removeprefix(f'column {axis}: ')}") from error


def _first_bad(column: pa.Array, axis: str, why: str) -> tuple[int, str]:
    """The first row that is refused by itself, by halves, and why it is."""
    first, last = 0, len(column)
    while last - first > 1:
        middle = (first + last) // 2
        try:
            degrees(column.slice(first, middle - first), axis, axis)
            first = middle
        except InputError as error:
            last, why = middle, str(error)
    try:
        degrees(column.slice(first, 1), axis, axis)
    except InputError as error:
        why = str(error)
    return first, why


def _per_unit(table: BroughtTable, name: str) -> float:
    unit = table.units.get(name, "").strip().lower()
    if unit not in _PER_UNIT:
        raise InputError(f"column {name} is in {unit}; a radius is wanted in arcsec, arcmin or deg")
    return _PER_UNIT[unit]


def _radii(column: pa.Array, per_unit: float, before: int) -> Floats:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        odd = pc.invert(pc.match_substring_regex(column, _NUMBER)).fill_null(False)
        rows = np.flatnonzero(odd.to_numpy(zero_copy_only=False))
        if len(rows):
            raise InputError(f"row {before + 1 + int(rows[0])}: {column[int(rows[0])].as_py()[:40]!r} is no radius")
        column = pc.utf8_trim_whitespace(column)
    try:
        values: Floats = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(f"the column of radii is {column.type}, not numbers") from error
    return values * per_unit


def _labels(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        texts = pc.utf8_trim_whitespace(column.cast(pa.string()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(f"the column of labels is {column.type}, no text") from error
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
