"""What the first run would otherwise wait for, done once."""

from __future__ import annotations

import compileall
import time
from collections.abc import Callable
from pathlib import Path

import linnet
from linnet.app import wiring
from linnet.core.avro_machine import kernels
from linnet.core.kernels import compile_kernels
from linnet.filters.builtin import builtin


def warmup() -> dict[str, float]:
    """Compile the package and everything that numba compiles, load schemas and filters, order the plan.

    Returns:
        Seconds of each step.
    """
    steps: dict[str, Callable[[], object]] = {
        "compile the package": lambda: compileall.compile_dir(Path(linnet.__file__).parent, quiet=2),
        "compile the packet decoder": kernels,
        "load survey fields and schemas": lambda: [s.fields() for s in wiring.surveys()],
        "compile light-curve kernels": compile_kernels,
        "order modules": wiring.plan,
        "check built-in filters": builtin,
    }
    took = {}
    for name, step in steps.items():
        started = time.perf_counter()
        step()
        took[name] = time.perf_counter() - started
    return took
