"""One case: a home and a broker on it that is killed again and again, and at last let go until all is drained."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from linnet.adapters.sqlite_control import SqliteControl
from linnet.app.home import Home, create
from linnet.app.installing import FILES_ROUTE, install
from linnet.core.ports import Route
from torture import power
from torture.history import History, Offered
from torture.nursery import Job, Nursery
from torture.sabotage import KINDS
from torture.traffic import TOPICS, Draft

EVERYTHING = "alert_id is not null"
PATIENCE = 60.0
"""Seconds until a broker that neither drains its topics nor ends is an error."""

LOOK = 0.02


@dataclass(frozen=True)
class Place:
    """Where all cases of one run take place.

    Attributes:
        nursery: starts brokers. bootstrap: of the Kafka. registry: address of the schema registry.
        offered: every message of the source topics. repeatable: the draft of one of them.
        folder: for homes and histories.
    """

    nursery: Nursery
    bootstrap: str
    registry: str
    offered: list[Offered]
    repeatable: Draft
    folder: Path


@dataclass
class Case:
    """One home and its broker.

    Attributes:
        name: of the case, its home and its filter.
        sabotage: how the broker is broken, or "".
        topics: what it is told to read.
        options: of the command line besides.
        kills: how often it was killed so far.
        trouble: sentences about what went wrong beside the checks.
    """

    place: Place
    name: str
    sabotage: str = ""
    topics: tuple[str, ...] = TOPICS
    options: tuple[str, ...] = ()
    kills: int = 0
    trouble: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the home: small batches, so that every failpoint is passed many times; two routes for every alert."""
        self.home = create(self.place.folder / self.name)
        self.output = self.place.folder / f"{self.name}.log"
        self.notes = self.place.folder / f"{self.name}.notes"
        self.history = History(self.place.folder / f"{self.name}.history")
        self.history.offered(self.place.offered)
        _settle(self.home, self.place, self.name)

    def start(self, failpoint: str = "") -> int:
        """Start the broker, with a failpoint armed (`06:3`) or none; gives its process id."""
        named = {"LINNET_FAILPOINT": failpoint} if failpoint else {}
        source = "kafka:" + ",".join(self.topics)
        arguments = ("run", source, "--home", str(self.home.path), *self.options)
        job = Job(arguments, str(self.output), named, self.sabotage, str(self.notes))
        pid = self.place.nursery.start(job)
        self.history.happened("start", pid=pid, failpoint=failpoint)
        return pid

    def killed_at(self, failpoint: str, enough: Callable[[], bool] | None = None) -> bool:
        """Start, and whether it died at this failpoint before it had enough and ended in order.

        Args:
            failpoint: with the passage, `06:3`.
            enough: asked again and again while it runs; by default whether everything is drained.
        """
        pid = self.start(failpoint)
        code = self.until(pid, enough or self.done(pid))
        return self._died(pid, self.stop(pid) if code is None else code, failpoint)

    def killed_after(self, seconds: float) -> bool:
        """Start, and kill it after so many seconds, wherever it is then."""
        pid = self.start()
        end = time.monotonic() + seconds
        code = self.until(pid, lambda: time.monotonic() >= end)
        if code is None:
            os.kill(pid, signal.SIGKILL)
            code = self.until(pid, lambda: False)
        return self._died(pid, code or 0, "random")

    def drain(self) -> int:
        """Start once more, and stop it in order once everything is drained; gives its exit code."""
        pid = self.start()
        code = self.until(pid, self.done(pid))
        code = self.stop(pid) if code is None else code
        if code:
            self.trouble.append(f"it does not go on ({code}): {self.last_words()}")
        return code

    def stop(self, pid: int) -> int:
        """Stop it in order; gives the exit code."""
        os.kill(pid, signal.SIGTERM)
        code = self.until(pid, lambda: False)
        self.history.happened("stop", pid=pid, code=code)
        return -1 if code is None else code

    def done(self, pid: int) -> Callable[[], bool]:
        """Whether a broker is up, so that it can be stopped in order, and has drained everything."""
        return lambda: self.is_up(pid) and self.is_drained()

    def is_up(self, pid: int) -> bool:
        """Whether the broker says that it runs: what an earlier one said may still lie there."""
        try:
            return bool(json.loads((self.home.path / "running.json").read_text(encoding="utf-8"))["pid"] == pid)
        except (OSError, ValueError):
            return False

    def is_drained(self) -> bool:
        """Whether the home's own positions have reached the end of every topic."""
        ours = positions(self.home)
        return all(ours.get(place, 0) >= end for place, end in ends(self.place.offered).items())

    def last_words(self) -> str:
        """The last line that the broker wrote."""
        lines = (
            self.output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            if self.output.exists()
            else []
        )
        return lines[-1][:300] if lines else "it said nothing"

    def _died(self, pid: int, code: int, failpoint: str) -> bool:
        if code != -signal.SIGKILL:
            if code:
                self.trouble.append(f"it ended by itself ({code}): {self.last_words()}")
            return False
        self.kills += 1
        self.history.happened("kill", pid=pid, failpoint=failpoint)
        if self.sabotage and KINDS[self.sabotage].power_cut:
            power.cut(self.home.raw, self.notes)
        return True

    def until(self, pid: int, holds: Callable[[], bool]) -> int | None:
        """Exit code where it ended first, None where something holds first."""
        end = time.monotonic() + PATIENCE
        while True:
            code = self.place.nursery.ended(pid)
            if code is not None:
                return code
            if holds():
                return None
            if time.monotonic() > end:
                self.trouble.append(f"it hangs: {self.last_words()}")
                os.kill(pid, signal.SIGKILL)
                end = float("inf")
            time.sleep(LOOK)


def ends(offered: list[Offered]) -> Mapping[tuple[str, int], int]:
    """The end of every topic and partition."""
    found: dict[tuple[str, int], int] = {}
    for each in offered:
        place = (each.topic, each.partition)
        found[place] = max(found.get(place, 0), each.offset + 1)
    return found


def positions(home: Home) -> dict[tuple[str, int], int]:
    """Committed source positions, read beside the broker; nothing where there is no store yet."""
    if not home.store.exists():
        return {}
    try:
        with closing(sqlite3.connect(f"file:{home.store}?mode=ro", uri=True, timeout=5)) as store:
            rows = store.execute("SELECT topic, partition, next_offset FROM source_position").fetchall()
    except sqlite3.OperationalError:
        return {}  # it is being made
    return {(topic, partition): offset for topic, partition, offset in rows}


def _settle(home: Home, place: Place, name: str) -> None:
    (home.path / "linnet.toml").write_text(
        "batch = 4\npublish_private = true\n"
        f'[kafka]\nbootstrap = "{place.bootstrap}"\ngroup = "{name}"\n'
        f'[registry]\nurl = "{place.registry}"\n',
        encoding="utf-8",
    )
    control = SqliteControl.open(home.control)
    install(control)
    control.set_active(name, control.add_filter(name, EVERYTHING, topic_line="every alert"))
    control.add_route(FILES_ROUTE)
    control.add_route(Route("kafka", f"kafka:{place.bootstrap}", (name,)))
    control.close()
