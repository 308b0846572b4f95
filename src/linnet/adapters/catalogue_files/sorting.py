"""Rows in the order of their cells, however many there are: sorted pieces on disk, then merged, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from linnet.adapters.catalogue_files.recipe import CELL
from linnet.core.lists import Ints

CHUNK = 2_000_000
"""Rows that are sorted in memory at once."""


@dataclass(frozen=True)
class _Run:
    """Sorted rows in a file that is mapped into memory, and their cells."""

    rows: pa.Table
    cells: Ints


def in_order(batches: Iterator[pa.RecordBatch], folder: Path, chunk: int = CHUNK) -> Iterator[pa.Table]:
    """All rows by cell, those of one cell in the order in which they came, piece by piece.

    Args:
        batches: rows with the column `_healpix_29`.
        folder: an empty folder to work in.
        chunk: rows that are held in memory at once.
    """
    runs: list[_Run] = []
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(b.num_rows for b in held) >= chunk:
            runs.append(_run(folder / f"{len(runs)}.arrow", _sorted(pa.Table.from_batches(held))))
            held = []
    if not runs:
        if held:
            yield _sorted(pa.Table.from_batches(held))
        return
    if held:
        runs.append(_run(folder / f"{len(runs)}.arrow", _sorted(pa.Table.from_batches(held))))
    yield from _merged(runs, chunk)


def _sorted(rows: pa.Table) -> pa.Table:
    order = np.argsort(rows.column(CELL).to_numpy(), kind="stable")
    return rows.take(pa.array(order)).combine_chunks()


def _run(path: Path, rows: pa.Table) -> _Run:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, rows.schema) as writer:
        writer.write_table(rows)
    mapped = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    return _Run(mapped, mapped.column(CELL).chunk(0).to_numpy())


def _merged(runs: list[_Run], chunk: int) -> Iterator[pa.Table]:
    """Between cuts that leave about a chunk of rows, the rows of every run."""
    every = max(1, chunk // (4 * len(runs)))
    samples = np.sort(np.concatenate([run.cells[::every] for run in runs]))
    cuts = np.unique(samples[:: max(1, chunk // (2 * every))])[1:]
    edges = np.stack([np.concatenate([[0], np.searchsorted(r.cells, cuts), [len(r.cells)]]) for r in runs])
    for piece in range(edges.shape[1] - 1):
        parts = [
            run.rows.slice(at[piece], at[piece + 1] - at[piece]) for run, at in zip(runs, edges.tolist(), strict=True)
        ]
        rows = pa.concat_tables(parts)
        if rows.num_rows:
            yield _sorted(rows)
