"""Every kind of store, so that one test body runs against all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from linnet.adapters.memory_store import MemoryStore
from linnet.adapters.sqlite_store import SqliteStore
from linnet.core.column import Column
from linnet.core.ports import Store

KINDS: dict[str, Callable[[Path, Mapping[str, Column]], Store]] = {
    "memory": lambda _, columns: MemoryStore(columns),
    "sqlite": lambda folder, columns: SqliteStore.open(folder / "store.db", columns),
}
