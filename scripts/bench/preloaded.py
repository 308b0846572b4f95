"""Stores that hold many objects already, made once and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.cache import cached
from bench.units import Model, model
from linnet.adapters.sqlite_store import SqliteStore
from linnet.app import wiring

FLUSH_EVERY = 10


def preloaded(kind: str, objects: int) -> Path:
    """A store with so many objects of a kind of load, seen once each, anywhere on the sky."""
    stored = "lsst" if kind == "lsst-long" else kind
    columns = sorted(wiring.stored_columns(wiring.plan()))
    return cached(f"store-{stored}-{objects}.db", columns, lambda path: _fill(path, model(stored), objects))


def _fill(path: Path, made: Model, objects: int) -> None:
    store = SqliteStore.open(path, wiring.stored_columns(wiring.plan()))
    for number, start in enumerate(range(0, objects, made.rows), 1):
        store.commit(made.about(np.arange(start, min(start + made.rows, objects)), number))
        if number % FLUSH_EVERY == 0:
            store.flushed(number, [])
    store.flushed(store.last_unit(), [])
    store.close()
