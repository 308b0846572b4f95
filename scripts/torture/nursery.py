"""A process that has imported everything and forks a broker whenever it is asked to, so that a start costs no second.

What it forks is a process of its own like any other: it is killed by SIGKILL, and the nursery tells how it ended.
Nothing in the nursery has started a thread or opened a connection before it forks.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from torture import broker


@dataclass(frozen=True)
class Job:
    """One start of the broker.

    Attributes:
        arguments: of the command line. environment: what is set besides.
        output: file to which standard output and error are appended.
        sabotage: how it is broken on purpose, or "". notes: file for what the sabotage has to tell.
    """

    arguments: tuple[str, ...]
    output: str
    environment: dict[str, str] = field(default_factory=dict)
    sabotage: str = ""
    notes: str = ""


class Nursery:
    """The forking process, asked over its standard input and output.

    Args:
        environment: what is set in it, and so in all that it forks.
    """

    def __init__(self, **environment: str) -> None:
        path = os.pathsep.join(place for place in sys.path if place)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "torture.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path, **environment},
        )

    def start(self, job: Job) -> int:
        """Start a broker; gives its process id."""
        return int(self._asked("start", asdict(job)))

    def ended(self, pid: int) -> int | None:
        """Exit code of a broker, negative for a signal; None while it runs."""
        found = self._asked("ended", pid)
        return None if found is None else int(found)

    def close(self) -> None:
        """End it; no broker may be running."""
        self._process.stdin.close()  # type: ignore[union-attr] # it is a pipe
        self._process.wait(10)
        self._process.stdout.close()  # type: ignore[union-attr] # it is a pipe

    def _asked(self, question: str, about: object) -> Any:
        assert self._process.stdin is not None  # noqa: S101 - both are pipes
        assert self._process.stdout is not None  # noqa: S101 - the same
        self._process.stdin.write(json.dumps([question, about]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit("the nursery has ended")
        return json.loads(answer)


def serve() -> None:
    """Answer questions until standard input ends."""
    broker.preload()
    gc.collect()
    gc.freeze()
    ended: dict[int, int] = {}
    for line in sys.stdin:
        question, about = json.loads(line)
        if question == "start":
            pid = _fork(Job(**about))
            answer: int | None = pid
            ended.pop(pid, None)  # the system gives the number of one that has ended to another after a while
        else:
            answer = _ended(int(about), ended)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _ended(pid: int, known: dict[int, int]) -> int | None:
    if pid not in known:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            known[pid] = os.waitstatus_to_exitcode(status)
    return known.get(pid)


def _fork(job: Job) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _redirect(Path(job.output))
        os.environ.update(job.environment)
        code = broker.run(job.arguments, job.sabotage, job.notes)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _redirect(output: Path) -> None:
    """Nothing of the broker may reach the pipes of the nursery."""
    target = os.open(output, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(target, 1)
    os.dup2(target, 2)


if __name__ == "__main__":
    serve()
