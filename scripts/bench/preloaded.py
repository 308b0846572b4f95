"""Stores that hold many alerts already, made once and kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import numpy as np

from bench.cache import kept
from bench.units import Ints, Model, Sky, model
from linnet.adapters.sqlite_file import open_writer, transaction
from linnet.adapters.sqlite_store_commit import write_unit
from linnet.adapters.sqlite_store_layout import STORE, add_columns
from linnet.app import wiring
from linnet.core.answers import stored_columns

MADE = 1
"""Raised when what is made here, or by `units`, changes: ten million alerts take minutes and stay for years."""

STEP = 10_000
"""Alerts of a unit. Neighbours on the sky come together, so that a million alerts take a minute."""


def preloaded(kind: str, alerts: int, objects: int | None = None) -> Path:
    """A store with so many alerts of a kind of load, about so many objects anywhere on the sky (one each by default).

    It is kept under the number of the store's format and `MADE`: it is made anew where one of them changes, not with
    every change of code.
    """
    stored = "lsst" if kind == "lsst-long" else kind
    columns = stored_columns(wiring.stored_columns(wiring.plan()))
    digest = sha256(repr([STORE.format, MADE, columns.names, columns.types]).encode())
    stem = f"filled-{stored}-{alerts}-{objects or alerts}"
    return kept(stem, digest.hexdigest(), "db", lambda path: fill(path, model(stored), alerts, Sky(objects or alerts)))


def fill(path: Path, made: Model, alerts: int, over: Sky) -> None:
    """Write a store by the statements of commits, but without a log, unsynced, and nothing waiting for the archive."""
    columns = stored_columns(wiring.stored_columns(wiring.plan()))
    with closing(open_writer(path, STORE)) as connection:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -500000"):
            connection.execute(f"PRAGMA {pragma}")
        add_columns(connection, columns)
        for number, (objects, turn) in enumerate(passes(alerts, len(over)), 1):
            unit = made.about(over, objects, turn, number, history=turn == 0)
            with transaction(connection):
                write_unit(connection, unit, columns)
            connection.execute("DELETE FROM pending")
        connection.execute("PRAGMA journal_mode = WAL")


def passes(alerts: int, objects: int) -> Iterator[tuple[Ints, int]]:
    """All objects in the order of the sky, once in each turn, until there are so many alerts."""
    for turn in range(-(-alerts // objects)):
        for start in range(0, min(objects, alerts - turn * objects), STEP):
            yield np.arange(start, min(start + STEP, objects, alerts - turn * objects)), turn
