"""A load without end: another process makes packets as they are taken, and nothing of them lies on disk.

`python -m bench.endless KIND RATE SECONDS` writes them to its standard output as an Arrow stream.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow as pa

from linnet.app.load import load_of
from linnet.core.envelope import ENVELOPE, Position
from linnet.core.replay import Replay
from linnet.simulation.load_schedule import Schedule

PER_VISIT = 250
PIECES = 4
"""Batches of a second."""


@dataclass(frozen=True)
class Endless:
    """A source of packets made elsewhere, at an even rate; one that is not taken in time waits, and with it the rest.

    Attributes:
        kind: of load. rate: alerts per second. seconds: how long.
    """

    kind: str
    rate: int
    seconds: float

    def open(self, positions: Sequence[Position] = ()) -> Replay:
        """Start the other process."""
        command = [sys.executable, "-m", "bench.endless", self.kind, str(self.rate), str(self.seconds)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent)
        stream = process.stdout
        assert stream is not None  # noqa: S101  # asked for

        def close() -> None:
            process.kill()
            process.wait()
            stream.close()

        return Replay(_batches(stream), positions, close)


def send(kind: str, rate: int, seconds: float, out: IO[bytes]) -> int:
    """Write the packets, none before its time; gives their number."""
    alerts = max(1, int(rate * seconds))
    given = Schedule(alerts, max(1, alerts // 2), nights=2, per_visit=PER_VISIT, seed=11)
    started, sent = time.perf_counter(), 0
    with pa.ipc.new_stream(out, ENVELOPE) as writer:
        for batch in load_of(kind, given).batches(rows=max(1, rate // PIECES)):
            time.sleep(max(0.0, started + sent / rate - time.perf_counter()))
            writer.write_batch(batch)
            sent += batch.num_rows
    return sent


def _batches(stream: IO[bytes]) -> Iterator[pa.RecordBatch]:
    with pa.ipc.open_stream(stream) as reader:
        yield from reader


if __name__ == "__main__":
    send(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.stdout.buffer)
