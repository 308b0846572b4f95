"""A home that a real server shows while a real writer adds to it, and processes that read it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from linnet.app.config import Settings
from linnet.app.home import existing
from linnet.app.wiring import reader
from processes import start

HERE = Path(__file__).parent
FILTER = "young_and_rising"


@contextmanager
def server(home: Path, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`linnet serve` and its address; killed at the end, unless it ended before."""
    process = start("serve", "--home", home, "--port", str(port))
    try:
        assert process.stdout is not None
        told = process.stdout.readline()
        assert "http://" in told, (told, process.stderr.read() if process.stderr and process.poll() else "")
        yield process, told.split(" at ")[1].split()[0]
    finally:
        ended(process)


@contextmanager
def script(*arguments: str | Path, out: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process with the tests' modules at hand; its output is appended to a file. Killed at the end."""
    path = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    with (out or Path(os.devnull)).open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, *map(str, arguments)], stdout=file, env={**os.environ, "PYTHONPATH": path}
        )
    try:
        yield process
    finally:
        ended(process)


def write(home: Path, count: int, per_commit: int = 10, pause: float = 0.02) -> None:
    """Commit so many matches in another process, and wait for its end."""
    with writing(home, count, per_commit, pause) as process:
        assert process.wait(120) == 0


def writing(
    home: Path, count: int, per_commit: int = 10, pause: float = 0.02
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """The same without waiting."""
    numbers = map(str, (count, per_commit, pause))
    return script(HERE / "stream_writer.py", home, FILTER, *numbers)


def log(home: Path) -> list[str]:
    """dedup_id of every match of the filter that the home has now, in the order of the log."""
    with reader(existing(home), Settings()) as parts:
        rows = parts.store.tags_after(0, 10**6, FILTER).to_pylist()
    return [f"{r['survey']}:{r['alert_id']}:{r['filter']}:{r['version']}" for r in rows]


def until(true: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"{what} took more than {seconds} s"
        time.sleep(0.05)


def ended(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """Kill one process without mercy and take it back."""
    with suppress(ProcessLookupError):
        process.kill()
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
