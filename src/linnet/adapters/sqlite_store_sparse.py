"""Alert rows as bytes: which columns a row has, then those values alone, then the bytes of its texts.

Two thirds of the columns of a row are null (a module that needs more points, a band not seen): they take a bit each.
Values stand by their width, wide ones first, so that a batch is packed and unpacked in a few steps over all its rows
instead of one for every column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linnet.adapters.sqlite_store_columns import (
    WORDS,
    Bools,
    Words,
    column_of,
    is_text,
    one_piece,
    valid,
    width,
    words,
)

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Group:
    """Columns of one width: their places among all columns, and the word that holds one value."""

    places: Ints
    word: np.dtype[np.unsignedinteger]


class SparseLayout:
    """Where each column lies in a packed row.

    Args:
        types: name -> Arrow type of the columns, in their order.
    """

    def __init__(self, types: dict[str, pa.DataType]) -> None:
        self.types = types
        self._texts = np.array([place for place, kind in enumerate(types.values()) if is_text(kind)], dtype=np.int64)
        widths = np.array([width(kind) for kind in types.values()], dtype=np.int64)
        every = [_Group(np.flatnonzero(widths == size), word) for size, word in WORDS.items()]
        self._groups = [group for group in every if len(group.places)]
        self._head = (len(types) + 7) // 8

    def pack(self, alerts: pa.Table) -> list[bytes]:
        """Rows as blobs."""
        n = len(alerts)
        present = np.zeros((len(self.types), n), dtype=bool)
        values: dict[int, Words] = {}
        texts: list[pa.Array] = []
        for place, (name, kind) in enumerate(self.types.items()):
            column = one_piece(alerts.column(name), kind)
            if column.null_count == n:
                continue
            present[place] = valid(column)
            if is_text(kind):
                texts.append(_bytes(column))
                column = pc.binary_length(texts[-1])
            values[place] = words(column)
        heads = np.packbits(np.ascontiguousarray(present.T), axis=1)
        pieces = [_pieces(heads.ravel(), np.full(n, self._head))]
        pieces += [_present(group, values, present) for group in self._groups]
        packed: list[bytes] = pc.binary_join_element_wise(*pieces, *texts, b"").to_pylist()
        return packed

    def unpack(self, blobs: Sequence[bytes]) -> dict[str, pa.Array]:
        """Columns of blobs, by name."""
        starts = [self._head] * len(blobs)
        heads = np.frombuffer(b"".join([blob[: self._head] for blob in blobs]), np.uint8)
        present = np.unpackbits(heads.reshape(-1, self._head), axis=1)[:, : len(self.types)].view(np.bool_)
        values: dict[int, Words] = {}
        for group in self._groups:
            mask = present[:, group.places]
            stops = (starts + np.count_nonzero(mask, axis=1) * group.word.itemsize).tolist()
            data = b"".join([blob[a:b] for blob, a, b in zip(blobs, starts, stops, strict=True)])
            block = np.zeros(mask.shape, group.word)
            block[mask] = np.frombuffer(data, group.word)
            values.update(zip(group.places.tolist(), np.ascontiguousarray(block.T), strict=True))
            starts = stops
        texts = self._unpack_texts(values, b"".join([blob[a:] for blob, a in zip(blobs, starts, strict=True)]))
        return self._columns(values, np.ascontiguousarray(present.T), texts)

    def _columns(self, values: dict[int, Words], present: Bools, texts: dict[int, pa.Array]) -> dict[str, pa.Array]:
        n = present.shape[1]
        packed = np.packbits(present, axis=1, bitorder="little")
        validity = pa.py_buffer(packed)
        columns = {}
        for place, (name, kind) in enumerate(self.types.items()):
            if place not in texts:
                bits = validity.slice(place * packed.shape[1], packed.shape[1])
                columns[name] = column_of(kind, values[place], present[place], bits)
                continue
            plain = texts[place] if present[place].all() else pc.if_else(pa.array(present[place]), texts[place], None)
            columns[name] = plain if kind == pa.string() else plain.dictionary_encode()
        return columns if n else {name: pa.array([], kind) for name, kind in self.types.items()}

    def _unpack_texts(self, values: dict[int, Words], data: bytes) -> dict[int, pa.Array]:
        """Text columns out of the bytes of all texts, which lie row by row; a null is empty here."""
        places, wide = self._texts.tolist(), len(self._texts)
        if not wide:
            return {}
        lengths = np.column_stack([values[place] for place in places]).astype(np.int64)
        offsets = np.concatenate([[0], np.cumsum(lengths.ravel())]).astype(np.int64)
        pieces = pa.LargeStringArray.from_buffers(lengths.size, pa.py_buffer(offsets), pa.py_buffer(data))
        rows = np.arange(len(lengths)) * wide
        return {place: pieces.take(pa.array(rows + i)).cast(pa.string()) for i, place in enumerate(places)}


def _present(group: _Group, values: dict[int, Words], present: Bools) -> pa.Array:
    """Of each row the values that are there, as bytes. Columns without any are passed over."""
    places = [place for place in group.places.tolist() if place in values]
    n = present.shape[1]
    block = np.array([values[place] for place in places], group.word).reshape(-1, n)
    mask = np.ascontiguousarray(present[places].T)
    counts = np.count_nonzero(mask, axis=1)
    return _pieces(np.ascontiguousarray(block.T)[mask], counts * group.word.itemsize)


def _pieces(data: npt.NDArray[np.generic], sizes: Ints) -> pa.Array:
    """Bytes cut into pieces of these sizes."""
    offsets = np.zeros(len(sizes) + 1, np.int32)
    np.cumsum(sizes, out=offsets[1:])
    return pa.Array.from_buffers(pa.binary(), len(sizes), [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def _bytes(column: pa.Array) -> pa.Array:
    """Texts as bytes, a null as none."""
    plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    return (plain.fill_null("") if plain.null_count else plain).cast(pa.binary())
