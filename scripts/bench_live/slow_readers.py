"""What a reader of one message a second costs those beside it: turns without one, with one over Kafka, over HTTP."""

from __future__ import annotations

import json
import signal
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from confluent_kafka import KafkaError, Message, Producer
from soak.watch import anonymous_mb

from bench_live.delays import origins, packets
from bench_live.matching import FILTER, settle
from bench_live.readers import QuickHttp, QuickKafka, Slow, SlowHttp, SlowKafka
from kafka_server import KafkaServer, until
from linnet.adapters.metrics_server import read_metrics
from linnet.app.home import Home, create
from processes import linnet, start
from served_home import server

ROUNDS = 10
RATE, PER_TURN = 100, 400
BACKLOG = 3000
"""Matches that are there before: more than a socket buffers, so that a slow reader has something to be slow about."""

PARTITIONS = 8
ALONE, KINDS = "alone", ("kafka", "http")
MOST_RATIO = 1.2
MOST_MB = 5.0
"""By how much more memory may grow in a turn with a slow reader than in one without."""

PATIENCE = 120.0
Place = tuple[int, int]


@dataclass(frozen=True)
class Turn:
    """What one turn brought.

    Attributes:
        slow: "alone", or over what the slow reader read.
        appended: place of each message -> Unix seconds of its append, as Kafka says.
        came: by quick reader, alert id -> Unix seconds of its arrival.
        grown_mb: by process, how much anonymous memory grew.
        waiting: messages and matches that the broker had not passed on at the end.
        lag_grown: how much further behind the slow reader was at the end.
    """

    slow: str
    appended: Mapping[Place, float]
    came: Mapping[str, Mapping[int, float]]
    grown_mb: Mapping[str, float]
    waiting: int
    lag_grown: int


@dataclass(frozen=True)
class World:
    """A running broker with its server and Kafka, and their load."""

    kafka: KafkaServer
    url: str
    pids: Mapping[str, int]
    port: int
    load: Iterator[bytes]

    def turn(self, slow: str) -> Turn:
        """One turn with this slow reader, or without."""
        with ExitStack() as opened:
            reader = opened.enter_context(self._slow(slow))
            before = self._memory()
            begun = reader.taken if reader else 0
            quick = [QuickKafka(self.kafka.bootstrap, PER_TURN), QuickHttp(self.url, PER_TURN)]
            with quick[0], quick[1]:
                appended = self.send(PER_TURN)
            until(lambda: not self.waiting(), PATIENCE)
            grown = {name: size - before[name] for name, size in self._memory().items()}
            lag = PER_TURN - (reader.taken - begun) if reader else 0
        return Turn(slow, appended, {each.name: each.came for each in quick}, grown, self.waiting(), lag)

    def send(self, number: int) -> dict[Place, float]:
        """Send so many alerts at the even rate; gives when Kafka appended them."""
        found: dict[Place, float] = {}

        def noted(error: KafkaError | None, message: Message) -> None:
            if error is None:
                found[message.partition() or 0, message.offset() or 0] = message.timestamp()[1] / 1000

        producer = Producer({"bootstrap.servers": self.kafka.bootstrap, "acks": "all", "log_level": 0})
        begun = time.monotonic()
        for nth in range(number):
            producer.poll(max(0.0, begun + nth / RATE - time.monotonic()))
            while time.monotonic() < begun + nth / RATE:
                producer.poll(0.001)
            producer.produce("alerts", next(self.load), partition=nth % PARTITIONS, on_delivery=noted)
        producer.flush(PATIENCE)
        if len(found) < number:
            raise SystemExit("Kafka did not take the load")
        return found

    def waiting(self) -> int:
        """Messages and matches that the broker has not passed on yet."""
        found = read_metrics(self.port)
        return int(found.total("linnet_source_lag_messages") + found.total("linnet_route_lag"))

    def _slow(self, kind: str) -> AbstractContextManager[Slow | None]:
        if kind == ALONE:
            return nullcontext()
        return SlowKafka(self.kafka.bootstrap) if kind == "kafka" else SlowHttp(self.url)

    def _memory(self) -> dict[str, float]:
        return {name: anonymous_mb(pid) for name, pid in self.pids.items()}


def slow_readers(kafka: KafkaServer, folder: Path, rounds: int) -> dict[str, object]:
    """Ratios of the others' 98th percentiles, and what grew; medians of so many rounds."""
    kafka.create("alerts", PARTITIONS, message_timestamp_type="LogAppendTime")
    kafka.create(f"linnet.{FILTER}", 1)
    linnet("warmup")
    home = create(folder / "home")
    settle(home, kafka)
    turns: list[list[Turn]] = []
    with _running(home, kafka, BACKLOG + (rounds * 3 + 1) * PER_TURN) as world:
        world.send(BACKLOG)
        until(lambda: not world.waiting(), PATIENCE)
        world.turn(ALONE)  # what is loaded at the first use is no delay of a stream
        for nth in range(rounds):
            order = [ALONE, *KINDS]
            turns.append([world.turn(slow) for slow in order[nth % 3 :] + order[: nth % 3]])
    return judged(turns, origins(home))


def judged(rounds: Sequence[Sequence[Turn]], places: Mapping[int, Place]) -> dict[str, object]:
    """Everything as plain values; `places` says where each alert came from."""
    by_kind = {kind: [next(t for t in turns if t.slow == kind) for turns in rounds] for kind in (ALONE, *KINDS)}
    p98 = {
        kind: {name: [_p98(turn, name, places) for turn in turns] for name in KINDS} for kind, turns in by_kind.items()
    }
    grown = {
        kind: {name: _median([t.grown_mb[name] for t in turns]) for name in turns[0].grown_mb}
        for kind, turns in by_kind.items()
    }
    ratios = {
        kind: {name: _median([a / b for a, b in zip(p98[kind][name], p98[ALONE][name], strict=True)]) for name in KINDS}
        for kind in KINDS
    }
    most = max(ratio for each in ratios.values() for ratio in each.values())
    more = max(grown[kind][name] - grown[ALONE][name] for kind in KINDS for name in grown[kind])
    waiting = max(turn.waiting for turns in rounds for turn in turns)
    return {
        "rounds": len(rounds),
        "alerts_a_turn": PER_TURN,
        "alerts_a_second": RATE,
        "p98_s": {kind: {name: _median(values) for name, values in each.items()} for kind, each in p98.items()},
        "ratio_of_p98": ratios,
        "most_ratio": most,
        "grown_mb_a_turn": grown,
        "lag_grown_a_turn": {kind: int(_median([t.lag_grown for t in by_kind[kind]])) for kind in KINDS},
        "waiting_elsewhere": waiting,
        "missed": most > MOST_RATIO or more > MOST_MB or waiting > 0,
    }


def _p98(turn: Turn, name: str, places: Mapping[int, Place]) -> float:
    """98th percentile of the seconds from Kafka's append of an alert to its arrival at a quick reader."""
    delays = [at - turn.appended[places[alert]] for alert, at in turn.came[name].items()]
    return float(np.percentile(delays, 98))


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 3)


@contextmanager
def _running(home: Home, kafka: KafkaServer, alerts: int) -> Iterator[World]:
    """The broker and its server; both ended at the end."""
    broker = start("run", "kafka:alerts", "--home", home.path)
    try:
        until(home.running.exists, PATIENCE)
        port = json.loads(home.running.read_text(encoding="utf-8"))["port"]
        with server(home.path) as (serving, url):
            yield World(kafka, url, {"broker": broker.pid, "server": serving.pid}, port, packets(alerts))
    finally:
        broker.send_signal(signal.SIGTERM)
        told = broker.communicate(timeout=PATIENCE)[1]
    if broker.returncode:
        raise SystemExit(told[-500:])
