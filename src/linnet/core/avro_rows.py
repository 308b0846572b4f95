"""Gathers the wanted values of packets and makes Arrow columns of them, a few packets at a time.

A packet's Python values take twenty times its bytes, so only what is wanted is kept, and only until `CHUNK` list items
or alerts have come together. The loop over alerts costs 0.5 ms for a ZTF packet with 112 columns and 36 history items,
2 ms for an LSST packet with 494 columns and 580 items, an eighth of what its decoding costs before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import pyarrow as pa

from linnet.core.avro_extra import Path, extra, value_at
from linnet.core.avro_values import column
from linnet.core.decoding import DecodedAlerts, Wanted
from linnet.errors import PacketError

CHUNK = 20_000
"""List items and alerts after which values are turned into Arrow."""


class Fields:
    """Values at given paths of a record, those of one parent fetched together."""

    def __init__(self, wanted: Mapping[str, pa.DataType]) -> None:
        parents: dict[Path, list[str]] = {}
        for path in wanted:
            *parent, leaf = path.split(".")
            parents.setdefault(tuple(parent), []).append(leaf)
        self._groups = [(parent, leaves, [None] * len(leaves)) for parent, leaves in parents.items()]
        self.paths = [".".join((*parent, leaf)) for parent, leaves, _ in self._groups for leaf in leaves]

    def of(self, record: object) -> list[object]:
        """The values, in the order of `paths`."""
        row: list[object] = []
        for parent, leaves, nulls in self._groups:
            inner = value_at(record, parent)
            row += [inner.get(leaf) for leaf in leaves] if isinstance(inner, dict) else nulls
        return row


@dataclass
class _List:
    """The items of one wanted list: how many each alert has, and their rows."""

    path: Path
    wanted: Mapping[str, pa.DataType]
    fields: Fields
    ends: list[int] = field(default_factory=lambda: [0])
    rows: list[list[object]] = field(default_factory=list)

    def add(self, record: object) -> None:
        items = value_at(record, self.path)
        if isinstance(items, list):
            self.rows += [self.fields.of(item) for item in items]
        self.ends.append(len(self.rows))

    def columns(self, name: str) -> dict[str, pa.Array]:
        offsets = pa.array(self.ends, pa.int32())
        values = _columns(self.rows, self.fields.paths, self.wanted)
        return {f"{name}.{p}": pa.ListArray.from_arrays(offsets, values[p]) for p in self.wanted}


class Rows:
    """The alerts of one survey out of one batch."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._fields = Fields(wanted.scalars)
        self._items = {name: Fields(items) for name, items in wanted.lists.items()}
        self._batches: list[pa.RecordBatch] = []
        self._where: list[tuple[int, int, bytes, str]] = []
        self.size = 0
        self._clear()

    def add(self, record: Mapping[str, object], undeclared: tuple[Path, ...]) -> None:
        """Take the values of one alert; `place` must follow."""
        self._rows.append(self._fields.of(record))
        self._extra.append(extra(record, undeclared))
        for listed in self._lists.values():
            listed.add(record)

    def place(self, envelope: int, index: int, datum: bytes, fingerprint: str) -> None:
        """Say where the alert came from."""
        self._where.append((envelope, index, datum, fingerprint))
        self.size += len(datum)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Of what is added within, everything or, after a `PacketError`, nothing is kept."""
        mark = len(self._rows)
        marks = [(listed, len(listed.rows)) for listed in self._lists.values()]
        try:
            yield
        except PacketError:
            del self._rows[mark:], self._extra[mark:]
            for listed, items in marks:
                del listed.rows[items:], listed.ends[mark + 1 :]
            raise

    def settle(self) -> None:
        """Make columns of what has come together, if it is much."""
        if len(self._rows) + sum(len(listed.rows) for listed in self._lists.values()) >= CHUNK:
            self._flush()

    def finish(self) -> DecodedAlerts:
        """All alerts, in the order in which they came."""
        self._flush()
        fields = pa.Table.from_batches(self._batches).combine_chunks().to_batches()
        envelope, index, datum, fingerprint = zip(*self._where, strict=True) if self._where else ((), (), (), ())
        return DecodedAlerts(
            fields[0] if fields else self._batches[0],
            pa.array(envelope, pa.int32()),
            pa.array(index, pa.int32()),
            pa.array(datum, pa.binary()),
            pa.array(fingerprint, pa.string()),
        )

    def _clear(self) -> None:
        self._rows: list[list[object]] = []
        self._extra: list[str | None] = []
        self._lists = {
            name: _List(tuple(name.split(".")), wanted, self._items[name])
            for name, wanted in self._wanted.lists.items()
        }

    def _flush(self) -> None:
        scalars = _columns(self._rows, self._fields.paths, self._wanted.scalars)
        columns = {path: scalars[path] for path in self._wanted.scalars}
        for name, listed in self._lists.items():
            columns |= listed.columns(name)
        columns["extra"] = pa.array(self._extra, pa.string())
        self._batches.append(pa.RecordBatch.from_pydict(columns))
        self._clear()


def _columns(rows: list[list[object]], paths: list[str], wanted: Mapping[str, pa.DataType]) -> dict[str, pa.Array]:
    across = zip(*rows, strict=True) if rows else ((),) * len(paths)
    return {path: column(values, wanted[path]) for path, values in zip(paths, across, strict=True)}
