"""A broker under an even load for minutes, in a process of its own: `python -m bench.steady_run JOB`.

Prints its memory over time as one line of JSON.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.endless import Endless
from bench.resident import Resident
from linnet.app import wiring
from linnet.app.config import Settings
from linnet.app.home import create
from linnet.engines.local import LocalEngine

EVERY = 1.0


@dataclass(frozen=True)
class Steady:
    """What to run.

    Attributes:
        kind: of load. rate: alerts per second. seconds: how long.
        home: a folder that does not exist yet. control: a control database to begin with.
    """

    kind: str
    rate: int
    seconds: float
    home: str
    control: str

    def as_json(self) -> str:
        """For the command line."""
        return json.dumps(asdict(self))


def run(job: Steady) -> dict[str, object]:
    """Do it."""
    place = create(Path(job.home))
    shutil.copyfile(job.control, place.control)
    taken = 0

    def count(messages: int) -> None:
        nonlocal taken
        taken += messages

    with wiring.writer(place, Settings()) as (_, corridor):
        engine = LocalEngine(corridor, progress=count)
        engine.recover()
        started, cpu = time.perf_counter(), time.process_time()
        with Resident(EVERY) as resident:
            engine.run([Endless(job.kind, job.rate, job.seconds)])
            engine.finish()
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return {"alerts": taken, "seconds": seconds, "cpu": cpu, "megabytes": resident.megabytes}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(Steady(**json.loads(sys.argv[1])))) + "\n")
