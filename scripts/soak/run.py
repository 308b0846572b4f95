"""One run: Kafka with retention, the load in its process, the broker in its own, and somebody who looks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bench_live.matching import FILTER, settle
from confluent_kafka import Consumer

from kafka_server import KafkaServer, until
from linnet.adapters.metrics_server import read_metrics
from linnet.app.home import Home, create
from processes import LINNET, linnet
from soak.load import PARTITIONS, TOPIC, Sending
from soak.watch import Look, look

SCRIPTS = Path(__file__).parent.parent
PATIENCE = 120.0
"""Seconds in which the broker must be up, and at the end through."""

_MB = 1 << 20
_TOPICS = {
    TOPIC: (PARTITIONS, {"segment_bytes": str(16 * _MB), "retention_bytes": str(32 * _MB)}),
    f"linnet.{FILTER}": (1, {"segment_bytes": str(8 * _MB), "retention_bytes": str(16 * _MB)}),
}
"""Partitions, and settings with which Kafka keeps some 600 MB: one minute of the load."""


@dataclass(frozen=True)
class Given:
    """What to run.

    Attributes:
        earlier: alerts that the broker has taken before. rate: alerts a second, then. seconds: how long.
        every: seconds between two looks.
    """

    earlier: int
    rate: int
    seconds: float
    every: float


@dataclass(frozen=True)
class Soaked:
    """What came of a run.

    Attributes:
        sent: alerts. audit: what `linnet audit` says. code: exit code of the broker.
        cpu_s: its processor time under the even load.
    """

    looks: list[Look]
    sent: int
    audit: dict[str, object]
    code: int
    cpu_s: float


def soak(kafka: KafkaServer, folder: Path, given: Given) -> Soaked:
    """Run to the end.

    Raises:
        SystemExit: the broker or the load ended before its time, or the broker does not get through.
    """
    for topic, (partitions, settings) in _TOPICS.items():
        kafka.create(topic, partitions, **settings)
    linnet("warmup")  # what is compiled only once would count as memory of this run
    home = create(folder / "home")
    settle(home, kafka)
    with _broker(home, folder / "broker.log") as broker, closing(_reader(kafka)) as reader:
        port = json.loads(home.running.read_text(encoding="utf-8"))["port"]
        with _load(Sending(kafka.bootstrap, port, given.earlier, given.rate, given.seconds)) as sending:
            begun, spent = time.monotonic(), _processor(broker.pid)

            def looked() -> Look:
                return look(time.monotonic() - begun, broker.pid, read_metrics(port), reader)

            looks = list(_looks(looked, sending, broker, given.every))
            spent = _processor(broker.pid) - spent
            sent = int(_said(sending))
        until(lambda: _is_through(looked(), sent), PATIENCE)
        broker.send_signal(signal.SIGTERM)
        code = broker.wait(PATIENCE)
    told = linnet("audit", "--home", home.path, "--json")
    return Soaked(looks, sent, json.loads(told.stdout), code, spent)


def _looks(
    looked: Callable[[], Look], sending: subprocess.Popen[str], broker: subprocess.Popen[bytes], every: float
) -> Iterator[Look]:
    """A look every so many seconds until the load has ended."""
    due = time.monotonic()
    while sending.poll() is None:
        if broker.poll() is not None:
            raise SystemExit(f"the broker ended with exit code {broker.returncode}")
        found = looked()
        _say(found)
        yield found
        due += every
        time.sleep(max(0.0, due - time.monotonic()))


def _is_through(found: Look, sent: int) -> bool:
    return found.archived >= sent and found.lag == found.backlog == 0


@contextmanager
def _broker(home: Home, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`linnet run`, once it runs; killed where it did not end."""
    with log.open("wb") as file:
        command = [str(LINNET), "run", f"kafka:{TOPIC}", "--home", str(home.path)]
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        until(home.running.exists, PATIENCE)
        yield process
    finally:
        process.kill()
        process.wait()
        if process.returncode:
            _tell(log.read_text(encoding="utf-8")[-1000:])


@contextmanager
def _load(job: Sending) -> Iterator[subprocess.Popen[str]]:
    """The process that sends, once it sends evenly; killed where it did not end."""
    command = [sys.executable, "-m", "soak.load", json.dumps(asdict(job))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=SCRIPTS)
    try:
        if process.stdout is None or not process.stdout.readline():
            raise SystemExit("the load failed")
        yield process
    finally:
        process.kill()
        process.wait()


def _said(process: subprocess.Popen[str]) -> str:
    told, _ = process.communicate()
    if process.returncode:
        raise SystemExit("the load failed")
    return told


def _reader(kafka: KafkaServer) -> Consumer:
    return Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "soak", "log_level": 0})


def _processor(pid: int) -> float:
    """Seconds of the processor that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _say(found: Look) -> None:
    _tell(
        f"{found.second:8.0f} s {found.anonymous_mb:8.0f} MB   lag {found.lag:<6} backlog {found.backlog:<6}"
        f" archived {found.archived:<8} deleted by Kafka {found.deleted}"
    )


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
