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


def figures(scale: Scale) -> list[Figure]:
    """Seconds of the demo, and megabytes of a base install."""
    bare = _command("--version")
    found = [Figure("P9_version", "linnet --version, a new process", bare[0], "s", note=f"{bare[1]:.1f} s of CPU")]
    if scale.name == "quick":
        return found
    demo = _command("demo", "--home", "{folder}/home")
    spent = f"{demo[1]:.1f} s of CPU"
    return [Figure("P9_demo", "linnet demo, a new process", demo[0], "s", "<= 15", note=spent), *found, _weight()]


def _command(*arguments: str) -> tuple[float, float]:
    """Wall and CPU seconds of one command line."""
    with tempfile.TemporaryDirectory() as folder:
        line = [a.format(folder=folder) for a in arguments]
        before, started = _children(), time.perf_counter()
        start = "from linnet.app.command_line import main; main()"
        subprocess.run([sys.executable, "-c", start, *line], check=True, capture_output=True, cwd=folder)
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
