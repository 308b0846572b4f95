"""An area of the sky: a set of HEALPix cells, as a MOC says it (IVOA Recommendation MOC 2.0), and what lies in it.

Kept as ranges of nested cells of order 29, half-open, ascending, none touching another: a position lies in the area or
it does not, to the 0.4 mas of such a cell.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from linnet.core.catalogue import Places
from linnet.core.lists import Bools, Ints
from linnet.core.sky import ORDER
from linnet.errors import InputError

ALL_CELLS = 12 << 2 * ORDER
"""Cells of order 29 on the sphere."""

MAX_RANGES = 5_000_000
"""Ranges of one area: 80 MB."""


class Area:
    """A set of cells to look alerts up in.

    Args:
        ranges: half-open, shape (n, 2); see `normalised`.
    """

    def __init__(self, ranges: Ints) -> None:
        self._edges = np.ascontiguousarray(ranges, dtype=np.int64).ravel()

    def hold(self, places: Places) -> Bools:
        """Whether each place lies in the area; False for one that is nowhere."""
        # Edges ascend strictly: behind an odd number of them one is inside. A start belongs to its range, an end not.
        inside: Bools = np.searchsorted(self._edges, places.cells, side="right") % 2 == 1
        return inside

    @property
    def ranges(self) -> Ints:
        """Its ranges, shape (n, 2)."""
        return self._edges.reshape(-1, 2)

    @property
    def share(self) -> float:
        """The share of the sky that it covers, 0 to 1."""
        return float((self.ranges[:, 1] - self.ranges[:, 0]).sum(dtype=np.float64) / ALL_CELLS)


def normalised(ranges: npt.NDArray[np.int64] | npt.NDArray[np.uint64]) -> Ints:
    """Ranges of order-29 cells in the one form in which an area is kept.

    Args:
        ranges: half-open, shape (n, 2), in any order, may overlap and touch.

    Returns:
        Ascending, none empty, none touching another.

    Raises:
        InputError: a range lies outside the sphere or ends before it begins, there is none, or there are too many.
    """
    if ranges.size and ranges.max() > ALL_CELLS:
        raise InputError("the area has cells that are not on the sphere")
    wide = np.asarray(ranges, dtype=np.int64).reshape(-1, 2)
    if (wide[:, 0] < 0).any() or (wide[:, 1] < wide[:, 0]).any():
        raise InputError("the area has cells that are not on the sphere, or a range that ends before it begins")
    wide = wide[wide[:, 0] < wide[:, 1]]
    if not len(wide):
        raise InputError("the area is empty")
    wide = wide[np.argsort(wide[:, 0], kind="stable")]
    reached = np.maximum.accumulate(wide[:, 1])
    begins = np.concatenate([[True], wide[1:, 0] > reached[:-1]])
    ends = np.concatenate([begins[1:], [True]])
    if int(begins.sum()) > MAX_RANGES:
        raise InputError(f"the area has more than {MAX_RANGES} ranges of cells: degrade it to a lower order")
    return np.column_stack([wide[begins, 0], reached[ends]])
