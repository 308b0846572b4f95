"""The real command line in a process of its own, and the same commands in this one where a process would only cost."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from linnet.app.command_line import main

LINNET = Path(sys.executable).parent / "linnet"

Done = subprocess.CompletedProcess[str]


def linnet(*arguments: str | Path, **environment: str) -> Done:
    """Run `linnet ...` to its end; stdout and stderr as text."""
    return subprocess.run(
        [str(LINNET), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "COLUMNS": "200", **environment},
    )


def start(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    """Start `linnet ...` and go on; its Ctrl-C is not ours."""
    # A shell starts what runs in the background deaf to Ctrl-C, which would be inherited; a handler is not.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [str(LINNET), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "COLUMNS": "200", "PYTHONUNBUFFERED": "1", **environment},
            start_new_session=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)


def call(*arguments: str | Path, **environment: str) -> Done:
    """The same as `linnet`, by calling its entry in this process: a second less."""
    out, err = io.StringIO(), io.StringIO()
    before = signal.getsignal(signal.SIGTERM)
    command = ["linnet", *map(str, arguments)]
    code: object = None
    try:
        with (
            patch.object(sys, "argv", command),
            patch.dict(os.environ, {"COLUMNS": "200", **environment}),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            main()
    except SystemExit as leaving:
        code = leaving.code
    finally:
        signal.signal(signal.SIGTERM, before)
    assert isinstance(code, int)
    return Done(command, code, out.getvalue(), err.getvalue())


def one_line(done: Done) -> str:
    """The one line on standard error with which a command says what is wrong."""
    assert "Traceback" not in done.stdout + done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("linnet: "), line
    return line
