"""What a running engine does between the batches of its sources: offer messages anew, then release dead letters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from linnet.engines.ages import Sent


@dataclass(frozen=True)
class Release:
    """Dead letters that are none any more, on their way to the commit.

    Attributes:
        counts: `COUNT` rows that take them out of the account. numbers: ranges (first, last) of their numbers.
        rows: how many they are.
    """

    counts: pa.Table
    numbers: tuple[tuple[int, int], ...]
    rows: int
    weight: int = 0
    sent: Sent = field(default_factory=Sent)


class Errand(Protocol):
    """One such thing, described by whoever asks for it. All methods are called in the thread that decodes."""

    def next_batch(self, limit: int) -> pa.RecordBatch | None:
        """Up to `limit` envelopes to take as if a source had brought them; None at the end."""

    def releases(self) -> Iterator[Release]:
        """What is released. Called once all of those envelopes are committed."""

    def done(self) -> None:
        """All of that is committed as well."""
