"""Loading what is compiled: once, without Python's lock, and not in silence where it takes long (15 s of compiling)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from linnet.app.warmup import warmup
from linnet.core import avro_machine

_LOAD = "import time; from linnet.core.avro_machine import kernels; kernels(); print(time.process_time())"


def _load(cache: Path) -> tuple[float, list[str]]:
    """CPU seconds of a process that does nothing but load the kernel, and what it says."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run([sys.executable, "-c", _LOAD], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout), done.stderr.splitlines()


def test_a_process_that_must_compile_says_so_and_the_next_one_need_not(tmp_path: Path) -> None:
    cold, said = _load(tmp_path)
    assert said[0] == "compiling the packet decoder, once; some ten seconds"
    assert said[1].startswith("compiled the packet decoder in ")
    warm, silence = _load(tmp_path)
    assert silence == []
    assert warm < cold / 3


def test_the_kernel_is_loaded_once_has_one_signature_and_leaves_other_threads_alone() -> None:
    kernel = avro_machine.kernels()
    assert kernel is avro_machine.kernels()
    assert not kernel.CHECKED
    for name in ("read", "measure", "gather", "frame"):
        function = getattr(kernel, name)
        assert len(function.signatures) == 1, name
        assert function.targetoptions["nogil"], name
        assert function.stats.cache_path is not None, name


def test_warmup_compiles_the_decoder() -> None:
    assert "compile the packet decoder" in warmup()
