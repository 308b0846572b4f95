"""One recording through a whole broker, in a process of its own: `python -m bench.whole_run JOB`.

Prints what it took as one line of JSON.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyarrow as pa

from bench.paced import Clocked, Paced
from bench.resident import Resident
from linnet.adapters.recording import Recording
from linnet.app import wiring
from linnet.app.config import Settings
from linnet.app.home import create
from linnet.core.ports import Source
from linnet.engines.local import LocalEngine
from linnet.operations.audit import audit


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
    source, alerts = _source(job)
    committed: list[tuple[float, int]] = []
    with wiring.writer(place, Settings()) as (parts, corridor):
        corridor.filters()
        if job.store:
            for route, _ in corridor.routes:
                parts.control.set_cursor(route.name, parts.store.last_tag(), 0, 0)
        clocked = [(route, Clocked(sink)) for route, sink in corridor.routes]
        engine = LocalEngine(
            replace(corridor, routes=tuple(clocked)),
            progress=lambda n: committed.append((time.perf_counter(), n)),
        )
        engine.recover()
        before = parts.store.last_tag()
        with Resident() as resident:
            started, cpu = time.perf_counter(), time.process_time()
            engine.run([source])
            engine.finish()
            seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        found = audit(parts.store, parts.control, parts.raw) if not job.store else None
        tags = parts.store.last_tag() - before
    return {
        "alerts": alerts,
        "seconds": seconds,
        "cpu": cpu,
        "peak_mb": resident.peak,
        "growth": resident.growth,
        "tags": tags,
        "ok": found is None or found.ok,
        "bytes": {name: _size(place.path / name) for name in ("archive/raw", "archive/science", "store.db")},
        "latencies": _latencies(source, committed, clocked[0][1], job) if isinstance(source, Paced) else [],
    }


def _source(job: Job) -> tuple[Source, int]:
    recording = Recording(Path(job.recording))
    with pa.memory_map(job.recording) as file:
        reader = pa.ipc.open_file(file)
        alerts = sum(reader.get_batch(i).num_rows for i in range(reader.num_record_batches))
    return (recording if job.seconds is None else Paced(recording, alerts, job.seconds)), alerts


def _latencies(source: Paced, committed: list[tuple[float, int]], sink: Clocked, job: Job) -> list[float]:
    """Seconds from arrival to delivery of every alert; of those that nothing matched, to the commit of their batch."""
    times: list[float] = []
    for when, rows in committed:
        times += [when] * rows
    ids = _alert_ids(job, source.alerts)
    found = [sink.when.get(alert_id, when) for alert_id, when in zip(ids, times, strict=True)]
    return [when - source.arrival(number) for number, when in enumerate(found)]


def _alert_ids(job: Job, alerts: int) -> list[int]:
    """Ids of the alerts in the order of the recording: those of a load grow with time, beyond all stored before."""
    place = create(Path(job.home))
    with wiring.reader(place, Settings()) as parts:
        ids: list[int] = [i for each in parts.store.alert_ids().values() for i in each.to_pylist()]
    return sorted(ids)[-alerts:]


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file())


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(Job(**json.loads(sys.argv[1])))) + "\n")
