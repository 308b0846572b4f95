"""Several live sources as one, asked in turn."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import pyarrow as pa

from linnet.core.envelope import Gap, Position, envelopes
from linnet.core.ports import LiveSource, OpenSource, Source


@dataclass(frozen=True)
class Together:
    """Sources that are read side by side.

    Attributes:
        sources: no two of them read the same topic and partition.
    """

    sources: tuple[Source, ...]

    def open(self, positions: Sequence[Position] = ()) -> OpenTogether:
        """Open all of them, or none."""
        with ExitStack() as opened:
            readers = []
            for source in self.sources:
                readers.append(source.open(positions))
                opened.callback(readers[-1].close)
            opened.pop_all()
            return OpenTogether(readers)


class OpenTogether:
    """Open sources; what one of them hands over goes before what the next one is asked for."""

    def __init__(self, readers: Sequence[OpenSource]) -> None:
        self._readers = list(readers)
        self._left = list(readers)
        self._passed: dict[int, int] = {}
        self._gaps: list[Gap] = []
        self._paused = False

    def next_batch(self, limit: int) -> pa.RecordBatch | None:
        """Messages of the first source that has some, the last one asked coming last the next time.

        Empty when none has; None once all are at their end.
        """
        for _ in range(len(self._left)):
            reader = self._left.pop(0)
            if self._paused and not isinstance(reader, LiveSource):
                self._left.append(reader)
                continue
            batch = reader.next_batch(limit)
            if batch is None:
                continue
            self._left.append(reader)
            if batch.num_rows:
                return batch
        return envelopes([]) if self._left else None

    def position(self) -> tuple[Position, ...]:
        """Where to go on, for all of them."""
        return tuple(sorted(place for reader in self._readers for place in reader.position()))

    def committed(self, positions: Sequence[Position]) -> None:
        """Tell those who want to hear; each picks its own."""
        for reader in self._live():
            reader.committed(positions)

    def pause(self) -> None:
        """Pause those that can; the others are not asked meanwhile."""
        self._paused = True
        for reader in self._live():
            reader.pause()

    def resume(self) -> None:
        """Go on where it was paused."""
        self._paused = False
        for reader in self._live():
            reader.resume()

    def gaps(self) -> tuple[Gap, ...]:
        """What all of them passed over, in the order in which it was noticed here."""
        for number, reader in enumerate(self._live()):
            found = reader.gaps()
            self._gaps += found[self._passed.get(number, 0) :]
            self._passed[number] = len(found)
        return tuple(self._gaps)

    def lag(self) -> dict[tuple[str, int], int]:
        """Of all of them."""
        return {place: n for reader in self._live() for place, n in reader.lag().items()}

    def trouble(self) -> str | None:
        """Of all of them, one after the other."""
        found = [told for reader in self._live() if (told := reader.trouble())]
        return "; ".join(found) or None

    def close(self) -> None:
        """Close all of them."""
        for reader in self._readers:
            reader.close()

    def _live(self) -> list[LiveSource]:
        return [reader for reader in self._readers if isinstance(reader, LiveSource)]
