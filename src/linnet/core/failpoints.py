"""Named places where a test may kill the process: compiled in, off unless armed.

Numbers follow the fault plan: 01 after poll, 02 in the middle of decoding, 03 before the segment's fsync, 04 before a
rename, 05 before the folder's fsync, 06 before the store's commit, 07 after it and before delivery, 08 after some of
several sends, 09 when all are sent and before the cursor says so, 10 before the group offset is told to Kafka and 11
after it left, 14 before a schema is kept, 15 while a dead letter is written, 16 while a partition is given up, 17
during recovery at start-up, 20 at shutdown, 21 between
the file of a watchlist or area and the row about it.
"""

from __future__ import annotations

import os
import signal

FAILPOINTS = ("01", "02", "03", "04", "05", "06", "07", "08", "09", "15", "17", "20")
"""Passed by every run."""

OF_SERVICES = ("10", "11", "14", "16")
"""Passed only where Kafka or a schema registry takes part."""

OF_LISTS = ("21",)
"""Passed where a watchlist or an area is added."""

_armed: dict[str, int] = {}


def arm(name: str, hits: int = 1) -> None:
    """Kill the process with SIGKILL at the `hits`-th passage of this failpoint.

    Raises:
        ValueError: no failpoint has this name.
    """
    known = sorted((*FAILPOINTS, *OF_SERVICES, *OF_LISTS))
    if name not in known:
        raise ValueError(f"no failpoint {name!r}; there are {', '.join(known)}")
    _armed[name] = hits


def disarm() -> None:
    """Switch every failpoint off."""
    _armed.clear()


def passing(name: str) -> None:
    """Mark a place in the code. Costs one look-up in an empty dict unless armed."""
    if not _armed or name not in _armed:
        return
    _armed[name] -= 1
    if _armed[name] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
