"""A running broker, in a process of its own, takes up filters that another process switches on and off under load."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from linnet.adapters.sqlite_control import SqliteControl
from linnet.app.config import Settings
from linnet.app.home import existing
from linnet.app.wiring import reader
from live_home import LiveHome, by_time, running, stop, until

EVERY = ("alert_id is not null", "mjd is not null", "ra is not null")
"""Three ways to say all of them."""


@pytest.fixture(scope="module")
def packets(samples: Path) -> list[Path]:
    """Some forty packets of one survey."""
    folders = ("ztf/transient", "ztf/forced-photometry", "ztf/solar-system", "ztf/variable")
    return by_time([path for name in folders for path in (samples / name).iterdir()])


def drop_slowly(home: LiveHome, packets: Sequence[Path], done: threading.Event) -> threading.Thread:
    """Files that arrive all the time."""

    def work() -> None:
        for number, path in enumerate(packets):
            home.drop([path], number)
            time.sleep(0.12)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def table(home: LiveHome) -> tuple[list[dict[str, Any]], list[int]]:
    """The tag log, and all alerts."""
    with reader(existing(home.path), Settings()) as parts:
        ids = [i for found in parts.store.alert_ids().values() for i in found.to_pylist()]
        return parts.store.tags_after(0, 100_000).to_pylist(), ids


def activate(control: SqliteControl, text: str) -> float:
    """A new version, active; gives the seconds until the running broker has taken it up."""
    version = control.add_filter("every", text, topic_line="all")
    control.set_active("every", version)
    started = time.monotonic()
    until(lambda: control.activation_log("every")[-1].since is not None)
    return time.monotonic() - started


def test_versions_that_are_switched_under_load_miss_no_alert_and_double_none(
    packets: list[Path], tmp_path: Path
) -> None:
    home, done = LiveHome.make(tmp_path, batch=2), threading.Event()
    with running(home) as (broker, _):
        control = SqliteControl.open(home.path / "control.db")
        assert activate(control, EVERY[0]) < 10  # nothing has arrived yet
        dropping = drop_slowly(home, packets, done)
        for text in EVERY[1:]:
            before = home.committed()
            until(lambda least=before + 6: home.committed() >= least, broker)  # type: ignore[misc]  # bound to this round
            assert activate(control, text) < 10
        assert not done.is_set(), "it was to be switched while packets arrive"
        until(done.is_set, broker)
        until(lambda: home.committed() == len(packets), broker)
        stop(broker)
        dropping.join()
    tags, ids = table(home)
    every = [row for row in tags if row["filter"] == "every"]
    assert Counter(row["alert_id"] for row in every) == Counter(ids)
    assert len(ids) == home.audit(deep=True)["archived"] > 30
    assert {row["version"] for row in every} == {1, 2, 3}
    log = control.activation_log("every")
    control.close()
    for each in log:
        judged = [row["seq"] for row in every if row["version"] == each.version]
        assert each.since is not None
        assert each.since <= min(judged)
        assert max(judged) <= (each.until or 10**9)
    for one, following in pairwise(log):
        assert one.until is not None
        assert following.since == one.until + 1
    sent = [json.loads(line) for line in (home.path / "outbox" / "every.jsonl").read_text().splitlines()]
    assert Counter(row["dedup_id"] for row in sent) == Counter(
        f"ztf:{r['alert_id']}:every:{r['version']}" for r in every
    )


def test_an_idle_broker_takes_a_filter_up_and_lets_it_go(packets: list[Path], tmp_path: Path) -> None:
    home = LiveHome.make(tmp_path)
    home.drop(packets[:5])
    with running(home) as (broker, _):
        until(lambda: home.committed() == 5, broker)
        control = SqliteControl.open(home.path / "control.db")
        assert activate(control, EVERY[0]) < 10
        newest = max((row["seq"] for row in table(home)[0]), default=0)
        assert control.activation_log("every")[0].since == newest + 1
        control.set_active("every", None)
        until(lambda: control.activation_log("every")[0].until == newest, broker)
        control.close()
        stop(broker)
    assert not any(row["filter"] == "every" for row in table(home)[0])
