"""Ports of what people watch: rows about watchlists and areas, and the files that hold their content.

A version never changes; the newest one that is not removed is in use. One that is not in use stays, so that what was
tagged with it can be verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import pyarrow as pa

from linnet.core.area import Area
from linnet.core.lists import Ints
from linnet.core.membership import AREA, WATCHLIST
from linnet.core.watchlist import Watchlist

Sort = Literal["watchlist", "area"]

SORTS: tuple[Sort, ...] = ("area", "watchlist")

LIST_NAME = re.compile("[a-z][a-z0-9_]{0,63}")
"""What a list may be called, as a filter may."""

_COLUMN = {"area": AREA, "watchlist": WATCHLIST}

PAST = pa.schema(
    [
        pa.field("survey", pa.string(), nullable=False),
        pa.field("object_id", pa.string()),
        pa.field("alert_id", pa.int64(), nullable=False),
        pa.field("known_night", pa.int32(), nullable=False),
        pa.field("mjd", pa.float64()),
        pa.field("ra", pa.float64(), nullable=False),
        pa.field("dec", pa.float64(), nullable=False),
        pa.field("is_public", pa.bool_()),
        pa.field("is_first", pa.bool_(), nullable=False),
        pa.field("separation", pa.float64()),
        pa.field("label", pa.string()),
    ]
)
"""Alerts of the past that lie in a list, by survey and night. is_first: the first of its object in these nights;
separation (arcsec) and label: of the nearest entry of a watchlist, null for an area."""


@dataclass(frozen=True)
class ListVersion:
    """One immutable version of a watchlist or an area.

    Attributes:
        sort: which of the two.
        sha256: of its file.
        size: entries of a watchlist, ranges of cells of an area.
        share: share of the sky that an area covers; null for a watchlist.
        source: where it came from, for people.
        visibility: `private` or `public`: a private one is not shown to others.
        deleted: when it was removed, None while it is there.
    """

    sort: Sort
    name: str
    version: int
    sha256: str
    size: int
    share: float | None = None
    description: str = ""
    source: str = ""
    owner: str = "local"
    visibility: str = "private"
    created: str = ""
    deleted: str | None = None

    @property
    def column(self) -> str:
        """The name under which filters ask for it: `in_area:NAME` or `in_watchlist:NAME`."""
        return f"{_COLUMN[self.sort]}:{self.name}"

    @property
    def content(self) -> str:
        """Version and hash, as a run names them."""
        return f"{self.version}-{self.sha256[:12]}"


@dataclass
class PastMatches:
    """How much of the past lies in a list; filled while it is looked through.

    Attributes:
        nights: first and last known_night that were looked at; all where it is null.
        alerts: looked at. matches: of these, within it. objects: distinct ones among them.
        first, last: nights of the earliest and the latest match, null where there is none.
        looked: when, UTC.
    """

    nights: tuple[int, int] | None = None
    alerts: int = 0
    matches: int = 0
    objects: int = 0
    first: int | None = None
    last: int | None = None
    looked: str = ""


@dataclass(frozen=True)
class PastPage:
    """Some rows of what was found.

    Attributes:
        told: how much there is. total: rows that may be shown. rows: of these, some (`PAST`).
    """

    told: PastMatches
    total: int
    rows: pa.Table


@dataclass(frozen=True)
class EntryColumns:
    """Which columns of a file make the entries of a watchlist; None: those that are called as such columns usually are.

    Attributes:
        radius: a column, or arcsec for all (in plain lines: for those without one of their own).
    """

    ra: str | None = None
    dec: str | None = None
    radius: str | None = None
    label: str | None = None


DEFAULT_COLUMNS = EntryColumns()


class KeptLists(Protocol):
    """Rows about watchlists and areas: a part of the control database."""

    def add(self, new: ListVersion) -> ListVersion:
        """Add a version; gives it with the time of its making.

        Raises:
            StorageError: there is one of this number already.
        """

    def versions(self, sort: Sort | None = None, *, removed: bool = False) -> list[ListVersion]:
        """All versions by sort, name and version; `removed`: those of lists that were removed as well."""

    def remove(self, sort: Sort, name: str) -> None:
        """Remove a list with all its versions.

        Raises:
            NotFoundError: there is none.
        """


class ListFiles(Protocol):
    """Files that hold the content of lists, and what of the past lies in them."""

    def put_watchlist(self, name: str, entries: pa.Table, after: int = 0) -> tuple[int, str]:
        """Keep checked entries (`watchlist.KEPT`) durably; gives the number and the SHA-256 of the new version.

        Its number is above `after` and above that of every file there is.
        """

    def put_area(self, name: str, ranges: Ints, after: int = 0) -> tuple[int, str]:
        """Keep an area (`area.normalised`) durably; gives the number, as above, and the SHA-256 of the new version."""

    def drop(self, sort: Sort, name: str, version: int) -> None:
        """Take back what `put` kept and no row is about."""

    def watchlist(self, which: ListVersion) -> Watchlist:
        """A watchlist, ready to look up in.

        Raises:
            StorageError: its file is missing or damaged.
        """

    def area(self, which: ListVersion) -> Area:
        """An area, ready to look up in.

        Raises:
            StorageError: its file is missing or damaged.
        """

    def entries(self, which: ListVersion, first: int = 0, limit: int | None = None) -> pa.Table:
        """Entries (`watchlist.KEPT`) of a watchlist from a row on.

        Raises:
            StorageError: its file is missing or damaged.
        """

    def content(self, which: ListVersion) -> bytes:
        """The file of a version: Parquet of a watchlist, a MOC in FITS of an area.

        Raises:
            StorageError: it is missing or damaged.
        """

    def keep_past(self, which: ListVersion, found: Iterable[pa.Table], told: PastMatches) -> None:
        """Keep what of the past lies in a version (`PAST`), in place of what was kept before.

        Args:
            which: the version.
            found: rows, table by table.
            told: is complete when all of `found` was taken.
        """

    def past(self, which: ListVersion, *, public: bool = False, first: int = 0, limit: int = 100) -> PastPage | None:
        """Some rows of what was kept by `keep_past`; None where nothing was. `public`: only what may be published."""

    def sweep(self, known: Sequence[ListVersion]) -> list[str]:
        """Remove files that no row is about, which a kill between the two left behind; gives their names."""


def in_use(versions: Iterable[ListVersion]) -> dict[str, ListVersion]:
    """The newest version of each list that is not removed, by the name under which filters ask for it."""
    return {each.column: each for each in sorted(versions, key=lambda v: v.version) if each.deleted is None}
