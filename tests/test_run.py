"""`linnet run` on a folder: the real process, killed, stopped, watched, and compared with `linnet ingest`."""

from __future__ import annotations

import json
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from linnet.app.config import Settings
from linnet.app.console import BUSY, USAGE
from linnet.app.home import existing
from linnet.app.wiring import reader
from live_home import LiveHome, by_time, killed, numbers, running, stop, until
from processes import linnet, one_line, start

BATCH = 3

FOLDERS = ("ztf/transient", "ztf/forced-photometry", "ztf/solar-system", "lsst/test-stream", "broken")


@pytest.fixture(scope="module")
def packets(samples: Path) -> list[Path]:
    """Some forty packets of both surveys, in the order of their exposures, and broken ones."""
    return by_time([path for name in FOLDERS for path in (samples / name).iterdir()])


@dataclass(frozen=True)
class Result:
    """What `linnet ingest` makes of the same files."""

    dump: str
    delivered: list[str]
    received: int


@pytest.fixture(scope="module")
def ingested(packets: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Result:
    home = LiveHome.make(tmp_path_factory.mktemp("ingested"))
    home.drop(packets)
    assert linnet("ingest", home.folder, "--home", home.path).returncode == 0
    return Result(home.dump(), home.delivered(), home.audit()["received"])


def finish(home: LiveHome, expected: Result, files: int, kills: int) -> None:
    """Run until everything is committed, stop in order, and compare."""
    with running(home) as (broker, _):
        until(lambda: home.committed() == files, broker)
        stop(broker)
    assert home.dump() == expected.dump
    assert sorted(set(home.delivered())) == expected.delivered
    found = home.audit(deep=True)
    assert found["received"] - found["duplicates"] == expected.received
    # A batch that spans nights is several commits, and its position comes with the last: it may be offered again.
    assert found["duplicates"] <= kills * BATCH


@pytest.mark.parametrize("failpoint", ["01:3", "02:3", "03:4", "06:3", "07:5", "08:2", "15:2"])
def test_a_kill_at_a_failpoint_loses_and_doubles_nothing(
    failpoint: str, packets: list[Path], ingested: Result, tmp_path: Path
) -> None:
    home = LiveHome.make(tmp_path)
    home.drop(packets)
    assert killed(home.start(LINNET_FAILPOINT=failpoint)), "the failpoint was never passed"
    before = home.committed()
    assert before < len(packets)
    finish(home, ingested, len(packets), 1)


def test_kills_at_any_time_while_files_are_dropped_lose_and_double_nothing(
    packets: list[Path], ingested: Result, tmp_path: Path
) -> None:
    home = LiveHome.make(tmp_path)
    for kill in range(4):
        home.drop(packets[kill * 8 : kill * 8 + 8], kill * 8)
        with running(home) as (broker, _):
            done = home.committed()
            until(lambda seen=done: home.committed() > seen, broker)  # type: ignore[misc]  # bound to this round
            time.sleep(0.01 * kill)
            broker.kill()
    home.drop(packets[32:], 32)
    finish(home, ingested, len(packets), 4)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_in_order_with_everything_delivered_and_archived(
    number: int, packets: list[Path], tmp_path: Path
) -> None:
    home = LiveHome.make(tmp_path)
    home.drop(packets)
    with running(home) as (broker, client):
        until(lambda: home.committed() > 5, broker)
        lines = stop(broker, number)
        assert not (home.path / "running.json").exists()
        with pytest.raises(OSError, match=r".*"):
            __import__("socket").create_connection(("127.0.0.1", client.base_url.port or 0), 1)
    found = home.audit(deep=True)
    assert found["received"] == home.committed()
    assert found["waiting"] == 0
    with reader(existing(home.path), Settings()) as parts:
        assert not parts.store.pending()
    assert [line["event"] for line in lines if line["event"] != "report"] == ["started", "stopped"]
    reports = [line for line in lines if line["event"] == "report"]
    assert sum(line["received"] for line in reports) == found["received"]
    assert sum(sum(line.get("dead", {}).values()) for line in reports) == sum(found["dead"].values())
    assert sum(line.get("delivered", 0) for line in reports) == sum(found["delivered"].values())


def test_the_metrics_are_the_numbers_of_the_audit(packets: list[Path], tmp_path: Path) -> None:
    home = LiveHome.make(tmp_path)
    home.drop([*packets, *packets[-5:]])
    with running(home) as (broker, client):
        until(lambda: home.committed() == len(packets) + 5, broker)
        for waiting in ("linnet_route_lag", "linnet_source_lag_messages"):  # the source is asked once a second
            until(lambda name=waiting: not sum(numbers(client.get("/metrics").text, name).values()), broker)  # type: ignore[misc]  # bound to this round
        text = client.get("/metrics").text
        health = client.get("/health")
        shown = linnet("top", "--home", home.path, "--once")
        stop(broker)
    found = home.audit()
    assert numbers(text, "linnet_dead_letters_total", "reason") == found["dead"]
    assert {n: m for n, m in found["matched"].items() if m} == numbers(text, "linnet_matches_total", "filter")
    assert numbers(text, "linnet_sent_messages_total", "route") == found["delivered"]
    assert numbers(text, "linnet_stage_rows_total", "outcome")["DUPLICATE"] == found["duplicates"] == 5
    with reader(existing(home.path), Settings()) as parts:
        counts = parts.store.counts().to_pylist()
    for row in {(row["stage"], row["outcome"]) for row in counts}:
        stage, outcome = row
        theirs = sum(each["n"] for each in counts if (each["stage"], each["outcome"]) == row)
        only = "\n".join(line for line in text.splitlines() if f'stage="{stage}"' in line)
        assert numbers(only, "linnet_stage_rows_total", "outcome")[outcome] == theirs
    assert numbers(text, "linnet_source_lag_messages", "topic") == {f"{home.folder}/": 0.0}
    ages = numbers(text, "linnet_commit_age_seconds_bucket", "le")
    assert ages["+Inf"] == numbers(text, "linnet_commit_age_seconds_count")[""] == len(packets) + 5
    seconds = numbers(text, "linnet_work_seconds_total", "stage")
    assert {"open", "plan", "filter", "commit"} <= seconds.keys()
    assert all(value > 0 for value in seconds.values())
    assert health.status_code == 200
    told = health.json()
    assert (told["status"], told["lag"], told["backlog"], told["trouble"]) == ("ok", 0, {"files": 0}, [])
    assert 0 <= told["last_commit_age"] < 60
    assert (shown.returncode, shown.stderr) == (0, "")
    for part in ("since it was started", f"received   │     {found['received']}", "BAD_CONTAINER", "p98", "files"):
        assert part in shown.stdout


def test_top_looks_at_the_home_where_no_broker_runs(packets: list[Path], tmp_path: Path) -> None:
    home = LiveHome.make(tmp_path)
    home.drop(packets)
    assert linnet("ingest", home.folder, "--home", home.path).returncode == 0
    # A broker that was killed leaves its note behind.
    (home.path / "running.json").write_text(json.dumps({"pid": 1, "port": 9}))
    shown = linnet("top", "--home", home.path, "--once")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "no broker runs on it" in shown.stdout
    assert "BAD_CONTAINER" in shown.stdout
    nobody = linnet("top", "--port", "9", "--once")
    assert "no broker answers on 127.0.0.1 port 9" in one_line(nobody)


def test_a_half_written_file_is_taken_when_it_is_whole(packets: list[Path], tmp_path: Path) -> None:
    home = LiveHome.make(tmp_path)
    content = packets[-1].read_bytes()
    with running(home) as (broker, _):
        with (home.folder / "slow.avro").open("wb", buffering=0) as file:
            for start_ in range(0, len(content), len(content) // 40):
                file.write(content[start_ : start_ + len(content) // 40])
                time.sleep(0.02)
        (home.folder / ".late.avro").write_bytes(packets[-2].read_bytes()[:1000])
        until(lambda: home.committed() == 1, broker)
        (home.folder / ".late.avro").write_bytes(packets[-2].read_bytes())
        (home.folder / ".late.avro").rename(home.folder / "late.avro")
        until(lambda: home.committed() == 2, broker)
        stop(broker)
    found = home.audit()
    assert (found["archived"], found["dead"]) == (2, {})


def test_a_second_signal_ends_at_once(packets: list[Path], tmp_path: Path) -> None:
    home = LiveHome.make(tmp_path)
    home.drop(packets)
    with running(home) as (broker, _):
        until(lambda: home.committed() > 0, broker)
        broker.send_signal(signal.SIGSTOP)
        broker.send_signal(signal.SIGTERM)
        broker.send_signal(signal.SIGCONT)
        broker.communicate(timeout=60)
        assert broker.returncode == 0


SIGNALS = """
import os, signal, sys, time
from linnet.app.stopping import until_signal
with until_signal(lambda: print("stopping", flush=True)):
    print("ready", flush=True)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        time.sleep(0.05)
"""


def test_the_first_signal_asks_the_second_ends_and_two_at_once_are_one() -> None:
    import subprocess
    import sys

    with subprocess.Popen([sys.executable, "-c", SIGNALS], stdout=-1, stderr=-1, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(signal.SIGTERM)
        time.sleep(1.2)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=5)
    assert process.returncode == 130
    assert err.startswith("linnet: stopped")


def test_wrong_sources_are_one_clear_line(tmp_path: Path) -> None:
    home = LiveHome.make(tmp_path)
    for arguments, told in [
        ([tmp_path / "nowhere"], "there is no such folder"),
        ([tmp_path], "lies in the folder"),
        ([home.folder, home.folder], "named twice"),
    ]:
        done = linnet("run", *arguments, "--home", home.path)
        assert done.returncode == USAGE
        assert told in one_line(done)


def test_one_home_has_one_broker_and_one_port_one_owner(tmp_path: Path) -> None:
    home, other = LiveHome.make(tmp_path), tmp_path / "other"
    with running(home) as (broker, client):
        second = linnet("run", home.folder, "--home", home.path)
        assert second.returncode == BUSY
        assert "is being written by process" in one_line(second)
        taken = linnet("run", home.folder, "--home", other, "--metrics-port", str(client.base_url.port))
        assert taken.returncode == USAGE
        assert "choose another --metrics-port" in one_line(taken)
        assert client.get("/nothing").status_code == 404
        stop(broker)


def test_a_folder_that_goes_away_ends_the_run_with_one_line_and_comes_back(packets: list[Path], tmp_path: Path) -> None:
    home = LiveHome.make(tmp_path)
    home.drop(packets[:4])
    with running(home) as (broker, _):
        until(lambda: home.committed() == 4, broker)
        shutil.move(home.folder, tmp_path / "away")
        _, err = broker.communicate(timeout=60)
        assert broker.returncode == USAGE
        assert err.splitlines()[-1] == f"linnet: the folder {home.folder} is gone"
    shutil.move(tmp_path / "away", home.folder)
    home.drop(packets[4:6], 4)
    with running(home) as (broker, _):
        until(lambda: home.committed() == 6, broker)
        stop(broker)
    assert home.audit()["received"] == 6


def test_serve_answers_for_its_health_too(tmp_path: Path) -> None:
    import httpx

    home = LiveHome.make(tmp_path)
    home.drop([])
    with running(home) as (broker, _):
        stop(broker)
    with start("serve", "--port", "0", "--home", home.path) as server:
        assert server.stdout is not None
        address = server.stdout.readline().split(" at ")[1].split()[0]
        told = httpx.get(f"{address}/health")
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=60)
    assert (told.status_code, told.json()["status"]) == (200, "ok")
