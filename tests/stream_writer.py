"""A process that commits matches to a home while others read it: `stream_writer.py HOME FILTER COUNT PER_COMMIT PAUSE`.

The mjd of each alert is the wall clock (days since 1970 + 60000) at its commit, so that a reader sees how late it is.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from alert_batches import alert
from linnet.adapters.sqlite_store import SqliteStore
from linnet.app.home import existing
from linnet.app.wiring import plan, stored_columns
from web_broker import unit

NIGHT = 29990101
"""After all that the home holds."""

DAY, EPOCH = 86400.0, 60000.0


def write(home: Path, name: str, count: int, per_commit: int, pause: float) -> None:
    """Commit `count` alerts that a filter matched."""
    columns = stored_columns(plan())
    store = SqliteStore.open(existing(home).store, columns)
    start = max((ids[-1].as_py() for ids in store.alert_ids().values()), default=0) + 1
    for first in range(start, start + count, per_commit):
        ids = range(first, min(first + per_commit, start + count))
        now = EPOCH + time.time() / DAY
        alerts = [alert(i, object_id=f"o{i % 1000}", ra=i % 360.0, dec=1.0, mjd=now, is_public=True) for i in ids]
        store.commit(unit(store.last_unit() + 1, "ztf", NIGHT, [(i, name) for i in ids], *alerts))
        time.sleep(pause)
    store.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
