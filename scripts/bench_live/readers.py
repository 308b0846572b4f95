"""Readers of a stream of matches, over Kafka and HTTP: quick ones that note when each alert came, and slow ones."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from types import TracebackType
from typing import Self, cast

import httpx
from confluent_kafka import Consumer, Message, TopicPartition

from bench_live.matching import FILTER

STREAM = f"/api/v1/streams/{FILTER}"
TOPIC = f"linnet.{FILTER}"
PATIENCE = 60.0
PAUSE = 1.0
"""Seconds between two messages of a slow reader."""

_SMALL_BUFFER = 8192
_PLAIN = {"enable.auto.commit": False, "log_level": 0}
_SLOWLY = {"queued.min.messages": 1, "queued.max.messages.kbytes": 1, "fetch.message.max.bytes": 16_384}
"""A client that asks for the next messages only when the last ones were taken."""


class Quick(threading.Thread):
    """Reads what comes from now on, as many messages as it was told.

    Attributes:
        name: "kafka" or "http". came: alert id -> Unix seconds of its arrival.
    """

    def __init__(self, name: str, wanted: int) -> None:
        super().__init__(name=name, daemon=True)
        self.came: dict[int, float] = {}
        self._wanted = wanted
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        """Begin, and return when nothing that is sent later can be missed."""
        self.start()
        if not self._ready.wait(PATIENCE):
            raise SystemExit(f"the {self.name} reader does not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until all came.

        Raises:
            SystemExit: they did not.
        """
        if error is None:
            self.join(PATIENCE)
            if len(self.came) < self._wanted:
                raise SystemExit(f"{self.name}: {len(self.came)} of {self._wanted} messages came")

    def _is_through(self, alert: int) -> bool:
        """Note an alert; gives whether it was the last one."""
        self.came.setdefault(alert, time.time())
        return len(self.came) >= self._wanted


class QuickKafka(Quick):
    """Over Kafka."""

    def __init__(self, bootstrap: str, wanted: int) -> None:
        super().__init__("kafka", wanted)
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "quick", **_PLAIN})

    def run(self) -> None:
        """Read."""
        place = TopicPartition(TOPIC, 0)
        _, end = self._consumer.get_watermark_offsets(place, timeout=20)
        self._consumer.assign([TopicPartition(TOPIC, 0, end)])
        self._ready.set()
        is_through = False
        while not is_through:
            for message in self._consumer.consume(100, 0.05):
                is_through = self._is_through(_alert(message))
        self._consumer.close()


class QuickHttp(Quick):
    """Over HTTP, as server-sent events."""

    def __init__(self, url: str, wanted: int) -> None:
        super().__init__("http", wanted)
        self._address = f"{url}{STREAM}?form=events&last=0"

    def run(self) -> None:
        """Read."""
        with httpx.stream("GET", self._address, timeout=PATIENCE) as answer:
            for line in answer.iter_lines():
                self._ready.set()
                if line.startswith("data: ") and self._is_through(int(json.loads(line[6:])["alert_id"])):
                    return


class Slow(threading.Thread):
    """Reads the whole log, a message a second, as long as the block runs.

    Attributes:
        taken: messages so far.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.taken = 0
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        """Begin, and return when the first message was taken."""
        self.start()
        end = time.monotonic() + PATIENCE
        while not self.taken:
            if time.monotonic() > end:
                raise SystemExit("the slow reader gets nothing")
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self._stopped.set()
        self.join()
        self.close()

    def run(self) -> None:
        """Read."""
        while not self._stopped.is_set():
            if self.take():
                self.taken += 1
                self._stopped.wait(PAUSE)

    def take(self) -> bool:
        """Take one message; False where none came."""
        raise NotImplementedError

    def close(self) -> None:
        """Hang up."""


class SlowKafka(Slow):
    """Over Kafka."""

    def __init__(self, bootstrap: str) -> None:
        super().__init__()
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "slow", **_PLAIN, **_SLOWLY})
        self._consumer.assign([TopicPartition(TOPIC, 0, 0)])

    def take(self) -> bool:
        """Take one message."""
        return bool(self._consumer.consume(1, 0.5))

    def close(self) -> None:
        """Leave."""
        self._consumer.close()


class SlowHttp(Slow):
    """Over HTTP, out of a socket with a small buffer."""

    def __init__(self, url: str) -> None:
        super().__init__()
        host, port = url.removeprefix("http://").split(":")
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
        self._socket.settimeout(PATIENCE)
        self._socket.connect((host, int(port)))
        self._socket.sendall(f"GET {STREAM}?form=events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        self._text = b""

    def take(self) -> bool:
        """Take what holds one message."""
        while (found := re.search(rb"\ndata: [^\n]*\n", self._text)) is None:
            piece = self._socket.recv(2048)
            if not piece:
                raise SystemExit("the server hung up on the slow reader")
            self._text += piece
        self._text = self._text[found.end() :]
        return True

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def _alert(message: Message) -> int:
    headers = cast("list[tuple[str, bytes]]", message.headers() or [])
    return int(dict(headers)["alert-id"])
