"""Kernels that find the nearest rows of a catalogue sorted by HEALPix cells, or whether there is any."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from linnet.core.compiled import FLOATS, INTS, compiled, inlined
from linnet.core.lists import Bools, Floats, Ints


@inlined
def _first(cells: Ints, start: int, table: npt.NDArray[np.int32], base: int, shift: int) -> int:
    """The first row whose cell is at or behind `start`."""
    coarse = (start >> shift) - base
    if coarse < 0:
        return 0
    if coarse >= len(table) - 1:
        return len(cells)
    low, high = np.int64(table[coarse]), np.int64(table[coarse + 1])
    while low < high:
        middle = (low + high) >> 1
        if cells[middle] < start:
            low = middle + 1
        else:
            high = middle
    return int(low)


@inlined
def _chord(at: Floats, row: Floats, motion: Floats, years: float, moves: bool) -> float:
    """Squared chord between two directions; the row's is moved along a straight line in space first."""
    x, y, z = row[0], row[1], row[2]
    if moves:
        x += years * motion[0]
        y += years * motion[1]
        z += years * motion[2]
        size = np.sqrt(x * x + y * y + z * z)
        x /= size
        y /= size
        z /= size
    x -= at[0]
    y -= at[1]
    z -= at[2]
    return float(x * x + y * y + z * z)


@inlined
def _insert(row: int, chord: float, rows: Ints, chords: Floats) -> None:
    """Put a row among the nearest ones; of two equally near the earlier one comes first."""
    at = len(rows)
    while at > 0 and (rows[at - 1] < 0 or chord < chords[at - 1] or (chord == chords[at - 1] and row < rows[at - 1])):
        at -= 1
    if at == len(rows):
        return
    for j in range(len(rows) - 1, at, -1):
        rows[j] = rows[j - 1]
        chords[j] = chords[j - 1]
    rows[at] = row
    chords[at] = chord


_EVERY_SECOND = 0x5555555555555555
"""Bits of one of the two coordinates within a base cell: in the nested scheme those of both alternate."""


@compiled(f"void({INTS}, int64, int64[:, ::1], boolean[::1])")
def around(cells: Ints, depth: int, nine: Ints, rim: Bools) -> None:
    """The nested cells of an order in which order-29 cells lie, and the eight that touch each.

    A step of one coordinate is a sum that carries over the bits of the other (Schrack 1992, CVGIP: Image Understanding
    55, 221).

    Args:
        cells: of order 29, below zero for none.
        depth: the order.
        nine: (n x 9), filled; below zero where there is no cell.
        rim: filled: whether a cell lies on the rim of its base cell, whose neighbours are others; it is not filled in.
    """
    finer = 2 * (29 - depth)
    whole = (np.int64(1) << (2 * depth)) - 1
    even = whole & _EVERY_SECOND
    odd = whole ^ even
    for i in range(len(cells)):
        rim[i] = False
        if cells[i] < 0:
            nine[i, :] = -1
            continue
        cell = cells[i] >> finer
        x, y, base = cell & even, cell & odd, cell & ~whole
        if x in (0, even) or y in (0, odd):
            rim[i] = True
            continue
        columns = (x, (x - 1) & even, ((x | odd) + 1) & even)
        rows = (y, (y - 1) & odd, ((y | even) + 1) & odd)
        at = 0
        for column in columns:
            for row in rows:
                nine[i, at] = base | column | row
                at += 1


@inlined
def _is_near(
    at: Floats,
    years: float,
    cells_around: tuple[int, int],
    catalogue: tuple[Ints, Ints, Floats, Floats, Floats],
    index: tuple[npt.NDArray[np.int32], int, int],
) -> bool:
    """Whether a direction is within the radius of any row between two cells."""
    cells, _, directions, motions, limits = catalogue
    moves, own = len(motions) > 0, len(limits) > 1
    row = _first(cells, cells_around[0], index[0], index[1], index[2])
    while row < len(cells) and cells[row] < cells_around[1]:
        if _chord(at, directions[row], motions[row if moves else 0], years, moves) <= limits[row if own else 0]:
            return True
        row += 1
    return False


_TWO = "Array(float64, 2, 'C', readonly=True)"

_ARGUMENTS = (
    f"Tuple(({_TWO}, {FLOATS}, Array(int64, 2, 'C', readonly=True), int64)),"
    f" Tuple(({INTS}, {INTS}, {_TWO}, {_TWO}, {FLOATS})), Tuple((Array(int32, 1, 'C', readonly=True), int64, int64))"
)

_OWN = 4
"""Where a cell stands among the nine around it: most that are near a row at all are near one in there."""


@compiled(f"void({_ARGUMENTS}, boolean[::1])")
def within(
    alerts: tuple[Floats, Floats, Ints, int],
    catalogue: tuple[Ints, Ints, Floats, Floats, Floats],
    index: tuple[npt.NDArray[np.int32], int, int],
    inside: Bools,
) -> None:
    """Whether each alert is within the radius of any row; looks no further than the first.

    Args:
        alerts: see `nearest`.
        catalogue: see `nearest`.
        index: see `nearest`.
        inside: is set where there is one; an alert for which it is set already is passed over.
    """
    at, years, around, finer = alerts
    for i in range(len(at)):
        for step in range(around.shape[1]):
            place = _OWN if step == 0 else step - 1 if step <= _OWN else step
            cell = around[i, place]
            if cell >= 0 and not inside[i]:
                ends = (cell << finer, (cell + 1) << finer)
                inside[i] = _is_near(at[i], years[i], ends, catalogue, index)


@compiled(f"void({_ARGUMENTS}, int64[:, ::1], float64[:, ::1])")
def nearest(
    alerts: tuple[Floats, Floats, Ints, int],
    catalogue: tuple[Ints, Ints, Floats, Floats, Floats],
    index: tuple[npt.NDArray[np.int32], int, int],
    rows: Ints,
    chords: Floats,
) -> None:
    """The nearest rows within the radius for each alert, beside those that are there already.

    Args:
        alerts: directions (unit vectors, n x 3), years since the catalogue's epoch, the nine cells around each that
            hold everything in reach (below zero: none), and how many bits finer the catalogue's cells are.
        catalogue: cells (ascending), row numbers, directions (m x 3), motions (m x 3 per year, or none), and the
            squared chords of the radii (m, or one for all).
        index: for coarse cells from a first one on the first row of each, one more than there are; the first coarse
            cell; how many bits finer the catalogue's cells are.
        rows: row numbers (n x k), below zero where there is none yet; the nearest first. Is changed.
        chords: their squared chords. Is changed.
    """
    (at, years, around, finer), (cells, numbers, directions, motions, limits) = alerts, catalogue
    table, base, shift = index
    moves, own = len(motions) > 0, len(limits) > 1
    for i in range(len(at)):
        for place in range(around.shape[1]):
            cell = around[i, place]
            if cell < 0:
                continue
            row, stop = _first(cells, cell << finer, table, base, shift), (cell + 1) << finer
            while row < len(cells) and cells[row] < stop:
                chord = _chord(at[i], directions[row], motions[row if moves else 0], years[i], moves)
                if chord <= limits[row if own else 0]:
                    _insert(numbers[row], chord, rows[i], chords[i])
                row += 1
