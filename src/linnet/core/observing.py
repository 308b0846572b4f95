"""Who watches a broker at work: the engine tells what it did, an observer counts, shows or forgets it.

Everything counted here was committed first, so the numbers are those of the audit. All methods are called from the
engine's threads, several at once, and must be quick; none may raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from linnet.core.envelope import Gap
from linnet.core.unit import Unit

Seconds = npt.NDArray[np.float64]

QUEUES = ("plan", "commit")
"""What may wait: opened batches for the plan, planned units for the commit."""


class Observer(Protocol):
    """Is told what an engine does."""

    def polled(self, rows: int, size: int) -> None:
        """So many messages of so many bytes were taken from a source."""

    def worked(self, stage: str, rows: int, seconds: float) -> None:
        """A stage (`open`, `plan`, `filter`, `commit`, `flush`) took so long for so many rows."""

    def committed(self, unit: Unit) -> None:
        """A unit is in the store."""

    def taken(self, ages: Seconds) -> None:
        """Messages that are committed, with the seconds since their own timestamps (since the poll, where none)."""

    def delivered(self, route: str, rows: int, seconds: float, ages: Seconds) -> None:
        """A sink took rows durably, in so many seconds; ages as in `taken`, of the alerts for which they are known."""

    def trouble(self, where: str, what: str | None) -> None:
        """What keeps a source (`source`) or a route (its name) from working, in one line; None once it does again."""

    def waiting(self, queue: str, items: int, size: float) -> None:
        """So many items of so many bytes wait in one of `QUEUES`."""

    def lag(self, messages: Mapping[tuple[str, int], int]) -> None:
        """Messages that wait in the source behind our position, by topic and partition."""

    def gap(self, gap: Gap) -> None:
        """Messages were passed over, because they are gone."""


class Unobserved:
    """The observer that forgets everything."""

    def polled(self, rows: int, size: int) -> None:
        """Forget it."""

    def worked(self, stage: str, rows: int, seconds: float) -> None:
        """Forget it."""

    def committed(self, unit: Unit) -> None:
        """Forget it."""

    def taken(self, ages: Seconds) -> None:
        """Forget it."""

    def delivered(self, route: str, rows: int, seconds: float, ages: Seconds) -> None:
        """Forget it."""

    def trouble(self, where: str, what: str | None) -> None:
        """Forget it."""

    def waiting(self, queue: str, items: int, size: float) -> None:
        """Forget it."""

    def lag(self, messages: Mapping[tuple[str, int], int]) -> None:
        """Forget it."""

    def gap(self, gap: Gap) -> None:
        """Forget it."""
