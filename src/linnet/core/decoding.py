"""What decoding takes and gives: the contract in front of whichever decoder stands behind it.

    envelopes + schemas + wanted fields -> columns, datum references, rejects

One unreadable message is one reject with all its bytes; it never costs another message anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Schema = Mapping[str, object] | list[object] | str
"""A parsed Avro schema (JSON)."""


@dataclass(frozen=True)
class Wanted:
    """The fields that a survey wants of a packet, by path in the record.

    Attributes:
        scalars: path -> Arrow type, e.g. "candidate.magpsf": float32. A field that the writer schema lacks, or whose
            parent record is null, is a typed null.
        lists: path of an array of records -> its item fields, e.g. "prv_candidates": {"jd": float64, ...}.
        known: further paths (or whole subtrees, by their root path) that the survey's schemas declare but that nobody
            wants as a column, e.g. the cutouts. Whatever is neither wanted nor known goes to `extra`.
    """

    scalars: Mapping[str, pa.DataType]
    lists: Mapping[str, Mapping[str, pa.DataType]] = field(default_factory=dict)
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Datums:
    """Untouched Avro datums as they lie in the bytes of their messages: nothing is copied until somebody asks.

    Attributes:
        data: the bytes in which they lie; alive as long as this is.
        start: int64, where each begins.
        end: int64, where each ends.
    """

    data: npt.NDArray[np.uint8]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]

    @classmethod
    def of(cls, values: Sequence[bytes]) -> Datums:
        """Datums that are at hand one by one, put together."""
        ends = np.cumsum([len(value) for value in values], dtype=np.int64)
        data = np.frombuffer(b"".join(values), np.uint8)
        return cls(data, np.concatenate([[0], ends[:-1]]).astype(np.int64)[: len(values)], ends)

    def __len__(self) -> int:
        """Number of datums."""
        return len(self.start)

    def take(self, rows: npt.NDArray[np.integer]) -> Datums:
        """The datums of these rows, in this order."""
        return Datums(self.data, self.start[rows], self.end[rows])

    def views(self) -> list[memoryview]:
        """The bytes of each datum, not copied."""
        whole = self.data.data
        return [whole[a:b] for a, b in zip(self.start.tolist(), self.end.tolist(), strict=True)]

    def array(self) -> pa.Array:
        """All of them as a binary column. Copies: 48 KB of datum cost more than decoding it does.

        Into memory of Arrow's pool, which keeps large pieces: from the system every batch above 32 MB came as new
        pages, which cost four times as much as the copy.
        """
        offsets = np.zeros(len(self) + 1, np.int32)
        np.cumsum(self.end - self.start, out=offsets[1:])
        joined = pa.allocate_buffer(int(offsets[-1]))
        octets = memoryview(joined).cast("B")
        for view, at in zip(self.views(), offsets.tolist(), strict=False):
            octets[at : at + len(view)] = view
        return pa.Array.from_buffers(pa.binary(), len(self), [None, pa.py_buffer(offsets), joined])


@dataclass(frozen=True)
class DecodedAlerts:
    """The alerts of one survey out of one batch of envelopes, n rows in order of (envelope, index).

    Attributes:
        fields: one column per wanted path, named by the path. Scalars have the wanted type; the columns of a list
            "L" are named "L.field", have type list<wanted type> and share their offsets; a null array is an empty list.
            Last column `extra`: JSON object (string) of undeclared scalar fields, null where there are none.
        envelope: int32, row of the message in the batch of envelopes.
        index: int32, place of the alert within its message.
        datums: the untouched Avro datums.
        fingerprint: string, fingerprint of its writer schema (see `SchemaCache.schema`).
    """

    fields: pa.RecordBatch
    envelope: pa.Array
    index: pa.Array
    datums: Datums
    fingerprint: pa.Array

    @cached_property
    def datum(self) -> pa.Array:
        """The untouched Avro datums as a binary column, copied when it is first asked for."""
        return self.datums.array()

    def __len__(self) -> int:
        """Number of alerts."""
        return int(self.fields.num_rows)


REJECT = pa.schema(
    [
        pa.field("envelope", pa.int32(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
    ]
)
"""One row per message that was refused as a whole: its row in the batch, the code, one clear sentence."""


@dataclass(frozen=True)
class Decoded:
    """What one batch of envelopes decodes to.

    Attributes:
        alerts: survey name -> its alerts.
        rejects: table in the `REJECT` schema.
    """

    alerts: dict[str, DecodedAlerts]
    rejects: pa.Table
