"""All active filters as one: what several of them ask is answered once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.errors import FilterError
from linnet.filters.circuit import Circuit
from linnet.filters.evaluate import Lookup
from linnet.filters.expressions import Values
from linnet.filters.language import Filter
from linnet.filters.lowering import Lowering
from linnet.filters.questions import Words

Places: TypeAlias = npt.NDArray[np.int64]

BLOCK = 16_384
"""Rows that are judged at once. Ten thousand signals of so many rows take 20 MB; smaller blocks cost more calls."""


@dataclass(frozen=True)
class NamedFilter:
    """A checked filter with the name and version under which it tags."""

    name: str
    version: int
    condition: Filter


class FilterSet:
    """Filters compiled together; each gives exactly the verdicts of its own `Filter.evaluate`.

    Every distinct column, expression and clause of all filters is evaluated once for a batch, comparisons of one column
    with any number of constants in one step. What must be computed first (arithmetic, two columns compared) is computed
    only where a filter is left that the rest does not refuse. Plain data, so it pickles.

    Args:
        filters: in the order in which their tags are written.

    Attributes:
        versions: name and version of each filter.
        needs: sorted names of the columns that any of them reads.
    """

    def __init__(self, filters: Sequence[NamedFilter] = ()) -> None:
        self.versions: tuple[tuple[str, int], ...] = tuple((f.name, f.version) for f in filters)
        self.needs: tuple[str, ...] = tuple(sorted({name for f in filters for name in f.condition.columns}))
        lowering = Lowering()
        outputs = [lowering.where(f.condition.tree, True) for f in filters]
        self._signals = lowering.signals
        self._expressions = lowering.expressions
        self._circuit = Circuit(lowering.signals, lowering.expressions, outputs)

    @property
    def sizes(self) -> dict[str, int]:
        """How much is left of all filters together: distinct `expressions`, `questions` and `gates`."""
        kinds = Counter(type(signal).__name__ for signal in self._signals.all)
        return {"expressions": len(self._expressions.nodes), "questions": kinds["Question"], "gates": kinds["Gate"]}

    def hits(self, lookup: Lookup, length: int) -> tuple[Places, Places]:
        """Judge a batch.

        Args:
            lookup: gives the Arrow array of each of `needs`; typed nulls for a column that the survey does not have.
            length: rows of the batch.

        Returns:
            Rows and places in `versions` of the filters that are true there, by row, then by filter.

        Raises:
            FilterError: a column comes with another type or length than declared.
        """
        arrays = {name: lookup(name) for name in self.needs}
        for name, array in arrays.items():
            if len(array) != length:
                raise FilterError(f"column {name} came with {len(array)} rows instead of {length}")
        rows, places = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for first in range(0, length, BLOCK) if self.versions else ():
            found, at = _set_bits(self._block(arrays, first, min(BLOCK, length - first)))
            rows.append(found + first)
            places.append(at)
        return np.concatenate(rows), np.concatenate(places)

    def _block(self, arrays: dict[str, pa.Array], first: int, length: int) -> Words:
        values = Values(self._expressions, lambda name: arrays[name].slice(first, length), length)
        return self._circuit.run(values, length)


def _set_bits(bits: Words) -> tuple[Places, Places]:
    """Row and output of each bit that is set, by row, then by output. Most bytes are empty, and never unpacked."""
    flat = bits.view(np.uint8)
    output, byte = np.nonzero(flat)
    which, bit = np.nonzero(np.unpackbits(flat[output, byte][:, None], axis=1, bitorder="little"))
    rows, places = byte[which] * 8 + bit, output[which]
    order = np.lexsort((places, rows))
    return rows[order], places[order]
