"""One corridor on disk that takes mutant traffic in a process of its own, and tells what it needed."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from corridors import on_disk
from linnet.engines.local import LocalEngine
from mutant_traffic import Traffic, TrafficSource

SETTLED = 3
"""Batches after which the peak of the memory must be reached."""


@dataclass(frozen=True)
class Need:
    """Seconds for some messages, by the clock and of the processor; peaks of resident memory (MB).

    The peaks are those before the run, after `SETTLED` batches and at the end.
    """

    messages: int
    seconds: float
    cpu: float
    before_mb: float
    settled_mb: float
    peak_mb: float


def run_apart(traffic: Traffic, folder: Path, *, intact: bool = False) -> Need:
    """Run traffic (or its intact packets alone) into a new corridor in a folder, in a new process."""
    given = [folder, traffic.data, traffic.messages, traffic.share, traffic.seed, int(intact)]
    told = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", __file__, *map(str, given)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60 + 0.05 * traffic.messages,
    )
    assert told.returncode == 0, told.stderr
    assert told.stderr == ""
    return Need(**json.loads(told.stdout))


def _run(folder: Path, traffic: Traffic, *, intact: bool) -> Need:
    sizes: list[int] = []
    peaks: list[float] = []

    def done(messages: int) -> None:
        sizes.append(messages)
        peaks.append(_peak_mb())

    with on_disk(folder) as bench:
        before, begun, spent = _peak_mb(), time.monotonic(), time.process_time()
        engine = LocalEngine(bench.corridor, progress=done)
        engine.run([TrafficSource(traffic.intact() if intact else iter(traffic))])
        engine.finish()
        seconds, cpu = time.monotonic() - begun, time.process_time() - spent
        return Need(sum(sizes), seconds, cpu, before, peaks[:SETTLED][-1], _peak_mb())


def _peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        # ru_maxrss of Linux remembers the process that started this one: here the whole test run.
        return int(next(line for line in status.read_text().splitlines() if "VmHWM" in line).split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024


if __name__ == "__main__":
    place, data, messages, share, seed, alone = sys.argv[1:]
    need = _run(Path(place), Traffic(Path(data), int(messages), float(share), int(seed)), intact=bool(int(alone)))
    sys.stdout.write(json.dumps(asdict(need)))
