"""Dead letters of a home, offered again or written out: the work behind `linnet dead retry` and `... export`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from linnet.adapters.recording import write_recording
from linnet.app.config import Settings
from linnet.app.home import Home
from linnet.app.ingest import totals
from linnet.app.kafka import registry
from linnet.app.progress import counting
from linnet.app.wiring import reader, writer
from linnet.core.envelope import ENVELOPE
from linnet.engines.local import LocalEngine
from linnet.operations.retry import DeadLetters, Reading, release_read, whole_letters


@dataclass(frozen=True)
class Retried:
    """What became of dead letters that were offered again.

    Attributes:
        offered: alerts and messages offered = archived + duplicates + dead (letters of other reasons).
        released: dead letters that are none any more. left: those of the reason that still cannot be read.
    """

    offered: int
    archived: int
    duplicates: int
    dead: int
    released: int
    left: int

    def as_dict(self) -> dict[str, int]:
        """The same as plain values."""
        return asdict(self)


def retry(home: Home, settings: Settings, reason: str, accept: tuple[int, ...] = ()) -> Retried:
    """Offer the dead letters of a reason again, as far as they can be read now.

    Args:
        home: the home.
        settings: its settings; they name the registry.
        reason: one of `linnet.operations.retry.OFFERED`.
        accept: ids of schemas that are taken from the registry from now on, whatever their major version.

    Raises:
        InputError: dead letters of this reason cannot be offered again.
        NotFoundError: nobody has a schema that is to be accepted.
        HomeLockedError: another process writes to the home.
    """
    schemas = registry(home, settings).open()
    try:
        for schema_id in accept:
            schemas.accept(schema_id)
    finally:
        schemas.close()
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
        became = {name: after[name] - before[name] for name in ("archived", "duplicates", "dead")}
        left = parts.store.dead_counts().get(reason, 0)
        return Retried(offered=after["received"] - before["received"], released=released, left=left, **became)


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
