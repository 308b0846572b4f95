"""What a process that writes a home does about memory that it frees."""

from __future__ import annotations

import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy as np
from linnet.app.allocation import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
def turn():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.full(2**19, 1.5)  # 4 MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
turn()
print(sum(turn() for _ in range(50)))
"""


def page_faults(how: str) -> int:
    """Page faults of making and dropping the same array fifty times, in a process of its own."""
    # Python maps arrays of this size itself where it may; without huge pages every page of one is a fault.
    done = subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="settings of glibc")
def test_memory_that_was_freed_is_used_again_without_asking_for_it() -> None:
    assert page_faults("kept") < 100
    assert page_faults("given back") >= 50
