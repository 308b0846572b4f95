"""Whole runs as whole, bursts and growth want them: a recording, a home, a process of its own, and the yardstick."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bench.filtering import control
from bench.rounds import in_turn
from bench.sample_packets import Reader, load_batch
from bench.scale import Scale
from bench.whole_run import Job
from linnet.adapters.recording import write_recording
from linnet.app.load import load_of
from linnet.simulation.load_schedule import Schedule

WARM = 128
SCRIPTS = Path(__file__).parent.parent
"""Where `-m bench...` finds itself."""
YARDSTICK = "fastavro, packets as sent"


@dataclass(frozen=True)
class Trial:
    """One run.

    Attributes:
        kind: of load.
        given: how many alerts of what.
        store: a store to begin with; None: an empty one.
        seconds: over which the packets arrive; None: as fast as they are taken.
        renamed: objects are renamed to those that a preloaded store of ZTF alerts knows.
    """

    kind: str
    given: Schedule
    store: Path | None = None
    seconds: float | None = None
    renamed: bool = False


@dataclass(frozen=True)
class Taken:
    """What one run gave, and what fastavro needs for one of its packets (CPU microseconds).

    Attributes:
        kind: of load. result: as `whole_run` prints it. packet: mean bytes of a packet.
    """

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

    @property
    def store_us(self) -> float:
        """CPU microseconds per alert in the store's calls."""
        return float(self.result["store_cpu"]) * 1e6 / self.alerts

    @property
    def share(self) -> float:
        """Its CPU over fastavro's."""
        return self.cpu_us / self.fastavro_us


def run(trial: Trial, scale: Scale) -> Taken:
    """Run it with all filters.

    Raises:
        RuntimeError: it failed, or an alert is missing afterwards.
    """
    with _files(trial, scale) as job:
        command = [sys.executable, "-m", "bench.whole_run", job.as_json()]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=SCRIPTS)
        if done.returncode:
            sys.stderr.write(done.stderr[-3000:])
            last = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
            raise RuntimeError(f"the run of {trial.kind} failed: {last}")
        result = json.loads(done.stdout.splitlines()[-1])
        if result["problem"]:
            raise RuntimeError(f"the run of {trial.kind} does not add up: {result['problem']}")
        packet = Path(job.recording).stat().st_size / result["alerts"]
    reader = Reader(load_batch(trial.kind, scale.yardstick_packets), scale.yardstick_packets)
    base = in_turn({"fastavro": (reader.whole, len(reader))}, scale.rounds)["fastavro"].least
    return Taken(trial.kind, result, packet, base)


@contextmanager
def _files(trial: Trial, scale: Scale) -> Iterator[Job]:
    """The recordings and filters of a run; removed afterwards, since they are large."""
    active = str(control(trial.kind, scale.filters))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        recording, warm = place / "recording.arrow", place / "warm.arrow"
        write_recording(recording, _messages(trial))
        write_recording(warm, load_of(trial.kind, Schedule(WARM, WARM, seed=3)).batches())
        store = "" if trial.store is None else str(trial.store)
        yield Job(str(recording), str(warm), str(place / "home"), active, store, trial.seconds)


def _messages(trial: Trial) -> Iterator[pa.RecordBatch]:
    for batch in load_of(trial.kind, trial.given).batches():
        if not trial.renamed:
            yield batch
            continue
        at = batch.schema.get_field_index("value")
        # The load names its objects ZTF26..., a preloaded store ZTF25..., both by number.
        values = pc.replace_substring(batch.column(at), b"ZTF26", b"ZTF25", max_replacements=1)
        yield batch.set_column(at, batch.schema.field(at), values)
