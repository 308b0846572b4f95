"""Anonymous memory of this process over time (Linux)."""

from __future__ import annotations

import time
from pathlib import Path

from bench.looking import Looking

EVERY = 0.05
STATUS = Path("/proc/self/status")


class Resident(Looking):
    """Looks at RssAnon every 50 ms while the block runs; `megabytes` are (second, MB)."""

    def __init__(self, every: float = EVERY) -> None:
        super().__init__(self._note, every)
        self.megabytes: list[tuple[float, float]] = []
        self._started = time.perf_counter()

    @property
    def peak(self) -> float:
        """Most megabytes seen; 0 where the system does not say."""
        return max((size for _, size in self.megabytes), default=0.0)

    @property
    def growth(self) -> float:
        """Peak of the last fifth over that of the second fifth: 1 where memory stays flat."""
        fifth = len(self.megabytes) // 5
        if not fifth:
            return 1.0
        early, late = (max(s for _, s in part) for part in (self.megabytes[fifth : 2 * fifth], self.megabytes[-fifth:]))
        return late / early if early else 1.0

    def _note(self) -> None:
        if (size := anonymous()) is not None:
            self.megabytes.append((time.perf_counter() - self._started, size))


def anonymous() -> float | None:
    """Anonymous memory in MB now."""
    if not STATUS.exists():
        return None
    for line in STATUS.read_text(encoding="utf-8").splitlines():
        if line.startswith("RssAnon"):
            return float(line.split()[1]) / 1000
    return None
