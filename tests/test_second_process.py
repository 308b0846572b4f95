"""While one process ingests, others serve, read and add filters; none of them may write beside it.

One night of single commits runs through the whole module (10 s); the tests look at what happened meanwhile.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from linnet.app.console import BUSY, OK
from linnet.app.home import create
from processes import Done, call, linnet, one_line, start

PATIENCE = 60.0
"""Seconds after which something that should have happened has not."""


@dataclass
class Meanwhile:
    """What was seen while `ingest` ran.

    Attributes:
        home: its home.
        answers: (path, status, body) of every request.
        added: matches of the filter `everything` delivered before a filter was added, and after.
        refused: how a second `ingest` ended, and its seconds.
        ended: how the first one ended. served: exit code of the server.
    """

    home: Path
    answers: list[tuple[str, int, Any]] = field(default_factory=list)
    added: tuple[int, int] = (0, 0)
    refused: tuple[Done, float] | None = None
    ended: Done | None = None
    served: int | None = None

    def delivered(self, name: str) -> list[str]:
        """Survey and id of every match of a filter, in the order of their delivery."""
        path = self.home / "outbox" / f"{name}.jsonl"
        if not path.exists():
            return []
        whole = path.read_bytes().rpartition(b"\n")[0]
        return [f"{row['survey']} {row['alert_id']}" for row in map(json.loads, whole.splitlines())]


def until(running: subprocess.Popen[str], happened: Any) -> None:
    """Wait for something that happens while a process runs."""
    last = time.monotonic() + PATIENCE
    while not happened():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < last
        time.sleep(0.02)


@contextmanager
def serving(home: Path, seen: Meanwhile) -> Iterator[httpx.Client]:
    """`linnet serve` on a free port, stopped by Ctrl-C."""
    with start("serve", "--port", "0", "--home", home) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split(" at ")[1].split()[0]
            with httpx.Client(base_url=address, timeout=PATIENCE) as client:
                yield client
        finally:
            server.send_signal(signal.SIGINT)
            _, err = server.communicate(timeout=PATIENCE)
            assert err == ""
            seen.served = server.returncode


def ask(client: httpx.Client, path: str, seen: Meanwhile) -> Any:
    """Ask and keep the answer."""
    answer = client.get(path)
    body = answer.json() if "json" in answer.headers["content-type"] else answer.text
    seen.answers.append((path, answer.status_code, body))
    return body


def look_around(client: httpx.Client, seen: Meanwhile) -> None:
    """Ask for health, then for the newest matches, their objects, light curves and pages."""
    ask(client, "/api/v1/health", seen)
    for row in ask(client, "/api/v1/alerts?filter=everything&limit=2", seen)["alerts"]:
        if row["object_id"] is not None:
            place = f"{row['survey']}/{row['object_id']}"
            ask(client, f"/api/v1/objects/{place}", seen)
            ask(client, f"/api/v1/objects/{place}/lightcurve", seen)
            ask(client, f"/object/{place}", seen)


@pytest.fixture(scope="module")
def seen(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Meanwhile:
    home = tmp_path_factory.mktemp("second") / "home"
    create(home)
    call("ingest", samples / "broken", "--home", home)
    (home / "linnet.toml").write_text("batch = 1\npublish_private = true\n")
    call("filter", "add", "everything", "alert_id is not null", "--home", home)
    seen = Meanwhile(home)
    with serving(home, seen) as client, start("ingest", samples / "ztf", samples / "lsst", "--home", home) as running:
        until(running, lambda: len(seen.delivered("everything")) >= 3)
        look_around(client, seen)
        began = time.monotonic()
        with start("ingest", samples / "lsst", "--home", home) as second:
            before = len(seen.delivered("everything"))
            assert linnet("filter", "add", "late", "alert_id is not null", "--home", home).returncode == OK
            seen.added = before, len(seen.delivered("everything"))
            out, err = second.communicate(timeout=PATIENCE)
            seen.refused = Done([], second.returncode, out, err), time.monotonic() - began
        assert running.poll() is None, "the ingest ended before the filter was added"
        while running.poll() is None:
            look_around(client, seen)
        out, err = running.communicate(timeout=PATIENCE)
        seen.ended = Done([], running.returncode, out, err)
        look_around(client, seen)
        ask(client, "/api/v1/audit", seen)
    return seen


def test_the_first_ingest_ends_with_everything_in_order(seen: Meanwhile) -> None:
    assert seen.ended is not None
    assert (seen.ended.returncode, seen.ended.stderr) == (OK, "")
    assert "audit: OK" in seen.ended.stdout


def test_every_question_asked_while_it_ran_was_answered(seen: Meanwhile) -> None:
    assert {(path, status) for path, status, _ in seen.answers if status != 200} == set()
    kinds = {path.split("?")[0].split("/ztf/")[0].split("/lsst/")[0] for path, *_ in seen.answers}
    assert kinds >= {"/api/v1/health", "/api/v1/alerts", "/api/v1/objects", "/object"}


def test_what_is_served_grows_with_what_is_committed(seen: Meanwhile) -> None:
    newest = [body["alerts"][0]["alert_id"] for path, _, body in seen.answers if "alerts?filter=everything" in path]
    assert len(set(newest)) > 1
    audits = [body for path, _, body in seen.answers if path == "/api/v1/audit"]
    assert audits[-1]["ok"]
    assert audits[-1]["archived"] == len(seen.delivered("everything"))


def test_a_filter_added_meanwhile_tags_later_alerts_and_none_before(seen: Meanwhile) -> None:
    every, late = seen.delivered("everything"), seen.delivered("late")
    assert 0 < len(late) < len(every)
    assert every[-len(late) :] == late
    before, after = seen.added
    in_hand = 2  # the commit that had asked for its filters already, and the one being delivered
    assert before <= len(every) - len(late) <= after + in_hand


def test_no_alert_is_lost_or_doubled_by_what_others_did(seen: Meanwhile) -> None:
    every = seen.delivered("everything")
    assert len(set(every)) == len(every)
    found = json.loads(call("audit", "--deep", "--json", "--home", seen.home).stdout)
    assert found["ok"]
    assert found["archived"] == len(every) == found["matched"]["everything"]
    assert found["matched"]["late"] == len(seen.delivered("late"))
    assert json.loads(call("reprocess", "--verify", "--json", "--home", seen.home).stdout)["differences"] == {}


def test_a_second_ingest_was_refused_in_one_line(seen: Meanwhile) -> None:
    assert seen.refused is not None
    done, seconds = seen.refused
    assert done.returncode == BUSY
    assert "is being written by process" in one_line(done)
    assert seconds < 10


def test_the_server_ends_in_order_when_it_is_stopped(seen: Meanwhile) -> None:
    assert seen.served == OK
