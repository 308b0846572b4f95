"""Kernels that choose and order points: usable ones, and those of each curve side by side."""

from __future__ import annotations

import numpy as np

from linnet.core.compiled import compiled
from linnet.core.lists import Floats, Ints

LARGEST = 1e70
"""Of values, errors and 1/errors beyond this, squares or products could leave the range of float64. Packets hold
float32, which ends at 3.4e38."""


@compiled("void(int64[::1], int64[::1], int64[::1])")
def group(curve: Ints, cursor: Ints, order: Ints) -> None:
    """Fill `order` with the indices of the points, curve by curve, each in the order in which its points came.

    Args:
        curve: curve of each point, below zero for none.
        cursor: where each curve starts in `order`; ends as where it stops.
        order: is filled.
    """
    for i in range(len(curve)):
        if curve[i] >= 0:
            order[cursor[curve[i]]] = i
            cursor[curve[i]] += 1


@compiled("int64(float64[:, ::1], int64[::1], boolean, float64[:, ::1], int64[::1])")
def usable(points: Floats, offsets: Ints, with_error: bool, kept: Floats, kept_offsets: Ints) -> int:
    """Copy the points that can be counted with: finite time and value, on request also an error above zero.

    Args:
        points: rows time, value, error; curve i has the columns `offsets[i]` to `offsets[i + 1]`.
        offsets: one more than there are curves, ascending.
        with_error: whether a point needs an error.
        kept: is filled in the form of `points`.
        kept_offsets: is filled in the form of `offsets`.

    Returns:
        How many were kept, -1 where the times of a curve descend.
    """
    n = 0
    for i in range(len(offsets) - 1):
        kept_offsets[i] = n
        for j in range(offsets[i], offsets[i + 1]):
            good = np.isfinite(points[0, j]) and abs(points[1, j]) <= LARGEST
            if with_error:
                good = good and 1 / LARGEST <= points[2, j] <= LARGEST
            if not good:
                continue
            if n > kept_offsets[i] and points[0, j] < kept[0, n - 1]:
                return -1
            for k in range(3):
                kept[k, n] = points[k, j]
            n += 1
    kept_offsets[len(offsets) - 1] = n
    return n
