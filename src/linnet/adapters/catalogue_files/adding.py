"""From a table that somebody brings to a stored catalogue, in bounded memory whatever its size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from hashlib import file_digest
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from linnet.adapters.catalogue_files.entry import Entry
from linnet.adapters.catalogue_files.folder import ROWS
from linnet.adapters.catalogue_files.opening import brought
from linnet.adapters.catalogue_files.recipe import (
    PM_DEC,
    PM_RA,
    RADIUS,
    Reading,
    Recipe,
    cooked,
    described,
    fitted,
)
from linnet.adapters.catalogue_files.sorting import CHUNK, in_order
from linnet.core.catalogue import CatalogueColumn
from linnet.core.durable import storage_errors
from linnet.errors import InputError, StorageError

PIECE = 131_072
"""Rows of a row group: what is read at once where a catalogue is not held in memory."""


@dataclass
class _Tally:
    """What is counted while rows pass by."""

    read: int = 0
    rows: int = 0
    radius: float = 0.0
    fastest: float = 0.0

    def note(self, rows: pa.RecordBatch, read: int) -> None:
        """Count a batch of `read` rows, of which these are left."""
        self.read += read
        self.rows += rows.num_rows
        if not rows.num_rows:
            return
        if RADIUS in rows.schema.names:
            self.radius = max(self.radius, float(rows.column(RADIUS).to_numpy(zero_copy_only=False).max()))
        if PM_RA in rows.schema.names:
            east, north = (rows.column(n).to_numpy(zero_copy_only=False) for n in (PM_RA, PM_DEC))
            self.fastest = max(self.fastest, float(np.hypot(np.nan_to_num(east), np.nan_to_num(north)).max()))


@dataclass(frozen=True)
class Told:
    """What people say of a catalogue."""

    source: str = ""
    title: str = ""
    licence: str = ""
    reference: str = ""


@dataclass(frozen=True)
class Limits:
    """How much is held in memory while a catalogue is made: rows that are sorted at once, rows of a piece."""

    chunk: int = CHUNK
    piece: int = PIECE
    progress: Callable[[int], None] = field(default=lambda _n: None)


def make(
    name: str, source: Path, recipe: Recipe, workshop: Path, told: Told | None = None, limits: Limits | None = None
) -> tuple[Path, Entry]:
    """Make the file of rows of a catalogue.

    Args:
        name: of the catalogue.
        source: CSV, VOTable, FITS or Parquet file, or HATS folder.
        recipe: what is made of its columns.
        workshop: an empty folder to work in.
        told: what people say of it; the source's file name where they say nothing.
        limits: how much is held in memory.

    Returns:
        The file, and what is to be written down beside it (without a number yet).

    Raises:
        InputError: the source cannot be read, or a column is not what it should be.
        StorageError: the disk fails.
    """
    limits, told = limits or Limits(), told or Told(source.name)
    table = brought(source)
    reading = fitted(recipe, table)
    tally = _Tally()
    path = workshop / ROWS
    with storage_errors(f"write {path}"):
        rows = _cooked(reading, table.read(reading.chosen), tally, limits)
        schema = _write(path, in_order(rows, workshop, limits.chunk), limits.piece)
        if schema is None:
            raise InputError(f"{source} has no row with a position")
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
    return path, _entry(name, recipe, reading, tally, told, (described(reading, table, schema), digest))


def _entry(
    name: str,
    recipe: Recipe,
    reading: Reading,
    tally: _Tally,
    told: Told,
    written: tuple[tuple[CatalogueColumn, ...], str],
) -> Entry:
    return Entry(
        name=name,
        number=0,
        columns=written[0],
        radius=tally.radius if reading.radius is None else reading.radius,
        neighbours=recipe.neighbours,
        epoch=recipe.epoch,
        fastest=tally.fastest,
        rows=tally.rows,
        sha256=written[1],
        own_radius=reading.radius is None,
        left_out=tally.read - tally.rows,
        **asdict(told),
    )


def _cooked(
    reading: Reading, batches: Iterator[pa.RecordBatch], tally: _Tally, limits: Limits
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        rows = cooked(reading, batch)
        tally.note(rows, batch.num_rows)
        limits.progress(batch.num_rows)
        yield rows


def _write(path: Path, tables: Iterator[pa.Table], piece: int) -> pa.Schema | None:
    """Write sorted rows in row groups of one size; gives their schema, None where there are none."""
    writer: pq.ParquetWriter | None = None
    left: pa.Table | None = None
    try:
        for table in tables:
            if not table.num_rows:
                continue
            if writer is None:
                writer = pq.ParquetWriter(
                    path, table.schema, compression="zstd", write_page_checksum=True, store_schema=True
                )
            rows = table if left is None else pa.concat_tables([left, table])
            whole = rows.num_rows // piece * piece
            if whole:
                writer.write_table(rows.slice(0, whole), row_group_size=piece)
            left = rows.slice(whole).combine_chunks()
        if writer is not None and left is not None and left.num_rows:
            writer.write_table(left, row_group_size=piece)
    except pa.ArrowException as error:
        raise StorageError(f"cannot write {path}: {error}") from error
    finally:
        if writer is not None:
            writer.close()
    return None if writer is None else writer.schema
