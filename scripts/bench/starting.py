"""Cold start: the demo in a new process, and what an installation weighs (P9)."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

from bench.figures import Figure
from bench.scale import Scale
from linnet.app.demo import sample_folder

STARTS = 3
FIRST = "first packets into a new home, a new process, kernels compiled before"


def figures(scale: Scale) -> list[Figure]:  # noqa: ARG001  # a start is what it is at every scale
    """Seconds of a bare start, of the first packets of a new home, and of the demo; megabytes of a base install."""
    packets = str(sample_folder() / "ztf" / "one-field")
    runs = (
        ("P9_version", "linnet --version, a new process", None, ("--version",)),
        ("P9_ingest", FIRST, None, ("ingest", packets, "--home", "home")),
        ("P9_demo", "linnet demo, a new process", "<= 15", ("demo", "--home", "home")),
    )
    return [*(_start(*each) for each in runs), _weight()]


def _start(name: str, what: str, goal: str | None, arguments: tuple[str, ...]) -> Figure:
    taken = sorted(_command(*arguments) for _ in range(STARTS))
    wall, cpu = taken[len(taken) // 2]
    return Figure(name, what, wall, "s", goal, rounds=tuple(w for w, _ in taken), note=f"{cpu:.1f} s of CPU")


def _command(*arguments: str) -> tuple[float, float]:
    """Wall and CPU seconds of one command line, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        before, started = _children(), time.perf_counter()
        start = "from linnet.app.command_line import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", start, *arguments], check=False, capture_output=True, text=True, cwd=folder
        )
        if done.returncode:
            raise RuntimeError(f"linnet {arguments[0]} failed: {(done.stderr.strip() or 'no word').splitlines()[-1]}")
        return time.perf_counter() - started, _children() - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _weight() -> Figure:
    """Size of what `pip install linnet` brings, without extras."""
    found: dict[str, Distribution] = {}
    waiting = ["linnet"]
    while waiting:
        name = waiting.pop()
        try:
            each = distribution(name)
        except PackageNotFoundError:
            continue
        if each.name not in found:
            found[each.name] = each
            needs = [Requirement(line) for line in each.requires or []]
            waiting += [r.name for r in needs if r.marker is None or r.marker.evaluate({"extra": ""})]
    size = sum(_size(each) for each in found.values()) / 1e6
    return Figure("P9_install", "base install", size, "MB", "<= 400", note=f"{len(found)} packages, on disk, no extras")


def _size(each: Distribution) -> int:
    paths = [Path(str(each.locate_file(file))) for file in each.files or []]
    return sum(path.stat().st_size for path in paths if path.is_file())
