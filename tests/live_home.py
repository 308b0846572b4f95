"""A home with a folder that files are dropped into, and `linnet run` on it in a process of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastavro
import httpx

from linnet.app.config import Settings
from linnet.app.home import create, existing
from linnet.app.wiring import reader
from linnet.core.dump import digest
from processes import linnet, start

PATIENCE = 60.0
SETTINGS = "batch = {batch}\nage = 0.05\nwatch_every = 0.05\nreport_every = 0.3\n"


@dataclass
class LiveHome:
    """Paths of one broker that watches a folder."""

    path: Path
    folder: Path

    @classmethod
    def make(cls, where: Path, batch: int = 3) -> LiveHome:
        """An empty home and an empty folder."""
        create(where / "home")
        (where / "home" / "linnet.toml").write_text(SETTINGS.format(batch=batch))
        (where / "in").mkdir()
        return cls(where / "home", where / "in")

    def drop(self, paths: Sequence[Path], first: int = 0) -> None:
        """Files by renaming, numbered, their times of change in their order."""
        for number, path in enumerate(paths, first):
            part = self.folder / f".{number:04d}.part"
            shutil.copyfile(path, part)
            os.utime(part, (1_700_000_000 + number, 1_700_000_000 + number))
            part.rename(self.folder / f"{number:04d}-{path.name}")

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """`linnet run`."""
        return start("run", self.folder, "--home", self.path, *arguments, **environment)

    def start_on(self, *sources: str, **environment: str) -> subprocess.Popen[str]:
        """`linnet run` on other sources."""
        return start("run", *sources, "--home", self.path, **environment)

    def audit(self, *, deep: bool = False) -> dict[str, Any]:
        """The account; it must be in order."""
        told = linnet("audit", "--home", self.path, "--json", *(["--deep"] if deep else []))
        found: dict[str, Any] = json.loads(told.stdout)
        assert told.returncode == 0, found["problems"]
        return found

    def committed(self) -> int:
        """Messages behind which the broker would go on."""
        with reader(existing(self.path), Settings()) as parts:
            return sum(place.offset for place in parts.store.positions())

    def dump(self) -> str:
        """Digest of the canonical dump."""
        with reader(existing(self.path), Settings()) as parts:
            return digest(parts.store.dump())

    def delivered(self) -> list[str]:
        """`dedup_id` of every message in the outbox, sorted, doubled ones twice."""
        files = (self.path / "outbox").glob("*.jsonl")
        return sorted(json.loads(line)["dedup_id"] for path in files for line in path.read_text().splitlines())


@contextmanager
def running(
    home: LiveHome, *arguments: str, sources: Sequence[str] = ()
) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """`linnet run` at work, and a way to ask it; ended at the end of the block."""
    (home.path / "running.json").unlink(missing_ok=True)  # of one that was killed
    with home.start_on(*(sources or (str(home.folder),)), *arguments) as broker:
        try:
            until((home.path / "running.json").exists, broker)
            port = json.loads((home.path / "running.json").read_text())["port"]
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
                yield broker, client
        finally:
            if broker.poll() is None:
                broker.kill()


def killed(broker: subprocess.Popen[str]) -> bool:
    """Whether a broker that is armed to kill itself has done so."""
    with broker:
        try:
            broker.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            broker.kill()
            return False
        return broker.returncode == -signal.SIGKILL


def stop(broker: subprocess.Popen[str], number: int = signal.SIGTERM) -> list[dict[str, Any]]:
    """Stop in order; gives the lines of the log."""
    broker.send_signal(number)
    _, err = broker.communicate(timeout=PATIENCE)
    assert broker.returncode == 0, err
    return [json.loads(line) for line in err.splitlines()]


def until(happened: Callable[[], object], broker: subprocess.Popen[str] | None = None) -> None:
    """Wait for something that a running broker does."""
    last = time.monotonic() + PATIENCE
    while not happened():
        assert broker is None or broker.poll() is None, broker.communicate()
        assert time.monotonic() < last, "it never happened"
        time.sleep(0.02)


def by_time(paths: Sequence[Path]) -> list[Path]:
    """Packets by the time of their exposure, as a survey would send them; what is no packet comes first."""
    return sorted(paths, key=lambda path: (_instant(path), path))


def _instant(path: Path) -> float:
    try:
        with path.open("rb") as file:
            packet: Any = next(iter(fastavro.reader(file)))
    except (ValueError, StopIteration, EOFError, IndexError):
        return 0.0
    if "candidate" in packet:
        return float(packet["candidate"]["jd"])
    return float(packet["diaSource"]["midpointMjdTai"]) + 2_400_000.5


def numbers(text: str, name: str, label: str = "") -> dict[str, float]:
    """Values of one metric by one of its labels, read with no help of a library."""
    found: dict[str, float] = {}
    for labels, value in re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", text, re.MULTILINE):
        named = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        key = named.get(label, "")
        found[key] = found.get(key, 0.0) + float(value)
    return found
