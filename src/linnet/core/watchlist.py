"""A watchlist: positions that somebody watches, each with a radius of its own and a label, and which alerts lie at one.

Every alert is matched against the list, not the list against the alerts: two alerts of one source in a batch are both
found. A million entries take some 50 MB.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.catalogue import Places
from linnet.core.lists import Bools, Floats, Ints
from linnet.core.sky import healpix29
from linnet.core.sky_matching import SortedSky, Sources
from linnet.errors import InputError

MAX_ENTRIES = 1_000_000

MAX_ENTRY_RADIUS = 3600.0
"""Arcsec (1 deg): what is larger is an area."""

MAX_LABEL = 200
"""Characters of a label."""

ENTRY = pa.schema(
    [
        pa.field("ra", pa.float64(), nullable=False),
        pa.field("dec", pa.float64(), nullable=False),
        pa.field("radius", pa.float64(), nullable=False),
        pa.field("label", pa.string()),
    ]
)
"""What somebody brings: degrees ICRS, arcsec, a name for people or null."""

CELL = "_healpix_29"
"""Column of the nested HEALPix cell of order 29, by which kept entries are sorted; named as in HATS."""

KEPT = pa.schema([pa.field(CELL, pa.int64(), nullable=False), *ENTRY])
"""Entries as they are kept."""


class Watchlist:
    """Entries to match alerts against.

    Args:
        entries: columns of `KEPT`, in their order.

    Raises:
        InputError: they are not sorted, or a radius is none.
    """

    def __init__(self, entries: pa.Table) -> None:
        values = {name: _numbers(entries, name) for name in ("ra", "dec", "radius")}
        cells = entries.column(CELL).to_numpy()
        radius = values["radius"]
        if len(radius) and radius.min() == radius.max():
            radius = radius[:1]  # one square for all instead of one for each
        self._sky = SortedSky(Sources(cells, values["ra"], values["dec"], radius))

    def hold(self, places: Places) -> Bools:
        """Whether each place lies within the radius of an entry, its rim included; False for one that is nowhere."""
        return self._sky.within(places)

    def nearest(self, places: Places) -> tuple[Ints, Ints, Floats]:
        """The nearest of the entries in whose radius each place lies.

        Returns:
            Index of the place, row of the entry, separation in arcsec, by place; of equally near ones the earlier row.
        """
        return self._sky.match(places, 1)


def checked(entries: pa.Table) -> pa.Table:
    """Entries as they are kept: checked, right ascensions from 0 to 360, sorted by cell and otherwise as they came.

    Args:
        entries: columns of `ENTRY`.

    Raises:
        InputError: there is none, there are too many, or a value is out of range; with the number of the row, from 1.
    """
    if not 0 < entries.num_rows <= MAX_ENTRIES:
        raise InputError(f"a watchlist has 1 to {MAX_ENTRIES} entries, not {entries.num_rows}")
    ra, dec, radius = (_numbers(entries, name) for name in ("ra", "dec", "radius"))
    _refuse(~(np.isfinite(ra) & (ra >= -180.0) & (ra <= 360.0)), ra, "is no right ascension: -180 to 360 degrees")
    _refuse(~(np.isfinite(dec) & (np.abs(dec) <= 90.0)), dec, "is no declination: -90 to 90 degrees")
    most = f"is no radius: above 0 and at most {MAX_ENTRY_RADIUS:g} arcsec; what is larger is an area"
    _refuse(~(np.isfinite(radius) & (radius > 0.0) & (radius <= MAX_ENTRY_RADIUS)), radius, most)
    long = pc.greater(pc.utf8_length(entries.column("label")), MAX_LABEL).fill_null(False).to_numpy()
    _refuse(long, None, f"has a label of more than {MAX_LABEL} characters")
    ra = ra % 360.0
    cells = healpix29(ra, dec)
    order = np.argsort(cells, kind="stable")
    label = entries.column("label").take(pa.array(order))
    return pa.table([cells[order], ra[order], dec[order], radius[order], label], schema=KEPT)


def _numbers(entries: pa.Table, name: str) -> Floats:
    values: Floats = entries.column(name).to_numpy()
    return values


def _refuse(bad: Bools, values: Floats | None, why: str) -> None:
    rows = np.flatnonzero(bad)
    if len(rows):
        row = int(rows[0])
        value = "" if values is None else "nothing " if np.isnan(values[row]) else f"{values[row]:g} "
        raise InputError(f"row {row + 1}: {value}{why}")
