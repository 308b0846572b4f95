"""What a cone-search service answers, taken apart and believed only as far as it can be checked.

A service may answer JSON, an object with a list `rows` (or `data`) of objects and perhaps their number, or such a list
alone; or a VOTable, as the IVOA's Simple Cone Search 1.03 has it. Rows outside the cone that was asked for, a number
that is not that of the rows, or a value of another kind make the whole answer worthless: a service that is wrong about
one row may have left out another.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa

from linnet.core.catalogue import CatalogueColumn
from linnet.core.lists import Floats
from linnet.core.sky import separation

_LISTS = ("rows", "data", "results")
_NUMBERS = ("count", "nrows", "n_rows", "total")
_CUT_SHORT = ("overflow", "truncated")
_SLACK = 0.05
"""Arcsec by which a service may round what it is asked."""


@dataclass(frozen=True)
class Cone:
    """What was asked: degrees, radius in arcsec."""

    ra: float
    dec: float
    radius: float


@dataclass(frozen=True)
class Wanted:
    """Fields of an answer: those of the position in degrees, and the columns of the catalogue by their origins."""

    ra: str
    dec: str
    columns: tuple[CatalogueColumn, ...]

    @property
    def schema(self) -> pa.Schema:
        """Of the rows that are kept."""
        place = [pa.field("ra", pa.float64()), pa.field("dec", pa.float64())]
        return pa.schema([*place, *(pa.field(f"_{c.name}", c.arrow) for c in self.columns)])


def rows_of(content: bytes, media: str, cone: Cone, wanted: Wanted) -> pa.Table:
    """The rows of an answer: `ra`, `dec` and each column of the catalogue behind an underscore.

    Raises:
        ValueError: it is no answer to this question; says why in a few words.
    """
    found = _of_json(content) if "json" in media else _of_votable(content)
    table = _table(found, wanted)
    ra, dec = (table.column(n).to_numpy() for n in ("ra", "dec"))
    _check_inside(ra, dec, cone)
    return table


def _of_json(content: bytes) -> list[Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError("gives an answer that is no JSON") from error
    if isinstance(found, dict):
        if any(found.get(key) for key in _CUT_SHORT):
            raise ValueError("gives only a part of the rows")
        rows = next((found[key] for key in _LISTS if key in found), None)
        number = next((found[key] for key in _NUMBERS if key in found), None)
        if isinstance(rows, list) and number is not None and number != len(rows):
            raise ValueError(f"says that there are {str(number)[:20]} rows and gives {len(rows)}")
        found = rows
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise ValueError("gives an answer without a list of rows")
    return found


def _of_votable(content: bytes) -> list[Any]:
    from astropy.io.votable import parse

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            document = parse(BytesIO(content))
            resources = list(document.resources)
            tables = list(document.iter_tables())
            table = tables[0].to_table(use_names_over_ids=True) if tables else None
    except Exception as error:
        raise ValueError("gives an answer that is no VOTable") from error
    said = {str(info.value).upper() for resource in resources for info in resource.infos if info.name == "QUERY_STATUS"}
    if said & {"ERROR", "OVERFLOW"}:
        raise ValueError("says that the answer is not complete" if "OVERFLOW" in said else "says that it failed")
    if table is None:
        raise ValueError("gives an answer without a table")
    rows = []
    for row in table:
        values = {name: row[name] for name in table.colnames}
        rows.append(
            {n: None if np.ma.is_masked(v) else v.item() if hasattr(v, "item") else v for n, v in values.items()}
        )
    return rows


def _table(rows: Sequence[dict[str, Any]], wanted: Wanted) -> pa.Table:
    names = {"ra": wanted.ra, "dec": wanted.dec} | {f"_{c.name}": c.origin or c.name for c in wanted.columns}
    for row in rows:
        missing = [origin for origin in names.values() if origin not in row]
        if missing:
            raise ValueError(f"gives a row without {missing[0]}")
    try:
        arrays = [
            pa.array([row[origin] for row in rows], wanted.schema.field(name).type) for name, origin in names.items()
        ]
    except (pa.ArrowException, TypeError, OverflowError) as error:
        raise ValueError("gives a value of another kind") from error
    table = pa.Table.from_arrays(arrays, schema=wanted.schema)
    if any(table.column(n).null_count for n in ("ra", "dec")):
        raise ValueError("gives a row without a position")
    return table


def _check_inside(ra: Floats, dec: Floats, cone: Cone) -> None:
    with np.errstate(invalid="ignore"):
        fine = np.isfinite(ra) & (np.abs(dec) <= 90.0)
        inside = (
            separation(cone.ra, cone.dec, np.where(fine, ra, 0.0), np.where(fine, dec, 0.0)) <= cone.radius + _SLACK
        )
    if not (fine & inside).all():
        raise ValueError("gives rows that lie outside of the cone")
