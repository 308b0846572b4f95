"""The command line `linnet ...`: runs a command, and tells every fault in one line and an exit code."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType

INTERRUPTED, TERMINATED = 130, 143
"""Exit codes of a run that Ctrl-C (SIGINT) or SIGTERM ended: 128 + the signal's number, as shells have it."""

STOPPED = "linnet: stopped; everything acknowledged so far is kept: run the same command again to go on"


def main() -> None:
    """Run the command line; every fault is one line on standard error and an exit code (see `linnet.app.console`)."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        # Imported here, so that Ctrl-C is answered in one line also while libraries load.
        from linnet.app.faults import run

        code = run()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    if code in {INTERRUPTED, TERMINATED}:
        sys.stderr.write(STOPPED + "\n")
    _forget_output_that_nobody_reads()
    sys.exit(code)


def _terminated(_signal: int, _frame: FrameType | None) -> None:
    """End as after Ctrl-C: what is open is closed in order."""
    sys.exit(TERMINATED)


def _forget_output_that_nobody_reads() -> None:
    """After `linnet ... | head` the reader is gone: the interpreter must not complain of it while it shuts down."""
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError, ValueError):  # no descriptor under standard output: nothing to silence
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
