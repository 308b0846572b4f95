"""From a clean clone to the demo by one command, packages in the installer's cache (P9)."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

from bench.figures import Figure
from bench.results import ROOT
from bench.scale import Scale

GOAL = "<= 180"


def figures(scale: Scale) -> list[Figure]:  # noqa: ARG001  # one command is one command at every scale
    """Seconds of `make demo` in a clone of the last commit: environment, installation, compilation and demo."""
    alone = {
        name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV", "MAKEFLAGS"}
    }
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True, capture_output=True)
        started = time.perf_counter()
        done = subprocess.run(["make", "demo"], cwd=clone, env=alone, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"make demo failed: {(done.stderr.strip() or 'no word').splitlines()[-1]}")
    return [Figure("P9_make_demo", "make demo in a clean clone", seconds, "s", GOAL, note="from the package cache")]
