"""Which columns the alerts of a survey have, and in which order they lie in memory and in a record batch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core.avro_head import Head
from linnet.core.avro_operations import KINDS, TAPE
from linnet.core.avro_targets import ListTarget, Target, Targets
from linnet.core.decoding import Wanted

Numbers = npt.NDArray[np.int64]

TEXTS = (8, 9)
"""Kinds of columns that hold a place and a length until the texts are gathered."""


class Layout:
    """The columns of one survey's alerts: their order, their levels, and the form of their record batch.

    Level 0 holds one slot per alert, levels from 1 on the items of one wanted list each, the last one the notes on
    undeclared fields. Columns of a level stand together.

    Attributes:
        targets: where fields go, for compiling programs.
        kinds: int64, kind of each column. level: int64, its level.
        levels: number of levels.
        schema: of the record batch.
        per_row: what was learned: slots of each level per alert, and at the end bytes of texts.
    """

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        kinds: list[int] = []
        level: list[int] = []

        def target(kind: pa.DataType, number: int) -> Target:
            if kind not in KINDS:
                raise ValueError(f"no value of a packet becomes {kind}")
            kinds.append(KINDS[kind])
            level.append(number)
            return Target(len(kinds) - 1, KINDS[kind])

        scalars = {path: target(kind, 0) for path, kind in wanted.scalars.items()}
        lists = {
            name: ListTarget(number, {path: target(kind, number) for path, kind in items.items()})
            for number, (name, items) in enumerate(wanted.lists.items(), 1)
        }
        self.levels = len(lists) + 2
        self.targets = Targets(scalars, lists, self.levels - 1, len(kinds))
        self.kinds = np.array([*kinds, TAPE], np.int64)
        self.level = np.array([*level, self.levels - 1], np.int64)
        self.texts = np.flatnonzero(np.isin(self.kinds, TEXTS))
        self.schema = _schema(wanted)
        self.head = Head(self.schema)
        self.nodes, self.buffers = self._order()
        self.per_row = np.array([1.0, *(16.0 for _ in lists), 1.0, 64.0])

    def learn(self, counts: Numbers, text_bytes: int) -> None:
        """Remember how many slots and bytes of texts some alerts took; what was needed once is forgotten slowly."""
        if counts[0]:
            used = np.append(counts, text_bytes) / counts[0]
            self.per_row = np.maximum(used, 0.8 * self.per_row + 0.2 * used)

    def _order(self) -> tuple[Numbers, Numbers]:
        """What stands in the message's head, in order.

        Nodes: column number, or -1 - level for a list, or -1 for `extra`. Buffers: places in the vector that
        `_Filled.places` makes, of n columns and k levels: n validities, n values, n text offsets, n texts, k list
        offsets, and one of zeros.
        """
        count, nodes, buffers = len(self.kinds), list[int](), list[int]()

        def column(number: int) -> None:
            nodes.append(number)
            if self.kinds[number] in TEXTS:
                buffers.extend([number, 2 * count + number, 3 * count + number])
            else:
                buffers.extend([number, count + number])

        for target in self.targets.scalars.values():
            column(target.column)
        for listed in self.targets.lists.values():
            for target in listed.columns.values():
                nodes.append(-1 - listed.level)
                buffers.extend([4 * count + self.levels, 4 * count + listed.level])
                column(target.column)
        nodes.append(-1)
        buffers.extend([4 * count + self.levels + number for number in (1, 1, 0)])
        return np.array(nodes, np.int64), np.array(buffers, np.int64)


def _schema(wanted: Wanted) -> pa.Schema:
    fields = [pa.field(path, kind) for path, kind in wanted.scalars.items()]
    fields += [
        pa.field(f"{name}.{path}", pa.list_(kind))
        for name, items in wanted.lists.items()
        for path, kind in items.items()
    ]
    return pa.schema([*fields, pa.field("extra", pa.string())])
