"""Whether memory stays flat under an even load of ZTF alerts for twenty minutes."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.figures import Figure
from bench.filtering import control
from bench.scale import Scale
from bench.steady_run import Steady
from bench.trials import SCRIPTS

KIND = "ztf"
SETTLED = 0.25
"""Share of the time after which memory must no longer grow: five of twenty minutes."""

WINDOW = 0.05
"""Share of the time over which a level is taken."""

ON_DISK = 60_000
"""Bytes of an alert in all archives and the store, generously."""

Megabytes = Sequence[tuple[float, float]]


def figures(scale: Scale) -> list[Figure]:
    """Most memory, its growth, and its end over its level after a quarter of the time."""
    job = (KIND, scale.steady_rate, scale.steady_s)
    with tempfile.TemporaryDirectory() as folder:
        need = ON_DISK * scale.steady_rate * scale.steady_s
        if (free := shutil.disk_usage(folder).free) < need:
            raise RuntimeError(
                f"an even load for so long needs {need / 1e9:.0f} GB below {folder}: {free / 1e9:.0f} free"
            )
        line = Steady(*job, str(Path(folder) / "home"), str(control(KIND, scale.filters))).as_json()
        done = subprocess.run(
            [sys.executable, "-m", "bench.steady_run", line], capture_output=True, text=True, check=False, cwd=SCRIPTS
        )
    if done.returncode:
        raise RuntimeError(f"the steady run failed: {(done.stderr.strip() or 'no word').splitlines()[-1]}")
    result = json.loads(done.stdout.splitlines()[-1])
    peak, slope, ratio = levels(result["megabytes"])
    rate, busy = result["alerts"] / result["seconds"], result["cpu"] / result["seconds"]
    note = (
        f"{result['alerts']} ZTF alerts, {rate:.0f} a second for {result['seconds'] / 60:.1f} minutes, {busy:.2f} cores"
    )
    return [
        Figure("memory_steady", "most anonymous memory under an even load", peak, "MB", "<= 2000", note=note),
        Figure("memory_slope", "its growth after the first quarter", slope, "MB/min"),
        Figure("memory_flat", "its end over its level after a quarter of the time", ratio, "", "<= 1.05"),
    ]


def levels(megabytes: Megabytes) -> tuple[float, float, float]:
    """Most memory (MB), its slope after a quarter of the time (MB/min), and its end over its level then.

    Raises:
        RuntimeError: there is nothing to judge by.
    """
    if len(megabytes) < 20:
        raise RuntimeError("memory was looked at less than twenty times: the run was too short, or this is not Linux")
    second, size = np.array(megabytes).T
    first, last = SETTLED * second[-1], second[-1]
    width = WINDOW * last
    then = statistics.median(size[(second >= first) & (second <= first + width)].tolist())
    end = statistics.median(size[second >= last - width].tolist())
    late = second >= first
    slope = float(np.polyfit(second[late] / 60, size[late], 1)[0])
    return float(size.max()), slope, end / then
