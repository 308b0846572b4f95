"""Files and folders in, accounted for: the work behind `linnet ingest` and `linnet demo`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from linnet.adapters.avro_files import AvroFiles, in_night_order
from linnet.adapters.recording import Recording
from linnet.app.config import Settings
from linnet.app.home import Home
from linnet.app.progress import counting
from linnet.app.wiring import Parts, writer
from linnet.core.ports import Source
from linnet.engines.arrivals import open_batch, unusable
from linnet.engines.local import LocalEngine
from linnet.operations.audit import Audit, audit

RECORDING_SUFFIX = ".arrow"


def ingest(home: Home, settings: Settings, paths: tuple[Path, ...], *, as_found: bool = False) -> Audit:
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
    recordings = tuple(p for p in paths if p.suffix == RECORDING_SUFFIX)
    files = tuple(p for p in paths if p.suffix != RECORDING_SUFFIX)
    with writer(home, settings) as (parts, corridor):
        inputs: list[Source] = [Recording(p) for p in recordings]
        if files:
            inputs.append(_files(parts, files, as_found=as_found))
        with counting("ingest") as advance:
            engine = LocalEngine(corridor, batch=settings.batch, progress=advance)
            engine.recover()
            engine.run(inputs, resume=False)
            engine.finish()
        return audit(parts.store, parts.control, parts.raw)


def _files(parts: Parts, paths: tuple[Path, ...], *, as_found: bool) -> Source:
    found = AvroFiles(paths)
    if as_found:
        return found
    with counting("dates") as advance:
        return in_night_order(found, _first_nights(parts, advance))


def _first_nights(parts: Parts, advance: Callable[[int], None]) -> Callable[[pa.RecordBatch], list[int | None]]:
    wanted = {s.name: s.fields() for s in parts.surveys}

    def nights(batch: pa.RecordBatch) -> list[int | None]:
        """First night of the usable alerts of each message, None where there are none."""
        advance(batch.num_rows)
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
