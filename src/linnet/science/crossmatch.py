"""What a catalogue has where an alert is: nearest match, separation, the catalogue's columns, and how the look-up went.

One module for each catalogue, made by `crossmatch`; its columns start with the catalogue's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.catalogue import (
    FAILED,
    MATCH,
    NONE,
    SEPARATION,
    STATES,
    About,
    Catalogue,
    Found,
    OpenCatalogue,
    Places,
)
from linnet.core.column import TEXT_CODE
from linnet.core.lists import Bools, numbers
from linnet.core.module import Module
from linnet.core.sky import NOWHERE
from linnet.errors import LookUpError, ServiceError, StorageError

VERSION = "1"

NEEDS = ("healpix", "ra", "dec", "mjd")


@dataclass(frozen=True)
class Crossmatch:
    """Matches alerts against one catalogue. Pickles as its description, and opens the catalogue once in a process."""

    catalogue: Catalogue

    def __call__(self, healpix: pa.Array, ra: pa.Array, dec: pa.Array, mjd: pa.Array) -> Mapping[str, pa.Array]:
        """The catalogue's columns at the positions of alerts; every alert of a batch is looked up by itself.

        Returns:
            `NAME_state`: `match`, `none`, or `failed` where nobody could look; null without a position. `NAME_sep`
            (arcsec, float32) and the catalogue's columns of the nearest match, `NAME_2_sep` and so on of those behind
            it: null without such a match.

        Raises:
            LookUpError: some or all look-ups failed; its columns are complete, with `failed` where that was so.
        """
        about = self.catalogue.about
        places = _places(healpix, ra, dec, mjd)
        found = self._looked_up(places)
        columns = {about.state: _states(places, found)} | _matches(about, found, len(places.cells))
        if found.trouble:
            raise LookUpError(found.trouble, columns)
        return columns

    def _looked_up(self, places: Places) -> Found:
        try:
            return _opened(self.catalogue).near(places)
        except (StorageError, ServiceError) as error:
            return nothing(self.catalogue.about, np.ones(len(places.cells), dtype=bool), str(error))


def crossmatch(catalogue: Catalogue) -> Module:
    """The module that matches alerts against a catalogue."""
    about = catalogue.about
    return Module(about.name, Crossmatch(catalogue), NEEDS, about.gives(), VERSION, about.version)


def nothing(about: About, failed: Bools, trouble: str) -> Found:
    """No match for any alert."""
    rows = pa.schema([(c.name, c.arrow) for c in about.columns]).empty_table()
    return Found(np.empty(0, dtype=np.int64), np.empty(0), rows, failed, trouble)


@lru_cache(maxsize=64)
def _opened(catalogue: Catalogue) -> OpenCatalogue:
    """The catalogue, opened once; one that cannot be opened is tried again with the next batch."""
    return catalogue.open()


_Asked = tuple[tuple[pa.Array, ...], Places]

_latest: list[_Asked] = []
"""The places of the columns that were asked for last, which every catalogue is given in turn: half of what a look-up
in a small one costs. Only the very same arrays are the same."""


def _places(*columns: pa.Array) -> Places:
    for arrays, places in _latest:
        if all(one is other for one, other in zip(arrays, columns, strict=True)):
            return places
    places = _made(*columns)
    _latest[:] = [(columns, places)]
    return places


def _made(healpix: pa.Array, ra: pa.Array, dec: pa.Array, mjd: pa.Array) -> Places:
    missing = pc.or_(ra.is_null(), dec.is_null()).to_numpy(zero_copy_only=False)
    cells = healpix.fill_null(NOWHERE).to_numpy(zero_copy_only=False)
    numbers_of = [each.cast(pa.float64()).to_numpy(zero_copy_only=False) for each in (ra, dec, mjd)]
    return Places(np.where(missing, NOWHERE, cells), *numbers_of)


def _states(places: Places, found: Found) -> pa.Array:
    codes = np.full(len(places.cells), STATES.index(NONE), dtype=np.int32)
    codes[found.alert] = STATES.index(MATCH)
    codes[found.failed] = STATES.index(FAILED)
    indices = pa.array(codes, pa.int32(), mask=places.cells == NOWHERE)
    return pa.DictionaryArray.from_arrays(indices, pa.array(STATES, pa.string())).cast(TEXT_CODE)


def _matches(about: About, found: Found, n: int) -> dict[str, pa.Array]:
    """Separation and columns of the matches of each place, the nearest first."""
    columns: dict[str, pa.Array] = {}
    first = np.searchsorted(found.alert, np.arange(n))
    count = np.diff(np.append(first, len(found.alert)))
    for place in range(1, about.neighbours + 1):
        row, has = first + place - 1, count >= place
        named = about.names(place)
        apart = np.full(n, np.nan)
        apart[has] = found.separation[row[has]]
        columns[named[SEPARATION]] = numbers(apart, pa.float32())
        at = pa.array(row, pa.int64(), mask=~has)
        columns |= {named[c.name]: _taken(found.rows, c.name, at, has) for c in about.columns}
    return columns


def _taken(rows: pa.Table, name: str, at: pa.Array, has: Bools) -> pa.Array:
    column = rows.column(name)
    if not has.any():
        return pa.nulls(len(at), column.type)
    return column.combine_chunks().take(at)
