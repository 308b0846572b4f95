"""A catalogue in memory: the double of a look-up, which can be made to fail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from linnet.core.catalogue import About, CatalogueColumn, Found, OpenCatalogue, Places
from linnet.core.sky import healpix29
from linnet.core.sky_matching import SortedSky, Sources
from linnet.errors import ServiceError


@dataclass(frozen=True, eq=False)
class MemoryCatalogue:
    """Rows that are given as a table with columns `ra` and `dec` in degrees and any others.

    Attributes:
        name: of the catalogue.
        rows: its rows.
        radius: arcsec.
        neighbours: rows that an alert is given at most.
        trouble: why every look-up fails, or "".
        version: as a run names it.
    """

    name: str
    rows: pa.Table
    radius: float = 2.0
    neighbours: int = 1
    trouble: str = ""
    version: str = "1 memory"

    @property
    def about(self) -> About:
        """What decides the result of a look-up."""
        others = [f for f in self.rows.schema if f.name not in {"ra", "dec"}]
        columns = tuple(CatalogueColumn(f.name, str(f.type)) for f in others)
        return About(self.name, self.version, columns, self.radius, self.neighbours)

    def open(self) -> OpenCatalogue:
        """Ready to look up in.

        Raises:
            ServiceError: there is trouble.
        """
        if self.trouble:
            raise ServiceError(self.trouble)
        return _OpenMemory(self)


class _OpenMemory:
    def __init__(self, description: MemoryCatalogue) -> None:
        ra, dec = (description.rows.column(n).to_numpy() for n in ("ra", "dec"))
        cells = healpix29(ra, dec)
        order = np.argsort(cells, kind="stable")
        self._sky = SortedSky(Sources(cells[order], ra[order], dec[order], np.array([description.radius])))
        self._rows = description.rows.drop_columns(["ra", "dec"]).take(pa.array(order))
        self._neighbours = description.neighbours

    def near(self, places: Places) -> Found:
        """See `linnet.core.catalogue.OpenCatalogue`."""
        alert, row, apart = self._sky.match(places, self._neighbours)
        return Found(alert, apart, self._rows.take(pa.array(row)), np.zeros(len(places.cells), dtype=bool))
