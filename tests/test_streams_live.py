"""Streams of a real server beside a real writer: killed readers, slow readers, and a server that stops."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from served_home import FILTER, HERE, log, script, server, until, write, writing
from small_home import SOME, ingest
from stream_reader import kept
from stream_writer import DAY, EPOCH

SLOW_READERS = 10


@pytest.fixture(scope="module")
def empty(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ingest(samples / SOME, tmp_path_factory.mktemp("live") / "home")


@pytest.fixture
def home(empty: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(empty, tmp_path / "home"))


def test_a_reader_killed_again_and_again_misses_nothing(home: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    with server(home) as (_, url), writing(home, 1500) as writer:
        at_kill = []
        for _ in range(3):
            before = len(kept(seen))
            with script(HERE / "stream_reader.py", f"{url}/api/v1/streams/{FILTER}", seen):
                until(lambda before=before: len(kept(seen)) > before + 50, "reading")  # type: ignore[misc]  # bound now
            at_kill.append(len(kept(seen)))
        assert writer.wait(120) == 0
        assert at_kill[0] < 1500
        with script(HERE / "stream_reader.py", f"{url}/api/v1/streams/{FILTER}", seen):
            until(lambda: len(kept(seen)) >= 1500, "the rest")
    # Its file is what the reader finished; from there nothing is sent twice either.
    assert [d for _, d in kept(seen)] == log(home)


def anonymous_memory(pid: int) -> int:
    """Bytes of memory of a process that no file backs."""
    told = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+)", told).group(1)) * 1024  # type: ignore[union-attr]  # it is always there


class SlowReader(threading.Thread):
    """Takes about one message a second out of a socket with a small buffer."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        host, port = url.removeprefix("http://").split(":")
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self._socket.connect((host, int(port)))
        request = f"GET /api/v1/streams/{FILTER}?form=events HTTP/1.1\r\nHost: {host}\r\n\r\n"
        self._socket.sendall(request.encode())
        self.text, self._stopped = b"", threading.Event()

    def run(self) -> None:
        """Read until stopped."""
        while not self._stopped.wait(0.25):
            self.text += self._socket.recv(1500)

    def hang(self) -> None:
        """Take nothing any more, and stay connected."""
        self._stopped.set()

    def stop(self) -> None:
        """Hang up."""
        self.hang()
        self.join()
        self._socket.close()


def taken(url: str, count: int) -> float:
    """Seconds in which a reader takes so many messages."""
    began = time.perf_counter()
    with httpx.stream("GET", f"{url}/api/v1/streams/{FILTER}?form=events", timeout=60) as answer:
        lines = (line for line in answer.iter_lines() if line.startswith("data: "))
        assert sum(1 for _ in zip(range(count), lines, strict=False)) == count
    return time.perf_counter() - began


@pytest.fixture
def crowd() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def slow_readers(crowd: ExitStack, url: str) -> list[SlowReader]:
    """Readers that are connected and hang in their sockets by now."""
    readers = [SlowReader(url) for _ in range(SLOW_READERS)]
    for each in readers:
        each.start()
        crowd.callback(each.stop)
    until(lambda: all(r.text for r in readers), "connecting")
    return readers


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_slow_readers_cost_the_server_no_memory_and_the_others_no_time(home: Path, crowd: ExitStack) -> None:
    write(home, 3000, 500, 0)
    with server(home) as (process, url):
        alone = min(taken(url, 3000) for _ in range(3))
        readers = slow_readers(crowd, url)
        first = anonymous_memory(process.pid)
        readers += slow_readers(crowd, url)
        second = anonymous_memory(process.pid)
        write(home, 3000, 500, 0)
        beside = min(taken(url, 3000) for _ in range(3))
        third = anonymous_memory(process.pid)
        crowd.close()
    assert all(r.text.count(b"\nid: ") < 200 for r in readers)
    assert beside < 1.5 * alone + 0.5
    # A reader costs the pages of its one look, however long the log grows behind it: 18 MB each for a queue.
    assert (second - first) / SLOW_READERS < 5e6
    assert (third - second) / (2 * SLOW_READERS) < 5e6


def test_a_match_reaches_a_quick_reader_at_once_whatever_slow_ones_do(home: Path, crowd: ExitStack) -> None:
    write(home, 500, 500, 0)
    with server(home) as (_, url):
        slow_readers(crowd, url)
        late: list[float] = []
        address = f"{url}/api/v1/streams/{FILTER}?last=0"
        with httpx.stream("GET", address, headers={"Accept": "text/event-stream"}, timeout=60) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("retry")
            with writing(home, 400, 10, 0.1):
                for line in lines:
                    if line.startswith("data: "):
                        mjd = json.loads(line.removeprefix("data: "))["mjd"]
                        late.append(time.time() - (mjd - EPOCH) * DAY)
                    if len(late) == 400:
                        break
        crowd.close()
    assert sorted(late)[int(0.98 * len(late))] < 5.0
    assert sorted(late)[200] < 2.0


def test_a_server_that_is_asked_to_stop_ends_its_streams_and_itself(home: Path) -> None:
    with (
        server(home) as (process, url),
        httpx.stream("GET", f"{url}/api/v1/streams/{FILTER}?form=events", timeout=60) as answer,
    ):
        lines = answer.iter_lines()
        assert next(lines).startswith("retry")
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        list(lines)  # to an orderly end: a torn one raises
        assert process.wait(20) == 0
        assert time.monotonic() - began < 15


def test_a_reader_that_takes_nothing_does_not_keep_the_server(home: Path, crowd: ExitStack) -> None:
    write(home, 3000, 500, 0)
    with server(home) as (process, url):
        for each in slow_readers(crowd, url):
            each.hang()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        crowd.close()
