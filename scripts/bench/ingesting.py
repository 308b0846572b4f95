"""A unit of a thousand alerts every second into a store: `python -m bench.ingesting STORE OBJECTS`.

Says that it is ready by a line, and ends with its input.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from bench.storing import KIND, Arrivals, join_and_commit
from bench.units import Sky, model
from linnet.adapters.sqlite_store import SqliteStore
from linnet.app import wiring

_FIRST_TURN = 10_000
"""More than the measurements before this one used."""


def main(path: Path, objects: int) -> None:
    """Commit until standard input ends."""
    arrivals = Arrivals(model(KIND), Sky(objects), np.random.default_rng(3), _FIRST_TURN)
    ended = threading.Event()
    threading.Thread(target=_wait, args=(ended,), daemon=True).start()
    with closing(SqliteStore.open(path, wiring.stored_columns(wiring.plan()))) as store:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while not ended.is_set():
            started = time.monotonic()
            for unit in arrivals.units("sky", store.last_unit() + 1, 1):
                join_and_commit(store, unit)
            ended.wait(max(0.0, 1.0 - (time.monotonic() - started)))


def _wait(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
