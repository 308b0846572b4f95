"""Files and folders in, accounted for: the work behind `linnet ingest` and `linnet demo`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from linnet.adapters.avro_files import AvroFiles, FileList, in_night_order
from linnet.adapters.recording import Recording
from linnet.app.config import Settings
from linnet.app.home import Home
from linnet.app.progress import counting
from linnet.app.wiring import Parts, writer
from linnet.core.ports import Source, Store
from linnet.core.reasons import DUPLICATE
from linnet.engines.arrivals import open_batch, unusable
from linnet.engines.local import LocalEngine
from linnet.errors import InputError
from linnet.operations.audit import Audit, audit

RECORDING_SUFFIX = ".arrow"


@dataclass(frozen=True)
class Taken:
    """What one run took, and the account of the home after it.

    Attributes:
        received: alerts and unreadable messages offered in this run = archived + duplicates + dead.
        decoded: alerts among them.
    """

    received: int
    decoded: int
    archived: int
    duplicates: int
    dead: int
    home: Audit

    def as_dict(self) -> dict[str, object]:
        """The account of the home as plain values, and `run`: the numbers of this run."""
        names = ("received", "decoded", "archived", "duplicates", "dead")
        return {**self.home.as_dict(), "run": {name: getattr(self, name) for name in names}}


def require(paths: tuple[Path, ...]) -> None:
    """Refuse paths that lead nowhere, before anything is made.

    Raises:
        InputError: one of them does not exist.
    """
    for path in paths:
        if not path.exists():
            raise InputError(f"cannot read {path}: there is no such file or folder")


def ingest(home: Home, settings: Settings, paths: tuple[Path, ...], *, as_found: bool = False) -> Taken:
    """Take everything below these paths into a home, then audit it.

    Args:
        home: where to.
        settings: the settings of that home.
        paths: files, folders, tar archives of packets, and recordings (`*.arrow`).
        as_found: keep the order of the files; otherwise nights come in order, as a survey would have sent them.

    Raises:
        InputError: a path does not exist or holds nothing. Nothing is taken then.
        HomeLockedError: another process writes to the home.
        StorageError: the disk or database failed; what was acknowledged before stays.
    """
    with writer(home, settings) as (parts, corridor):
        inputs, total = _inputs(parts, paths, as_found=as_found)
        with counting("ingest", total) as advance:
            engine = LocalEngine(corridor, batch=settings.batch, progress=advance)
            engine.recover()
            before = totals(parts.store)
            engine.run(inputs, resume=False)
            engine.finish()
        after = totals(parts.store)
        run = {name: after[name] - before[name] for name in after}
        return Taken(**run, home=audit(parts.store, parts.control, parts.raw))


def _inputs(parts: Parts, paths: tuple[Path, ...], *, as_found: bool) -> tuple[list[Source], int | None]:
    """Sources that can be opened, and the number of their messages where it is known."""
    recordings = [Recording(p) for p in paths if p.suffix == RECORDING_SUFFIX]
    for recording in recordings:
        recording.open().close()
    files = tuple(p for p in paths if p.suffix != RECORDING_SUFFIX)
    if not files:
        return [*recordings], None
    listed = AvroFiles(files).listing() if as_found else _by_night(parts, AvroFiles(files))
    return [*recordings, listed], None if recordings else len(listed.entries)


def _by_night(parts: Parts, files: AvroFiles) -> FileList:
    with counting("reading dates") as count:
        return in_night_order(files, _first_nights(parts), count.reached)


def _first_nights(parts: Parts) -> Callable[[pa.RecordBatch], list[int | None]]:
    wanted = {s.name: s.fields() for s in parts.surveys}

    def nights(batch: pa.RecordBatch) -> list[int | None]:
        """First night of the usable alerts of each message, None where there are none."""
        first: list[int | None] = [None] * batch.num_rows
        opened = open_batch(batch, parts.surveys, parts.schemas, wanted)
        for arrivals in opened.arrivals:
            reason, _ = unusable(arrivals)
            night = pc.if_else(pc.is_null(reason), arrivals.alerts.column("night"), pa.scalar(None, pa.int32()))
            for row, value in zip(arrivals.envelope.to_pylist(), night.to_pylist(), strict=True):
                if value is not None:
                    first[row] = min(value, first[row] or value)
        return first

    return nights


def totals(store: Store) -> dict[str, int]:
    """What the home has received so far, and what became of it: received = archived + duplicates + dead."""
    grouped = store.counts().group_by(["stage", "outcome"], use_threads=False).aggregate([("n", "sum")]).to_pylist()
    by_stage = {(row["stage"], row["outcome"]): int(row["n_sum"]) for row in grouped}
    received, archived = by_stage.get(("decode", "in"), 0), by_stage.get(("archive", "out"), 0)
    duplicates = sum(n for (_, outcome), n in by_stage.items() if outcome == DUPLICATE)
    return {
        "received": received,
        "decoded": by_stage.get(("decode", "out"), 0),
        "archived": archived,
        "duplicates": duplicates,
        "dead": received - archived - duplicates,
    }
