"""Whole runs: recordings into new homes, each in a process of its own (P1, P2, P2b, P4, memory, bytes)."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.figures import Figure, percentile
from bench.filtering import control
from bench.preloaded import preloaded
from bench.rounds import in_turn
from bench.sample_packets import Reader, load_batch
from bench.scale import Scale
from bench.whole_run import Job
from linnet.app.load import record
from linnet.simulation.load_schedule import Schedule

CASES = {"ztf": ("P1", 3333), "lsst-long": ("P2", 1000), "lsst": ("P2b", 2500)}
CPU_SHARE = 0.45
"""Of what fastavro alone needs for the same packets."""

RAW_SHARE = 0.66
WARM = 128


@dataclass(frozen=True)
class Taken:
    """What one run gave, and what fastavro needs for one of its packets (CPU microseconds)."""

    kind: str
    result: dict[str, Any]
    packet: float
    fastavro_us: float

    @property
    def alerts(self) -> int:
        """How many."""
        return int(self.result["alerts"])

    @property
    def cpu_us(self) -> float:
        """CPU microseconds per alert."""
        return float(self.result["cpu"]) * 1e6 / self.alerts


def figures(scale: Scale) -> list[Figure]:
    """Rates, CPU, memory and bytes of whole runs; latencies of bursts."""
    found: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        for kind, alerts in scale.alerts.items():
            taken = run(kind, alerts, Path(folder), scale)
            found += _of_run(taken, scale)
        for name, alerts, seconds in (("P4", scale.burst, 3.0), ("P4_at_once", scale.at_once, 0.0)):
            if alerts:
                found += _of_burst(name, run("ztf", alerts, Path(folder), scale, seconds=seconds), seconds)
    return found


def run(kind: str, alerts: int, folder: Path, scale: Scale, *, seconds: float | None = None) -> Taken:
    """One recording of new alerts through a broker with all filters."""
    with _files(kind, alerts, folder, scale, seconds) as job:
        store = str(preloaded(kind, scale.preloaded)) if scale.preloaded else ""
        line = replace(job, store=store).as_json()
        command = [sys.executable, "-m", "bench.whole_run", line]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the run of {kind} failed:\n{done.stderr[-3000:]}")
        result = json.loads(done.stdout.splitlines()[-1])
        if not result["ok"]:
            raise RuntimeError(f"the run of {kind} does not add up: see `linnet audit` of such a home")
        packet = Path(job.recording).stat().st_size / alerts
    reader = Reader(load_batch(kind, scale.yardstick_packets), scale.yardstick_packets)
    base = in_turn({"fastavro": (reader.whole, len(reader))}, scale.rounds)["fastavro"].median
    return Taken(kind, result, packet, base)


@contextmanager
def _files(kind: str, alerts: int, folder: Path, scale: Scale, seconds: float | None) -> Iterator[Job]:
    """The recordings and filters of a run; removed afterwards, since they are large.

    Half of the alerts are of objects that a night before showed; those of a burst are all of one night.
    """
    with tempfile.TemporaryDirectory(dir=folder) as place:
        paths = {name: str(Path(place) / f"{name}.arrow") for name in ("recording", "warm")}
        objects, nights = (max(1, alerts // 2), 2) if seconds is None else (alerts, 1)
        record(kind, Schedule(alerts, objects, nights=nights, seed=2), Path(paths["recording"]), None)
        record(kind, Schedule(WARM, WARM, seed=3), Path(paths["warm"]), None)
        active = str(control(kind, scale.filters))
        yield Job(paths["recording"], paths["warm"], str(Path(place) / "home"), active, seconds=seconds)


def _of_run(taken: Taken, scale: Scale) -> list[Figure]:
    name, goal = CASES[taken.kind]
    result, kind, is_ztf = taken.result, taken.kind, taken.kind == "ztf"
    beside = (taken.cpu_us, "fastavro, packets as sent", taken.fastavro_us)
    note = f"{taken.alerts} alerts of {taken.packet / 1000:.0f} kB, {scale.preloaded} objects stored before"
    share, tags = taken.cpu_us / taken.fastavro_us, f"{result['tags'] / taken.alerts:.2f} tags an alert"
    flat = f"end over beginning {result['growth']:.2f}"
    rate = Figure(
        name, f"whole corridor, {kind}", taken.alerts / result["seconds"], "alerts/s", f">= {goal}", note=note
    )
    limit = f"<= {CPU_SHARE}" if is_ztf else None
    cpu = Figure(f"{name}_cpu", f"its CPU over fastavro's, {kind}", share, "x fastavro", limit, note=tags)
    memory = Figure(f"{name}_memory", f"anonymous memory, {kind}", result["peak_mb"], "MB", "<= 2000", note=flat)
    return [rate.beside(*beside), cpu.beside(*beside), memory, *_bytes(taken, name, scale)]


def _bytes(taken: Taken, name: str, scale: Scale) -> list[Figure]:
    """What lies on disk per alert; of the store where it was empty before."""
    parts = {"raw": "archive/raw", "science": "archive/science"} | ({} if scale.preloaded else {"store": "store.db"})
    size = {part: taken.result["bytes"][path] / taken.alerts for part, path in parts.items()}
    limit = f"<= {RAW_SHARE}" if taken.kind == "ztf" else None
    share = Figure(
        f"{name}_raw_share", f"raw archive over packets as sent, {taken.kind}", size["raw"] / taken.packet, "", limit
    )
    stated = [Figure(f"{name}_bytes_{n}", f"{n} on disk, {taken.kind}", s, "bytes/alert") for n, s in size.items()]
    return [share, *stated]


def _of_burst(name: str, taken: Taken, seconds: float) -> list[Figure]:
    late: list[float] = taken.result["latencies"]
    what = f"{taken.alerts} alerts in {seconds:g} s" if seconds else f"{taken.alerts} alerts at once"
    goals = {50: "<= 1.5", 98: "<= 4"} if seconds else {98: "<= 20"}
    return [
        Figure(
            f"{name}_p{percent}",
            f"{what}, arrival to delivered, p{percent}",
            percentile(late, percent),
            "s",
            goal,
            note=f"at most {max(late):.1f} s",
        )
        for percent, goal in goals.items()
    ]
