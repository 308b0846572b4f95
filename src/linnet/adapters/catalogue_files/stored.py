"""A stored catalogue, looked up in: held in memory as a whole, or piece by piece where it is too large for that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from linnet.adapters.catalogue_files.entry import Entry
from linnet.adapters.catalogue_files.recipe import CELL, DEC, PM_DEC, PM_RA, RA, RADIUS
from linnet.core.catalogue import About, Found, OpenCatalogue, Places
from linnet.core.lists import Bools, Floats, Ints
from linnet.core.recent import Recent
from linnet.core.sky import NOWHERE
from linnet.core.sky_matching import SortedSky, Sources, surroundings
from linnet.errors import InputError, StorageError

HELD = 2_000_000
"""Rows of one catalogue that are held in memory: with a few columns some 200 MB."""

_J2000_MJD, _YEAR = 51544.5, 365.25


@dataclass(frozen=True)
class StoredCatalogue:
    """Description of a catalogue in a Parquet file sorted by cells.

    Attributes:
        path: the file.
        entry: what is written down beside it.
        held: rows that may be held in memory.
    """

    path: Path
    entry: Entry
    held: int = HELD

    @property
    def about(self) -> About:
        """What decides the result of a look-up."""
        return self.entry.about

    def open(self) -> OpenCatalogue:
        """Ready to look up in; a catalogue that is held as a whole is checked against its hash.

        Raises:
            StorageError: the file is missing or damaged.
        """
        return OpenStored(self)


@dataclass(frozen=True)
class _Piece:
    """Some row groups of the file in memory."""

    sky: SortedSky
    rows: pa.Table


class OpenStored:
    """A stored catalogue to look up in. Not for use from several threads at once."""

    def __init__(self, description: StoredCatalogue) -> None:
        self._about = description
        self._entry = description.entry
        self._metadata = _metadata(description.path)
        groups = [self._metadata.row_group(i) for i in range(self._metadata.num_row_groups)]
        self._whole = self._entry.rows <= description.held
        if self._whole:
            _check_hash(description)
            self._pieces: tuple[tuple[int, ...], ...] = (tuple(range(len(groups))),) if groups else ()
        else:
            self._pieces = tuple((i,) for i in range(len(groups)))
        edges = np.array([_cells_of(group) for group in groups], dtype=np.int64).reshape(-1, 2)
        self._first, self._last = edges[:, 0], edges[:, 1]
        largest = max((group.num_rows for group in groups), default=1)
        self._held: Recent[int, _Piece] = Recent(1 if self._whole else max(1, description.held // largest))

    def near(self, places: Places) -> Found:
        """See `linnet.core.catalogue.OpenCatalogue`. A damaged piece fails the places that need it, no others."""
        failed, trouble = np.zeros(len(places.cells), dtype=bool), ""
        found: list[tuple[Ints, Floats, pa.Table]] = []
        for number, chosen in self._needed(places):
            try:
                piece = self._piece(number)
            except StorageError as error:
                failed[chosen], trouble = True, str(error)
                continue
            asked = places if len(chosen) == len(places.cells) else places.take(chosen)
            alert, row, apart = piece.sky.match(asked, self._entry.neighbours)
            found.append((chosen[alert], apart, piece.rows.take(pa.array(row))))
        return _nearest(self._entry, [_without(failed, each) for each in found], failed, trouble)

    def _needed(self, places: Places) -> Iterator[tuple[int, Ints]]:
        """Pieces that hold what is within reach of some places, and which places those are."""
        here = np.flatnonzero(places.cells != NOWHERE)
        if self._whole or not len(here):
            yield from ((number, here) for number in range(len(self._pieces)))
            return
        years = np.abs(np.nan_to_num(places.mjd[here] - _J2000_MJD) / _YEAR + 2000.0 - self._entry.epoch).max()
        around, finer = surroundings(places.cells[here], self._entry.radius + self._entry.fastest / 1000.0 * years)
        used = around >= 0
        start, stop = np.where(used, around, 0) << finer, np.where(used, around + 1, 0) << finer
        first, last = np.searchsorted(self._last, start), np.searchsorted(self._first, stop)
        numbers = np.unique(np.concatenate([np.arange(a, b) for a, b in _distinct(first, last)]))
        for number in numbers.tolist():
            touched = (used & (first <= number) & (number < last)).any(axis=1)
            if touched.any():
                yield number, here[touched]

    def _piece(self, number: int) -> _Piece:
        piece = self._held.get(number)
        if piece is None:
            piece = self._read(self._pieces[number])
            self._held.put(number, piece)
        return piece

    def _read(self, groups: tuple[int, ...]) -> _Piece:
        path = self._about.path
        try:
            # Opened for each reading: a broker that runs for weeks would keep the disk from being unmounted.
            with pq.ParquetFile(path, metadata=self._metadata, page_checksum_verification=True) as file:
                rows = file.read_row_groups(list(groups), use_threads=False)
            values = {name: rows.column(name).to_numpy() for name in rows.column_names if name.startswith("_")}
            motion = (values[PM_RA], values[PM_DEC]) if PM_RA in values else None
            radius = values.get(RADIUS, np.array([self._entry.radius]))
            sky = SortedSky(Sources(values[CELL], values[RA], values[DEC], radius, motion, self._entry.epoch))
            return _Piece(sky, rows.select([c.name for c in self._entry.columns]).combine_chunks())
        except (OSError, pa.ArrowException, KeyError, InputError) as error:
            raise StorageError(f"the catalogue {path} is damaged: {_line(error)}") from error


def _nearest(entry: Entry, parts: list[tuple[Ints, Floats, pa.Table]], failed: Bools, trouble: str) -> Found:
    """The matches of all pieces, the nearest first, as many as wanted."""
    schema = pa.schema([(c.name, c.arrow) for c in entry.columns])
    alert = np.concatenate([a for a, _, _ in parts]) if parts else np.empty(0, dtype=np.int64)
    apart = np.concatenate([s for _, s, _ in parts]) if parts else np.empty(0)
    rows = pa.concat_tables([r.cast(schema) for _, _, r in parts]) if parts else schema.empty_table()
    if len(parts) > 1:
        order = np.lexsort((apart, alert))  # stable: of equally near rows that of the earlier piece comes first
        alert, apart, rows = alert[order], apart[order], rows.take(pa.array(order))
        rank = np.arange(len(alert)) - np.searchsorted(alert, alert)
        kept = rank < entry.neighbours
        alert, apart, rows = alert[kept], apart[kept], rows.filter(pa.array(kept))
    return Found(alert, apart, rows, failed, trouble)


def _without(failed: Bools, part: tuple[Ints, Floats, pa.Table]) -> tuple[Ints, Floats, pa.Table]:
    """The matches of places that did not need a damaged piece as well: there the nearest row may be missing."""
    alert, apart, rows = part
    fine = ~failed[alert]
    return part if fine.all() else (alert[fine], apart[fine], rows.filter(pa.array(fine)))


def _distinct(first: Ints, last: Ints) -> list[tuple[int, int]]:
    pairs = np.unique(np.stack([first.ravel(), last.ravel()], axis=1), axis=0)
    return [(a, b) for a, b in pairs.tolist() if a < b] or [(0, 0)]


def _metadata(path: Path) -> pq.FileMetaData:
    try:
        with pq.ParquetFile(path) as file:
            return file.metadata
    except (OSError, pa.ArrowException) as error:
        raise StorageError(f"the catalogue {path} cannot be read: {_line(error)}") from error


def _cells_of(group: pq.RowGroupMetaData) -> tuple[int, int]:
    """First and last cell of a row group."""
    for i in range(group.num_columns):
        column = group.column(i)
        if column.path_in_schema == CELL and column.statistics is not None:
            return column.statistics.min, column.statistics.max
    raise StorageError("a catalogue's file does not say which cells its pieces hold: add it again")


def _check_hash(description: StoredCatalogue) -> None:
    try:
        with description.path.open("rb") as file:
            found = file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StorageError(f"the catalogue {description.path} cannot be read: {_line(error)}") from error
    if found != description.entry.sha256:
        raise StorageError(f"the catalogue {description.path} is damaged: it is not the file that was added")


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
