"""One recording through a whole broker, in a process of its own: `python -m bench.whole_run JOB`.

Prints what it took as one line of JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyarrow as pa

from bench.metered import Metered
from bench.paced import Clocked, Paced
from bench.resident import Resident
from bench.sample_packets import opened
from linnet.adapters.recording import Recording
from linnet.app import wiring
from linnet.app.config import Settings
from linnet.app.home import Home, create
from linnet.app.wiring import Parts
from linnet.core.avro_blocks import stored_blocks
from linnet.core.avro_schema import SchemaCache
from linnet.core.ports import Progress
from linnet.engines.arrivals import open_batch
from linnet.engines.local import LocalEngine
from linnet.operations.audit import audit

PRAGMAS = ("page_count", "freelist_count", "page_size")

PACKED = 400
"""Alerts whose datums are compressed once more, alone, for what that takes."""


@dataclass(frozen=True)
class Job:
    """What to run.

    Attributes:
        recording: the packets. warm: others of the same kind, taken before into another home.
        home: a folder that does not exist yet.
        control: a control database to begin with.
        store: a store to begin with, or nothing.
        seconds: over which the packets arrive; None: as fast as they are taken.
    """

    recording: str
    warm: str
    home: str
    control: str
    store: str = ""
    seconds: float | None = None

    def as_json(self) -> str:
        """For the command line."""
        return json.dumps(asdict(self))


def run(job: Job) -> dict[str, object]:
    """Do it."""
    _through(Job(job.warm, "", f"{job.home}-warm", job.control))
    shutil.rmtree(f"{job.home}-warm")
    return _through(job)


def _through(job: Job) -> dict[str, object]:
    place = create(Path(job.home))
    shutil.copyfile(job.control, place.control)
    if job.store:
        shutil.copyfile(job.store, place.store)
    had = _pages(place)
    packets = _packets(Path(job.recording))
    survey, ids = _ids(packets)
    recording = Recording(Path(job.recording))
    source = recording if job.seconds is None else Paced(recording, len(ids), job.seconds)
    committed: list[tuple[float, int]] = []
    with wiring.writer(place, Settings()) as (parts, corridor):
        corridor.filters()
        before = parts.store.last_tag()
        for route, _ in corridor.routes:
            parts.control.set_cursor(route.name, Progress(before, since=before))
        store = Metered(parts.store)
        clocked = [(route, Clocked(sink)) for route, sink in corridor.routes]
        engine = LocalEngine(
            replace(corridor, store=store, routes=tuple(clocked)),
            progress=lambda n: committed.append((time.perf_counter(), n)),
        )
        engine.recover()
        os.sync()  # gigabytes of recording and store that wait to be written would hold up the first commits
        with Resident() as resident:
            started, cpu = time.perf_counter(), time.process_time()
            engine.run([source])
            engine.finish()
            seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        problem = _problem(parts, survey, ids, fresh=not job.store)
        tags = parts.store.last_tag() - before
    late = _latencies(source, committed, [sink for _, sink in clocked], ids) if isinstance(source, Paced) else []
    return {
        "alerts": len(ids),
        "seconds": seconds,
        "cpu": cpu,
        "store_cpu": store.seconds,
        "codec_us": _codec_us(packets, survey) if job.warm else 0.0,
        "peak_mb": resident.peak,
        "growth": resident.growth,
        "tags": tags,
        "problem": problem,
        "bytes": {"raw": _size(place, "archive/raw"), "science": _size(place, "archive/science")}
        | {"store": _pages(place) - had},
        "latencies": late,
    }


def _packets(path: Path) -> list[pa.RecordBatch]:
    """The messages, mapped and not read."""
    reader = pa.ipc.open_file(pa.memory_map(str(path)))
    return [reader.get_batch(number) for number in range(reader.num_record_batches)]


def _ids(packets: Sequence[pa.RecordBatch]) -> tuple[str, list[int]]:
    """Survey, and the id of every alert in the order of the recording."""
    surveys = wiring.surveys()
    schemas, wanted = SchemaCache(surveys), {s.name: s.fields() for s in surveys}
    ids: list[int] = []
    for batch in packets:
        (arrivals,) = open_batch(batch, surveys, schemas, wanted).arrivals
        ids += arrivals.alerts.column("alert_id").to_pylist()
    return arrivals.survey.name, ids


def _problem(parts: Parts, survey: str, ids: Sequence[int], *, fresh: bool) -> str:
    """What is wrong with the home, in one sentence; nothing where every alert is where it should be."""
    there = parts.store.hashes(survey, pa.array(ids, pa.int64()))
    if there.null_count:
        return f"{there.null_count} of {len(ids)} alerts are not in the store"
    found = audit(parts.store, parts.control, parts.raw).problems if fresh else []
    return found[0] if found else ""


def _latencies(
    source: Paced, committed: Sequence[tuple[float, int]], sinks: Sequence[Clocked], ids: Sequence[int]
) -> list[float]:
    """Seconds from arrival to the last delivery of every alert; of those that nothing matched, to their commit."""
    times = [when for when, rows in committed for _ in range(rows)]
    late: list[float] = []
    for number, (alert_id, when) in enumerate(zip(ids, times, strict=True)):
        delivered = max((sink.when.get(alert_id, when) for sink in sinks), default=when)
        late.append(delivered - source.arrival(number))
    return late


def _codec_us(packets: Sequence[pa.RecordBatch], survey: str) -> float:
    """CPU microseconds per alert of compressing datums as the raw archive does, and nothing else."""
    codec = next(s.raw_codec for s in wiring.surveys() if s.name == survey)
    datums = [datum for _, datum in opened(packets[0].slice(0, PACKED))]
    started = time.process_time()
    for _ in stored_blocks(datums, codec):
        pass
    return (time.process_time() - started) * 1e6 / len(datums)


def _size(place: Home, name: str) -> int:
    return sum(p.stat().st_size for p in (place.path / name).rglob("*") if p.is_file())


def _pages(place: Home) -> int:
    """Bytes of the store's pages that hold something: a file that was large before fills its free ones first."""
    if not place.store.exists():
        return 0
    with closing(sqlite3.connect(place.store)) as connection:
        pages, free, size = (connection.execute(f"pragma {n}").fetchone()[0] for n in PRAGMAS)
    return int((pages - free) * size)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(Job(**json.loads(sys.argv[1])))) + "\n")
