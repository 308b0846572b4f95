"""Whole corridors for tests: on disk or in memory, with the real surveys, modules and filters."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from linnet.adapters.memory_archive import MemoryRawArchive, MemoryScienceArchive
from linnet.adapters.memory_control import MemoryControl
from linnet.adapters.memory_sink import MemorySink
from linnet.adapters.memory_store import MemoryStore
from linnet.adapters.parquet_archive import ParquetArchive
from linnet.adapters.segment_archive import SegmentArchive
from linnet.adapters.sqlite_control import SqliteControl
from linnet.adapters.sqlite_store import SqliteStore
from linnet.app import wiring
from linnet.app.feed import FilterFeed, Runs
from linnet.app.installing import install
from linnet.core.avro_schema import SchemaCache
from linnet.core.dump import digest
from linnet.core.envelope import Message, envelopes
from linnet.core.ports import Control, RawArchive, Route, ScienceArchive, Store
from linnet.engines.corridor import Corridor
from linnet.engines.local import LocalEngine

PLAN = wiring.plan()
SURVEYS = wiring.surveys()
COLUMNS = wiring.stored_columns(PLAN)
EVERYTHING = "alert_id is not null"


@dataclass(frozen=True)
class Bench:
    """A corridor and its parts."""

    corridor: Corridor
    store: Store
    control: Control
    raw: RawArchive
    science: ScienceArchive
    sink: MemorySink

    def engine(self, batch: int = 1000) -> LocalEngine:
        """An engine over these parts."""
        return LocalEngine(self.corridor, batch=batch)

    def dump(self) -> str:
        """Digest of the canonical dump."""
        return digest(self.store.dump())


def in_memory() -> Bench:
    """A corridor of the public doubles."""
    schemas = SchemaCache(SURVEYS)
    raw = MemoryRawArchive(lambda f: schemas.schema(f).json_text)
    return _bench(schemas, MemoryStore(COLUMNS), MemoryControl(), raw, MemoryScienceArchive())


@contextmanager
def on_disk(folder: Path, sync: Callable[[int], None] | None = None) -> Iterator[Bench]:
    """A corridor of the real adapters in a folder; `sync` takes the place of fsync in the raw archive."""
    schemas = SchemaCache(SURVEYS)
    folder.mkdir(parents=True, exist_ok=True)
    store = SqliteStore.open(folder / "store.db", COLUMNS)
    control = SqliteControl.open(folder / "control.db")
    raw = SegmentArchive(folder / "raw", lambda f: schemas.schema(f).json_text, sync=sync or os.fsync)
    try:
        yield _bench(schemas, store, control, raw, ParquetArchive(folder / "science"))
    finally:
        raw.close()
        control.close()
        store.close()


def _bench(schemas: SchemaCache, store: Store, control: Control, raw: RawArchive, science: ScienceArchive) -> Bench:
    install(control)
    known = {f.name for f in control.filters()}
    if "everything" not in known:
        control.set_active("everything", control.add_filter("everything", EVERYTHING, topic_line="all alerts"))
    sink = MemorySink()
    feed = FilterFeed(control, store, PLAN)
    corridor = Corridor(
        surveys=SURVEYS,
        schemas=schemas,
        plan=PLAN,
        store=store,
        control=control,
        raw=raw,
        science=science,
        filters=feed,
        filters_changed=feed.changed,
        filter_failures=feed.failures,
        run_of=Runs(PLAN),
        routes=((Route("files", "memory"), sink.open()),),
        publish_private=True,
    )
    return Bench(corridor, store, control, raw, science, sink)


def messages(paths: Sequence[Path], topic: str = "packets") -> list[Message]:
    """Files as messages of one topic, in the order given."""
    return [Message(p.read_bytes(), topic, 0, i, p.name.encode()) for i, p in enumerate(paths)]


def renumbered(rows: Sequence[Message]) -> pa.RecordBatch:
    """Messages as a batch of envelopes, offsets counted up in their order."""
    return envelopes([Message(m.value, m.topic, 0, i, m.key, m.timestamp_us) for i, m in enumerate(rows)])
