"""Machine code for a loop over points, made once and kept beside the file.

A file of kernels is imported only where one of them is called: its import takes half a second with a filled cache and
some seconds without, and most commands need none. numba keys the cache by file, so a kernel calls no compiled function
of another file, whose change it would not notice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from linnet.core.lists import Floats, Ints

Function = TypeVar("Function", bound=Callable[..., object])

INTS = "Array(int64, 1, 'C', readonly=True)"
FLOATS = "Array(float64, 1, 'C', readonly=True)"
KINDS = "Array(int8, 1, 'C', readonly=True)"
FLAGS = "Array(boolean, 1, 'C', readonly=True)"
"""Arrays that a kernel only reads, as a signature names them: it then takes those of Arrow too, without a copy."""

Kinds = npt.NDArray[np.int8]

Points = tuple[Floats, Floats, Floats, Ints, Kinds]
"""mjd, flux, flux_err, band (0 to 5, or below) and kind of each point (`lists.points_of`)."""

POINTS = f"Tuple(({FLOATS}, {FLOATS}, {FLOATS}, {INTS}, {KINDS}))"


def compiled(signature: str) -> Callable[[Function], Function]:
    """Compile a function for one signature at its definition, or take it from the cache.

    Without the lock of the interpreter, and with the arithmetic of numpy: x/0 is infinite, 0/0 is NaN. Sums keep their
    order and nothing is fused, so that a result does not depend on the batch it came in. Where no folder can be written
    to (a read-only installation without a home), each process compiles anew.

    Args:
        signature: types of result and arguments as numba writes them, contiguous arrays as `float64[::1]`.
    """

    def compile_it(function: Function) -> Function:
        try:
            made = numba.njit(signature, cache=True, nogil=True, error_model="numpy")(function)
        except RuntimeError as error:
            if "cannot cache" not in str(error):
                raise
            made = numba.njit(signature, nogil=True, error_model="numpy")(function)
        return cast("Function", made)

    return compile_it


def inlined(function: Function) -> Function:
    """Compile a function into the kernels of its own file that call it; it stands above them."""
    return cast("Function", numba.njit(nogil=True, error_model="numpy")(function))
