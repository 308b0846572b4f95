"""What of the past lies in a watchlist or an area: every recorded alert, read again file by file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core.list_port import PAST, ListFiles, ListVersion, PastMatches
from linnet.core.membership import places_of
from linnet.core.ports import ScienceArchive, Store
from linnet.core.sky import NOWHERE
from linnet.core.watchlist import Watchlist

Ids = npt.NDArray[np.int64]

NEEDED = ("object_id", "object_key", "alert_id", "mjd", "ra", "dec", "healpix", "is_public")
"""Columns of a recorded alert that are read."""


def find_past(
    which: ListVersion,
    files: ListFiles,
    archives: tuple[Store, ScienceArchive],
    nights: tuple[int, int] | None = None,
    progress: Callable[[int], None] = lambda _n: None,
) -> PastMatches:
    """Look all recorded alerts up in a version of a list, and keep beside it what lies in it.

    Holds one file of the archive at a time, and eight bytes for each object that was found.

    Args:
        which: the version.
        files: where its content is, and where what is found goes.
        archives: the store, for alerts that are not archived yet, and the science archive.
        nights: first and last known_night to look at; all where it is None.
        progress: told how many alerts more are done.

    Raises:
        StorageError: the content or an archive is damaged, or the disk failed.
    """
    told = PastMatches(nights, looked=datetime.now(UTC).isoformat(timespec="seconds"))
    files.keep_past(which, _found(_lying_in(which, files), archives, told, progress), told)
    return told


Lying: TypeAlias = Callable[[pa.Table], tuple[Ids, pa.Array, pa.Array]]
"""Which alerts lie in a list, and separation and label of the entry at which each does."""


def _lying_in(which: ListVersion, files: ListFiles) -> Lying:
    if which.sort == "area":
        area = files.area(which)

        def within(rows: pa.Table) -> tuple[Ids, pa.Array, pa.Array]:
            inside = np.flatnonzero(area.hold(places_of(rows)))
            return inside, pa.nulls(len(inside), pa.float64()), pa.nulls(len(inside), pa.string())

        return within
    entries = files.entries(which)
    watchlist, labels = Watchlist(entries), entries.column("label").combine_chunks()

    def near(rows: pa.Table) -> tuple[Ids, pa.Array, pa.Array]:
        places = places_of(rows)
        inside = np.flatnonzero(watchlist.hold(places))
        _, row, apart = watchlist.nearest(places.take(inside))
        return inside, pa.array(apart), labels.take(pa.array(row))

    return near


def _found(
    lying: Lying, archives: tuple[Store, ScienceArchive], told: PastMatches, progress: Callable[[int], None]
) -> Iterator[pa.Table]:
    seen: dict[str, _Seen] = {}
    for survey, night, rows in _recorded(*archives, told.nights):
        told.alerts += rows.num_rows
        inside, apart, labels = lying(rows)
        if len(inside):
            found = rows.take(pa.array(inside)).append_column("separation", apart).append_column("label", labels)
            yield _rows(survey, night, found, seen.setdefault(survey, _Seen()), told)
        progress(rows.num_rows)


def _rows(survey: str, night: int, found: pa.Table, seen: _Seen, told: PastMatches) -> pa.Table:
    n, first = found.num_rows, seen.new(found.column("object_key").fill_null(NOWHERE).to_numpy())
    told.matches += n
    told.objects += int(first.sum())
    told.first, told.last = min(told.first or night, night), max(told.last or night, night)
    made = {"survey": pa.array([survey] * n), "known_night": pa.array([night] * n), "is_first": pa.array(first)}
    columns = {**{name: found.column(name) for name in PAST.names if name not in made}, **made}
    return pa.table([columns[field.name].cast(field.type) for field in PAST], schema=PAST)


def _recorded(
    store: Store, science: ScienceArchive, nights: tuple[int, int] | None
) -> Iterator[tuple[str, int, pa.Table]]:
    """Survey, known night and rows of all alerts: archived ones by survey and night, then those still in the store."""
    # The store is asked first: what is archived meanwhile is then in both, and left out once, never missing.
    pending = store.pending()
    taken: dict[str, list[pa.Table]] = {}
    for _, survey, _, rows in pending:
        taken.setdefault(survey, []).append(rows)
    ids = {survey: np.concatenate([_ids(rows) for rows in parts]) for survey, parts in taken.items()}
    for path in sorted(p for p in store.science_files() if p.startswith("alerts/")):
        survey, night = path.split("/")[1], int(path.split("/")[2])
        if _is_wanted(night, nights):
            rows = _flat(science.read(path, NEEDED))
            if survey in ids:
                rows = rows.filter(pa.array(~np.isin(_ids(rows), ids[survey])))
            yield survey, night, rows
    for _, survey, night, rows in pending:
        if _is_wanted(night, nights):
            yield survey, night, _flat(rows)


def _is_wanted(night: int, nights: tuple[int, int] | None) -> bool:
    return nights is None or nights[0] <= night <= nights[1]


def _ids(rows: pa.Table) -> Ids:
    found: Ids = rows.column("alert_id").to_numpy()
    return found


def _flat(rows: pa.Table) -> pa.Table:
    """The needed columns; one that an old file lacks is null."""
    kinds = {"object_id": pa.string(), "object_key": pa.int64(), "is_public": pa.bool_()}
    arrays = [
        rows.column(name) if name in rows.column_names else pa.nulls(rows.num_rows, kinds.get(name, pa.float64()))
        for name in NEEDED
    ]
    return pa.table(arrays, names=list(NEEDED))


class _Seen:
    """Objects that were found before, sorted: eight bytes for each."""

    def __init__(self) -> None:
        self._all = np.empty(0, dtype=np.int64)
        self._late = np.empty(0, dtype=np.int64)

    def new(self, keys: Ids) -> npt.NDArray[np.bool_]:
        """Which of these come for the first time; an alert without an object is none."""
        distinct, first = np.unique(keys, return_index=True)
        fresh = (distinct != NOWHERE) & ~(_has(self._all, distinct) | _has(self._late, distinct))
        found = np.zeros(len(keys), dtype=bool)
        found[first[fresh]] = True
        self._late = np.union1d(self._late, distinct[fresh])
        if len(self._late) > max(10_000, len(self._all) // 4):  # merged rarely: each object is moved a few times only
            self._all, self._late = np.union1d(self._all, self._late), self._late[:0]
        return found


def _has(ascending: Ids, keys: Ids) -> npt.NDArray[np.bool_]:
    if not len(ascending):
        return np.zeros(len(keys), dtype=bool)
    place = np.minimum(np.searchsorted(ascending, keys), len(ascending) - 1)
    found: npt.NDArray[np.bool_] = ascending[place] == keys
    return found
