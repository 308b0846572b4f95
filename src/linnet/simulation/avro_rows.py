"""Columns written as Avro records, many rows at a time (Avro 1.11, "Binary encoding").

A packet's history is many records of a hundred fields; written value by value in Python it takes longer than all the
rest of a simulation. Here every field is a block of bytes over all rows, and a mask says which bytes there are: 6 us
for a record of a hundred fields, where fastavro takes 60.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from linnet.core import avro_varint
from linnet.simulation.draws import Bools, Ints

Bytes = npt.NDArray[np.uint8]
Schema = Mapping[str, Any]
Columns = Mapping[str, Any]
"""Field -> n values, one value for all rows, or None. NaN and masked entries are null where the field may be."""

_FLOATS = {"float": "<f4", "double": "<f8"}
_AT_ONCE = 4096


@dataclass(frozen=True)
class Rows:
    """n records, one behind the other.

    Attributes:
        data: their bytes.
        ends: n + 1 places, where each begins and the last one ends.
    """

    data: memoryview
    ends: Ints

    def slice(self, start: int, stop: int) -> memoryview:
        """The bytes of rows from `start` to before `stop`."""
        return self.data[int(self.ends[start]) : int(self.ends[stop])]


@dataclass(frozen=True)
class _Block:
    """Bytes of one or more fields, n x w or 1 x w, and which of them there are (None: all)."""

    data: Bytes
    there: Bools | None = None


def record_of(kind: Any) -> Schema:
    """The record in a field's type, be it nullable or in a list.

    Raises:
        KeyError: there is none.
    """
    for branch in kind if isinstance(kind, list) else [kind]:
        if isinstance(branch, Mapping):
            return record_of(branch["items"]) if branch["type"] == "array" else branch
    raise KeyError("no record in this type")


def rows(record: Schema, columns: Columns, n: int) -> Rows:
    """Rows of columns as records.

    Fields that no column fills are null, or zero and empty where they may not be.

    Args:
        record: a record schema of scalar fields.
        columns: see `Columns`.
        n: number of rows.

    Raises:
        KeyError: a column is no field of the record.
    """
    unknown = columns.keys() - {field["name"] for field in record["fields"]}
    if unknown:
        raise KeyError(f"{sorted(unknown)} are no fields of {record['name']}")
    blocks = _merged([_field(each["type"], columns.get(each["name"])) for each in record["fields"]])
    pieces, lengths = [], []
    for start in range(0, n, _AT_ONCE):
        data, there = _wide(blocks, start, min(_AT_ONCE, n - start))
        pieces.append(data[there])
        lengths.append(there.sum(axis=1))
    ends = np.concatenate([[0], np.cumsum(np.concatenate(lengths))]) if lengths else np.zeros(1)
    joined = np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.uint8)
    return Rows(joined.data, ends.astype(np.int64))


def listed(items: Rows, start: int, stop: int) -> Sequence[bytes | memoryview]:
    """An Avro array of the rows from `start` to before `stop`, in pieces."""
    if stop <= start:
        return (b"\0",)
    return (avro_varint.encode(stop - start), items.slice(start, stop), b"\0")


def sized(value: bytes) -> bytes:
    """Text or bytes with their length before them."""
    return avro_varint.encode(len(value)) + value


def _wide(blocks: Sequence[_Block], start: int, n: int) -> tuple[Bytes, Bools]:
    """Some rows of all blocks side by side."""
    width = sum(block.data.shape[1] for block in blocks)
    data = np.empty((n, width), dtype=np.uint8)
    there = np.ones((n, width), dtype=bool)
    at = 0
    for block in blocks:
        end = at + block.data.shape[1]
        whole = len(block.data) == 1
        data[:, at:end] = block.data if whole else block.data[start : start + n]
        if block.there is not None:
            there[:, at:end] = block.there[start : start + n]
        at = end
    return data, there


def _merged(blocks: Sequence[_Block]) -> list[_Block]:
    """The same with neighbours that are equal in all rows as one."""
    found: list[_Block] = []
    for block in blocks:
        is_fixed = len(block.data) == 1 and block.there is None
        if found and is_fixed and len(found[-1].data) == 1 and found[-1].there is None:
            found[-1] = _Block(np.concatenate([found[-1].data, block.data], axis=1))
        else:
            found.append(block)
    return found


def _field(kind: Any, values: Any) -> _Block:
    """One field."""
    if not isinstance(kind, list):
        if values is None:
            values = "" if kind == "string" else 0
        return _fixed(_plain(kind, values)) if _is_one(values) else _plain(kind, np.asarray(values))
    null, index = kind.index("null"), 1 - kind.index("null")
    if values is None:
        return _Block(np.array([[2 * null]], dtype=np.uint8))
    inner = kind[index]
    if _is_one(values):
        return _fixed(_prefixed(_plain(inner, values), index, null, None))
    given = np.ma.asarray(values)
    missing = np.ma.getmaskarray(given)
    if given.dtype.kind == "f":
        missing = missing | np.isnan(given.data)
    return _prefixed(_plain(inner, given.data), index, null, missing if missing.any() else None)


def _is_one(values: Any) -> bool:
    return values is None or np.ndim(values) == 0


def _fixed(block: _Block) -> _Block:
    """A block of one row without a mask."""
    data = block.data if block.there is None else block.data[block.there][None, :]
    return _Block(data)


def _prefixed(block: _Block, index: int, null: int, missing: Bools | None) -> _Block:
    """A value of a union: the number of its branch, then the value, unless it is null."""
    n = len(block.data)
    head = np.full((n, 1), 2 * index, dtype=np.uint8)
    there = block.there
    if missing is not None:
        head[missing] = 2 * null
        value = np.ones(block.data.shape, dtype=bool) if there is None else there
        there = value & ~missing[:, None]
    if there is not None:
        there = np.concatenate([np.ones((n, 1), dtype=bool), there], axis=1)
    return _Block(np.concatenate([head, block.data], axis=1), there)


def _plain(kind: Any, values: Any) -> _Block:
    """Values of one Avro type."""
    if isinstance(kind, Mapping):
        kind = kind["type"]
    given = np.atleast_1d(np.asarray(values))
    if kind in _FLOATS:
        data = np.ascontiguousarray(given.astype(_FLOATS[kind]))
        return _Block(data.view(np.uint8).reshape(len(given), -1))
    if kind == "boolean":
        return _Block(given.astype(np.uint8)[:, None])
    if kind in {"int", "long"}:
        return _varints(given.astype(np.int64))
    return _texts(given)


def _varints(values: Ints) -> _Block:
    zigzag = ((values << 1) ^ (values >> 63)).view(np.uint64)
    top = int(zigzag.max(initial=0))
    width = max(1, -(-top.bit_length() // 7))
    shifted = zigzag[:, None] >> (7 * np.arange(width, dtype=np.uint64))[None, :]
    there = shifted > 0
    there[:, 0] = True
    more = np.zeros_like(there)
    more[:, :-1] = there[:, 1:]
    data = (shifted & np.uint64(0x7F)).astype(np.uint8) | (more.astype(np.uint8) << 7)
    return _Block(data.astype(np.uint8), None if there.all() else there)


def _texts(values: npt.NDArray[Any]) -> _Block:
    text = np.ascontiguousarray(values.astype("S"))
    width = text.dtype.itemsize
    data = text.view(np.uint8).reshape(len(text), width)
    lengths = np.char.str_len(text).astype(np.int64)
    head = _varints(lengths)
    there = np.arange(width)[None, :] < lengths[:, None]
    before = np.ones(head.data.shape, dtype=bool) if head.there is None else head.there
    return _Block(np.concatenate([head.data, data], axis=1), np.concatenate([before, there], axis=1))
