"""Where the datums of a batch of messages lie, and which schema wrote them.

Every message is refused or has a schema and blocks of datums. Headers repeat from message to message, byte for byte but
for the sync marker: the last few are kept, and the machine compares and finds the blocks behind them itself. Blocks
that are compressed, and containers with headers beyond those that are kept, are taken apart one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from linnet.core.avro_arrow import Octets, address
from linnet.core.avro_container import MAX_HEADER, SYNC, Header, blocks, header
from linnet.core.avro_layout import Numbers
from linnet.core.avro_machine import kernels
from linnet.core.reasons import Reason
from linnet.errors import PacketError

MOST = 32
"""Headers that are known at a time."""

KEPT_BYTES = 4 * 1024 * 1024
MAX_DATA = 2**32 - 1
"""Bytes of all messages and of what their blocks expand to: places in them have 32 bits."""

FRAME = 5


@dataclass(frozen=True)
class Framed:
    """A batch taken apart.

    Attributes:
        data: the bytes in which the datums lie.
        blocks: int64 (blocks, 4): message, start, end, number of datums; in order of messages.
        sources: per message, what names its schema: place in `headers`, -1 - the schema id of a framed datum, or
            `REFUSED`.
        headers: headers of containers.
    """

    data: Octets
    blocks: Numbers
    sources: Numbers
    headers: list[Header]


REFUSED = -(2**62)


class Headers:
    """Headers of containers, kept from batch to batch: the text before the sync marker, and what it says."""

    def __init__(self) -> None:
        self._known: dict[bytes, Header] = {}

    def start(self) -> list[tuple[bytes, Header]]:
        """Those that are known."""
        return list(self._known.items())

    def keep(self, used: list[tuple[bytes, Header]]) -> None:
        """Keep those used last, within bounds."""
        for text, head in used:
            self._known.pop(text, None)
            self._known[text] = head
        while len(self._known) > MOST // 2 or sum(map(len, self._known)) > KEPT_BYTES:
            self._known.pop(next(iter(self._known)))


def take_apart(values: pa.Array, headers: Headers) -> Framed:
    """Find the datums of messages (binary, without nulls)."""
    return _Framing(*_bytes_of(values), headers.start()).framed(headers)


def _bytes_of(values: pa.Array) -> tuple[Octets, Numbers]:
    """All bytes of a binary column, and where each value begins."""
    _, places, data = values.buffers()
    offsets = np.frombuffer(places, np.int32)[values.offset : values.offset + len(values) + 1].astype(np.int64)
    octets = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    return octets, offsets


@dataclass
class _Framing:
    data: Octets
    offsets: Numbers
    heads: list[tuple[bytes, Header]]
    found: Numbers = field(init=False)
    parts: list[Numbers] = field(default_factory=list)
    alone: dict[int, Header] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.found = np.zeros(len(self.offsets) - 1, np.int64)

    def framed(self, headers: Headers) -> Framed:
        """All messages taken apart."""
        kernel = kernels()
        table = self._blocks()
        used = np.unique(self.found[self.found >= 0]).tolist()
        headers.keep([self.heads[number] for number in used])
        sources = np.where(self.found == kernel.FRAME_BAD, REFUSED, self.found)
        known = [head for _, head in self.heads]
        for message, head in self.alone.items():
            sources[message] = len(known)
            known.append(head)
        named = np.flatnonzero(self.found == kernel.FRAME_NAMED)
        if len(named):
            places = self.offsets[named][:, None] + np.arange(1, FRAME)
            sources[named] = -1 - (self.data[places].astype(np.int64) @ (1 << np.arange(24, -1, -8)))
        packed = np.isin(self.found, [n for n, (_, head) in enumerate(self.heads) if head.codec != "null"])
        packed[list(self.alone)] = True
        data = self.data
        if packed.any():
            data, table = self._expanded(np.flatnonzero(packed), table, sources)
        return Framed(data, table, sources, known)

    def _blocks(self) -> Numbers:
        """Blocks of all messages that the machine can take apart."""
        kernel = kernels()
        context = np.zeros(kernel.C_SIZE, np.int64)
        table = np.empty((len(self.found) + 1024, 4), np.int64)
        context[kernel.C_DATA : kernel.C_DATA + 2] = address(self.data)
        context[kernel.C_OFFSETS : kernel.C_OFFSETS + 2] = address(self.offsets)
        context[kernel.C_HEADS : kernel.C_HEADS + 2] = address(self.found)
        kept = self._name_headers(context)
        while True:
            context[kernel.C_BLOCKS : kernel.C_BLOCKS + 2] = address(table)
            status = kernel.frame(address(context)[0])
            if status == kernel.GROW:
                table = np.concatenate([table, np.empty_like(table)])
            elif status == kernel.FRAME_UNKNOWN:
                self._learn(int(context[kernel.C_MESSAGE]))
                kept = self._name_headers(context)
                context[kernel.C_MESSAGE] += self.found[context[kernel.C_MESSAGE]] != kernel.FRAME_UNKNOWN
            else:
                del kept
                return table[: context[kernel.C_BLOCK_COUNT]]

    def _name_headers(self, context: Numbers) -> list[Octets | Numbers]:
        """Tell the machine the known headers; they are in memory as long as what this gives."""
        kernel = kernels()
        sizes = np.array([len(text) for text, _ in self.heads], np.int64)
        table = np.ascontiguousarray(np.stack([np.cumsum(sizes) - sizes, sizes], axis=1))
        texts = np.frombuffer(b"".join(text for text, _ in self.heads) or b"\0", np.uint8)
        context[kernel.C_HEADERS : kernel.C_HEADERS + 2] = address(texts)
        context[kernel.C_HEADER_TABLE : kernel.C_HEADER_TABLE + 2] = address(table)
        return [texts, table]

    def _learn(self, message: int) -> None:
        """Learn the header of a message; sets `found` where the machine shall pass over it."""
        kernel = kernels()
        data = self._message(message)
        try:
            head = header(data)
        except PacketError:
            self.found[message] = kernel.FRAME_BAD
            return
        if len(self.heads) < MOST and head.end <= MAX_HEADER:
            self.heads.append((data[: head.end - SYNC], head))
            self.found[message] = kernel.FRAME_UNKNOWN
        else:
            self.alone[message] = head
            self.found[message] = kernel.FRAME_ALONE

    def _message(self, message: int) -> bytes:
        return self.data[self.offsets[message] : self.offsets[message + 1]].tobytes()

    def _expanded(self, packed: Numbers, table: Numbers, sources: Numbers) -> tuple[Octets, Numbers]:
        """The data of all blocks, those of compressed ones expanded, and where each lies in it."""
        plain = table[~np.isin(table[:, 0], packed)]
        parts: list[bytes | memoryview] = [self.data.data[start:end] for start, end in plain[:, 1:3].tolist()]
        ends = np.cumsum(plain[:, 2] - plain[:, 1])
        plain = np.stack([plain[:, 0], ends - (plain[:, 2] - plain[:, 1]), ends, plain[:, 3]], axis=1)
        size = sum(map(len, parts))
        rows = []
        for message in packed.tolist():
            data = self._message(message)
            try:
                inside = list(_inside(data, MAX_DATA - size))
            except PacketError:
                sources[message] = REFUSED
                continue
            for count, part in inside:
                rows.append((message, size, size + len(part), count))
                parts.append(part)
                size += len(part)
        added = np.array(rows, np.int64).reshape(-1, 4)
        whole = np.concatenate([plain, added])
        joined = np.frombuffer(b"".join(parts) or b"\0", np.uint8)
        return joined, whole[np.argsort(whole[:, 0], kind="stable")]


def _inside(data: bytes, room: int) -> Iterator[tuple[int, bytes]]:
    """Number of datums and bytes of each block of a container."""
    for block in blocks(data, header(data)):
        room -= len(block.data)
        if room < 0:
            raise PacketError(Reason.TOO_LARGE, f"the batch expands to more than {MAX_DATA} bytes")
        yield block.count, block.data
