"""Functions of numbers. Null wherever an argument is null, or the result would be NaN, infinite or beyond 64 bits.

`least` and `greatest` are null where any argument is, as the SQL standard has it (feature T054): what is not known may
be the least. Logarithms and `exp` are those of the C library, number by number: numpy's go several at a time, and what
a row gets must not depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linnet.filters.arithmetic import absolute, as_floats
from linnet.filters.tree import Kind
from linnet.filters.vectors import Numbers, finite

MANY = 16
"""Arguments of `least` and `greatest` at most."""


@dataclass(frozen=True)
class Function:
    """A function of numbers.

    Attributes:
        least, most: number of arguments.
        keeps: whether integers give integers, as long as no argument is a float; otherwise the result is a float.
        compute: the function itself.
        meaning: one sentence.
    """

    least: int
    most: int
    keeps: bool
    compute: Callable[[Sequence[Numbers]], Numbers]
    meaning: str

    def kind(self, given: Sequence[Kind]) -> Kind:
        """Of the result, for arguments of these kinds."""
        return Kind.INTEGER if self.keeps and Kind.FLOAT not in given else Kind.FLOAT


def _absolute(items: Sequence[Numbers]) -> Numbers:
    return absolute(items[0])


def _root(items: Sequence[Numbers]) -> Numbers:
    item = as_floats(items[0])
    with np.errstate(all="ignore"):
        return finite(np.sqrt(item.values), item.valid)


def _by_the_library(function: Callable[[pa.Array], pa.Array], items: Sequence[Numbers]) -> Numbers:
    item = as_floats(items[0])
    return finite(function(pa.array(item.values)).to_numpy(zero_copy_only=False), item.valid)


def _whole(function: Callable[[npt.NDArray[Any]], npt.NDArray[Any]], items: Sequence[Numbers]) -> Numbers:
    (item,) = items
    return item if item.exact else Numbers(function(item.values), item.valid)


def _extreme(function: Callable[[Any, Any], npt.NDArray[Any]], items: Sequence[Numbers]) -> Numbers:
    alike = items if all(item.exact for item in items) else [as_floats(item) for item in items]
    values, valid = alike[0].values, alike[0].valid
    for item in alike[1:]:
        values, valid = function(values, item.values), valid & item.valid
    return Numbers(values, valid)


NUMERIC: dict[str, Function] = {
    "abs": Function(1, 1, True, _absolute, "Absolute value."),
    "sqrt": Function(1, 1, False, _root, "Square root; null for a negative number."),
    "ln": Function(1, 1, False, partial(_by_the_library, pc.ln), "Natural logarithm; null unless positive."),
    "log10": Function(1, 1, False, partial(_by_the_library, pc.log10), "Decimal logarithm; null unless positive."),
    "exp": Function(1, 1, False, partial(_by_the_library, pc.exp), "e to the power of a number."),
    "floor": Function(1, 1, True, partial(_whole, np.floor), "Greatest whole number that is not above."),
    "ceil": Function(1, 1, True, partial(_whole, np.ceil), "Least whole number that is not below."),
    "least": Function(2, MANY, True, partial(_extreme, np.minimum), "The smallest of two or more; null if any is."),
    "greatest": Function(2, MANY, True, partial(_extreme, np.maximum), "The largest of two or more; null if any is."),
}
"""By name."""
