"""Dead letters of a home, offered again or written out: the work behind `linnet dead retry` and `... export`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from linnet.adapters.recording import write_recording
from linnet.app.config import Settings
from linnet.app.home import Home
from linnet.app.ingest import totals
from linnet.app.kafka import registry
from linnet.app.progress import counting
from linnet.app.retry_requests import ask
from linnet.app.wiring import reader, writer
from linnet.core.envelope import ENVELOPE
from linnet.engines.local import LocalEngine
from linnet.errors import HomeLockedError
from linnet.operations.retry import DeadLetters, Reading, release_read, require_offered, whole_letters

BECAME = ("archived", "duplicates", "dead")

PATIENCE = 60.0
"""Seconds for a running broker to take a request up and do it."""


@dataclass(frozen=True)
class Retried:
    """What became of dead letters that were offered again.

    Attributes:
        offered: alerts and messages offered = archived + duplicates + dead (letters of other reasons).
        released: dead letters that are none any more. left: those of the reason that still cannot be read.
        became: `archived`, `duplicates`, `dead`; None where a running broker offered them among others.
    """

    offered: int
    released: int
    left: int
    became: Mapping[str, int] | None = None

    def as_dict(self) -> dict[str, int | None]:
        """The same as plain values; null for what is not known."""
        unknown = dict.fromkeys(BECAME)
        return {"offered": self.offered, **(self.became or unknown), "released": self.released, "left": self.left}

    def sentences(self) -> tuple[str, str]:
        """The same in two lines."""
        first = f"{self.offered} offered again by the broker that runs here"
        if self.became is not None:
            archived, duplicates, dead = (self.became[name] for name in BECAME)
            became = f"{archived} archived + {duplicates} duplicates + {dead} other dead letters"
            first = f"{self.offered} offered again = {became}"
        return first, f"{self.released} dead letters released, {self.left} left"


def retry(
    home: Home, settings: Settings, reason: str, accept: tuple[int, ...] = (), patience: float = PATIENCE
) -> Retried:
    """Offer the dead letters of a reason again, as far as they can be read now.

    Where a broker runs on the home, it is asked to do so between its batches.

    Args:
        home: the home.
        settings: its settings; they name the registry.
        reason: one of `linnet.operations.retry.OFFERED`.
        accept: ids of schemas that are taken from the registry from now on, whatever their major version.
        patience: seconds to wait for a broker that runs.

    Raises:
        InputError: dead letters of this reason cannot be offered again.
        NotFoundError: nobody has a schema that is to be accepted.
        HomeLockedError: another process writes to the home, and did not do it in time.
    """
    require_offered(reason)
    schemas = registry(home, settings).open()
    try:
        for schema_id in accept:
            schemas.accept(schema_id)
    finally:
        schemas.close()
    try:
        return _offered(home, settings, reason)
    except HomeLockedError as busy:
        answer = ask(home, reason, busy, patience)
    if answer is None:
        return _offered(home, settings, reason)
    return Retried(answer["offered"], answer["released"], answer["left"])


def _offered(home: Home, settings: Settings, reason: str) -> Retried:
    """Offered by an engine of our own."""
    with writer(home, settings) as (parts, corridor):
        reading = Reading({s.name: s for s in parts.surveys}, parts.schemas)
        letters = DeadLetters(parts.store, reading, reason)
        with counting("retry") as advance:
            engine = LocalEngine(corridor, batch=settings.batch, progress=advance)
            engine.recover()
            before = totals(parts.store)
            engine.run([letters], resume=False)
            # Dead letters are archived before any of them is released: the archive knows all that ever were.
            engine.finish()
        after = totals(parts.store)
        released = release_read(parts.store, reading, reason, corridor.run_of(corridor.filters()))
        LocalEngine(corridor).finish()
        became = {name: after[name] - before[name] for name in BECAME}
        left = parts.store.dead_counts().get(reason, 0)
        return Retried(offered=after["received"] - before["received"], released=released, left=left, became=became)


def export(home: Home, settings: Settings, reason: str | None, path: Path) -> int:
    """Write dead letters that are whole messages as a recording; gives their number.

    Raises:
        StorageError: the disk is full or the folder cannot be written.
    """
    with reader(home, settings) as parts:

        def batches() -> Iterator[pa.RecordBatch]:
            for letters in whole_letters(parts.store, reason):
                yield from letters.select(ENVELOPE.names).cast(ENVELOPE).combine_chunks().to_batches()

        return write_recording(path, batches())
