"""The head of an Arrow IPC message that holds a record batch, and where its numbers stand.

Format: Arrow columnar format 1.5, "Encapsulated message format" and "RecordBatch message"; FlatBuffers internals for
the places of the numbers.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa


class Head:
    """The head of a record batch message of one schema, with the places of its numbers.

    Attributes:
        data: the head, from its continuation mark to the body.
        nodes, buffers: places of the pairs of int64. rows, body: places of the numbers of rows and of body bytes.
    """

    def __init__(self, schema: pa.Schema) -> None:
        # One row, since FlatBuffers leave out a number that is 0.
        batch = pa.RecordBatch.from_arrays([_row(entry.type) for entry in schema], schema=schema)
        message = np.frombuffer(batch.serialize(), np.uint8)
        size = 8 + int(message[4:8].view(np.int32)[0])
        self.data = message[:size].copy()
        root = 8 + self._number(8, np.uint32)
        batch_table = self._follow(self._slot(root, 2))
        self.body = self._slot(root, 3)
        self.rows = self._slot(batch_table, 0)
        self.nodes = self._follow(self._slot(batch_table, 1)) + 4
        self.buffers = self._follow(self._slot(batch_table, 2)) + 4

    def _number(self, at: int, kind: type[np.integer]) -> int:
        return int(np.frombuffer(self.data[at : at + np.dtype(kind).itemsize].tobytes(), kind)[0])

    def _slot(self, table: int, number: int) -> int:
        """Place of a field of a table; its table of places stands `soffset` before it."""
        places = table - self._number(table, np.int32)
        return table + self._number(places + 4 + 2 * number, np.uint16)

    def _follow(self, at: int) -> int:
        return at + self._number(at, np.uint32)


def _row(kind: pa.DataType) -> pa.Array:
    return pa.array([[None]], kind) if pa.types.is_list(kind) else pa.nulls(1, kind)
