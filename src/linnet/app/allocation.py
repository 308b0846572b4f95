"""How the C library of Linux gives memory back: seldom, where the same will be wanted for the next batch."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""Numbers of `mallopt(3)` in glibc's malloc.h."""

_LARGEST_MMAP_THRESHOLD = 32 * 2**20
"""The most that glibc takes on 64 bits."""

_KEPT = 256 * 2**20
"""Bytes at the end of the heap that are kept for what comes next."""


def keep_freed_memory() -> bool:
    """Let this process use its freed memory again before it asks for more; gives whether the C library took it.

    A batch takes and frees some hundred megabytes in a few dozen arrays. By default glibc maps each large one anew and
    gives it back at once, and has a heap for every few threads: then every batch pays for clearing its pages, a tenth
    of all CPU, and the process is larger. Later calls change nothing. Other C libraries do not know these settings.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    wanted = ((_M_ARENA_MAX, 1), (_M_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD), (_M_TRIM_THRESHOLD, _KEPT))
    taken = [mallopt(name, value) == 1 for name, value in wanted]
    return all(taken)
