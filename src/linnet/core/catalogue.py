"""Catalogues that alerts are matched against: what they say of themselves, and the port behind which they lie.

A look-up has three outcomes, and they are never mixed up: there is something within the radius (`MATCH`), there is
nothing (`NONE`), or nobody could look (`FAILED`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import pyarrow as pa

from linnet.core.column import Column, boolean, code, integer, real, text
from linnet.core.lists import Bools, Floats, Ints

Made = TypeVar("Made")

MATCH, NONE, FAILED = "match", "none", "failed"
STATES = (MATCH, NONE, FAILED)

MAX_RADIUS = 18_000.0
"""Arcsec (5 deg): farther away nothing is a counterpart."""

MAX_NEIGHBOURS = 9
"""Most rows of one catalogue that an alert is given."""

STATE, SEPARATION = "state", "sep"
"""Names that no column of a catalogue may have: those of the look-up itself."""

_DECLARED: dict[pa.DataType, Callable[[str, str], Column]] = {
    pa.bool_(): lambda doc, _unit: boolean(doc),
    pa.string(): lambda doc, _unit: text(doc),
    pa.int32(): lambda doc, unit: integer(doc, bits=32, unit=unit),
    pa.int64(): lambda doc, unit: integer(doc, unit=unit),
    pa.float32(): lambda doc, unit: real(doc, unit=unit),
    pa.float64(): lambda doc, unit: real(doc, unit=unit, bits=64),
}


@dataclass(frozen=True)
class CatalogueColumn:
    """A column that a catalogue gives with a match.

    Attributes:
        name: without the catalogue's name.
        type: `bool`, `string`, `int32`, `int64`, `float` or `double`, as Arrow writes them.
        unit: as the source has it, or "".
        origin: its name in the source.
    """

    name: str
    type: str
    unit: str = ""
    origin: str = ""

    @property
    def arrow(self) -> pa.DataType:
        """Its Arrow type."""
        return pa.type_for_alias(self.type)


@dataclass(frozen=True)
class About:
    """What decides the result of a look-up.

    Attributes:
        name: prefix of its columns.
        version: what decides besides the code: number and hash of its content and settings. Named in every run.
        columns: what comes with a match.
        radius: arcsec; the largest one where each source has its own.
        neighbours: rows that an alert is given at most, the nearest first.
        title: one line for people, or "".
    """

    name: str
    version: str
    columns: tuple[CatalogueColumn, ...]
    radius: float
    neighbours: int = 1
    title: str = ""

    @property
    def state(self) -> str:
        """Name of the column that says how the look-up went."""
        return f"{self.name}_{STATE}"

    def names(self, place: int) -> dict[str, str]:
        """Own name -> name in an alert, for the n-th nearest match (from 1): `gcvs_type`, `gcvs_2_type`."""
        prefix = self.name if place == 1 else f"{self.name}_{place}"
        return {each: f"{prefix}_{each}" for each in (SEPARATION, *(c.name for c in self.columns))}

    def gives(self) -> dict[str, Column]:
        """The columns of an alert that come out of this catalogue, declared.

        The state, then separation and columns of the nearest match, then those of the second.
        """
        of = self.title or self.name
        said = f"`match`, `none`, or `failed` where nobody could look: {of}, within {self.radius:g} arcsec."
        found = {self.state: _looked_up(self.state, code(f"{said} Null without a position.", ucd="meta.code"))}
        for place in range(1, self.neighbours + 1):
            which = "nearest match" if place == 1 else f"match number {place}"
            named = self.names(place)
            apart = real(
                f"Separation from the {which} in {self.name}. Null without.", unit="arcsec", ucd="pos.angDistance"
            )
            found[named[SEPARATION]] = _looked_up(self.state, apart)
            for each in self.columns:
                origin = f" ({each.origin})" if each.origin not in {"", each.name} else ""
                doc = f"{each.name}{origin} of the {which} in {self.name}. Null without."
                found[named[each.name]] = _looked_up(self.state, _DECLARED[each.arrow](doc, each.unit))
        return found


@dataclass(frozen=True)
class Places:
    """Where alerts are, and when: equal lengths.

    Attributes:
        cells: nested HEALPix of order 29, `sky.NOWHERE` where there is no position.
        ra, dec: degrees.
        mjd: days, TAI; NaN where unknown.
    """

    cells: Ints
    ra: Floats
    dec: Floats
    mjd: Floats
    _kept: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def kept(self, name: Hashable, make: Callable[[], Made]) -> Made:
        """What is made of these places alone, made once: several catalogues are looked up in for the same alerts."""
        if name not in self._kept:
            self._kept[name] = make()
        found: Made = self._kept[name]
        return found

    def take(self, chosen: Ints) -> Places:
        """Some of them."""
        return Places(self.cells[chosen], self.ra[chosen], self.dec[chosen], self.mjd[chosen])


@dataclass(frozen=True)
class Found:
    """What look-ups gave, the nearest match of an alert first.

    Attributes:
        alert: index of the alert of each match, ascending.
        separation: arcsec, ascending for an alert.
        rows: the catalogue's columns of each match.
        failed: for each alert, whether nobody could look; it has no match then.
        trouble: why some look-ups failed, in one line, or "".
    """

    alert: Ints
    separation: Floats
    rows: pa.Table
    failed: Bools
    trouble: str = ""


class OpenCatalogue(Protocol):
    """A catalogue to look up in."""

    def near(self, places: Places) -> Found:
        """The catalogue's rows within the radius of each place, up to `neighbours`.

        Depends on each place alone, not on the others of the batch. Trouble is told in what comes back, never raised.
        """


class Catalogue(Hashable, Protocol):
    """Description of a catalogue: frozen and picklable."""

    @property
    def about(self) -> About:
        """What it is."""

    def open(self) -> OpenCatalogue:
        """Ready to look up in.

        Raises:
            StorageError: its file is missing or damaged.
            ServiceError: what keeps it cannot be used.
        """


def _looked_up(state: str, column: Column) -> Column:
    return Column(column.type, column.doc, column.unit, column.ucd, look_up=state)
