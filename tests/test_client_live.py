"""The client against a real server in another process: killed clients, killed servers, and the command."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from linnet_client import Alert, listen
from served_home import FILTER, log, script, server, until, write, writing
from small_home import SOME, ingest

MATCHES = 1200


@pytest.fixture
def home(samples: Path, tmp_path: Path) -> Path:
    return ingest(samples / SOME, tmp_path / "home")


def told(path: Path) -> list[str]:
    """dedup_id of each whole line of JSON."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [json.loads(line)["dedup_id"] for line in lines]


def test_a_client_killed_again_and_again_misses_nothing_and_repeats_little(home: Path, tmp_path: Path) -> None:
    kept = tmp_path / "my.cursor"
    outs = [tmp_path / f"out{i}" for i in range(4)]
    command = ("-m", "linnet_client", FILTER, "--json", "--cursor", kept)
    with server(home) as (_, url), writing(home, MATCHES) as writer:
        for out in outs[:-1]:
            with script(*command, "--url", url, out=out):
                until(lambda out=out: len(told(out)) > 50, "reading")  # type: ignore[misc]  # bound now
        assert writer.wait(120) == 0
        expected = log(home)
        with script(*command, "--url", url, out=outs[-1]):
            until(lambda: told(outs[-1])[-1:] == expected[-1:], "the rest")
    runs = [told(out) for out in outs]
    everything = [i for run in runs for i in run]
    assert list(dict.fromkeys(everything)) == expected
    assert all(len(set(run)) == len(run) for run in runs)
    # Each run begins again at its cursor, which is at most a tenth of a second behind.
    assert len(everything) - len(expected) < 3 * 600


def test_a_client_outlives_its_server_and_repeats_nothing(home: Path) -> None:
    found: list[Alert] = []

    def read(url: str) -> None:
        with listen(FILTER, url) as stream:
            found.extend(itertools.islice(stream, MATCHES))

    with server(home) as (_, url):
        reader = threading.Thread(target=read, args=(url,), daemon=True)
        reader.start()
        write(home, MATCHES // 3)
    port = int(url.rsplit(":", 1)[1])
    with server(home, port):
        write(home, MATCHES // 3)
    with server(home, port), writing(home, MATCHES // 3):
        reader.join(90)
    assert [a.dedup_id for a in found] == log(home)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`linnet-listen` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "linnet_client", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "COLUMNS": "100"},
    )


def test_the_command_lists_filters_draws_a_table_and_prints_lines(home: Path) -> None:
    write(home, 30, 10, 0)
    with server(home) as (_, url):
        listed = run("--url", url)
        assert listed.returncode == 0, listed.stderr
        assert "young_and_rising" in listed.stdout
        drawn = run(FILTER, "--url", url, "--limit", "10")
        assert drawn.returncode == 0, drawn.stderr
        assert "10 so far" in drawn.stdout
        rows = [line.split() for line in drawn.stdout.splitlines() if line.strip().startswith("ztf")]
        lines = [json.loads(x) for x in run(FILTER, "--url", url, "--json", "--limit", "30").stdout.splitlines()]
        assert [m["dedup_id"] for m in lines] == log(home)
        assert [row[1] for row in rows] == [m["object_id"] for m in lines[-10:]]
        assert [float(row[3]) for row in rows] == [m["ra"] for m in lines[-10:]]
        newest = run(FILTER, "--url", url, "--json", "--last", "3", "--limit", "3").stdout.splitlines()
        assert [json.loads(x) for x in newest] == lines[-3:]
        since = run(FILTER, "--url", url, "--json", "--since", "2020-01-01", "--limit", "1").stdout
        assert json.loads(since) == lines[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["young_and_risin"], ["no filter young_and_risin", "near: young_and_rising"]),
        ([FILTER, "--since", "yesterday"], ["'yesterday' is no time"]),
        ([FILTER, "--url", "nowhere"], ["no address of a broker"]),
        ([FILTER, "--since", "now", "--last", "3"], ["not allowed with"]),
        ([FILTER, "--limit", "-1"], ["invalid"]),
        ([FILTER, "--kafka", "sasl.username"], ["invalid"]),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(home: Path, arguments: list[str], words: list[str]) -> None:
    with server(home) as (_, url):
        done = run(*(arguments if "--url" in arguments else [*arguments, "--url", url]))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr.splitlines()[-1]


def test_the_next_program_in_a_pipe_may_stop_reading(home: Path) -> None:
    write(home, 30, 10, 0)
    with server(home) as (_, url):
        reading = subprocess.Popen(
            [sys.executable, "-m", "linnet_client", FILTER, "--url", url, "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert reading.stdout is not None
        assert reading.stderr is not None
        reading.stdout.readline()
        reading.stdout.close()
        write(home, 10, 1, 0.01)
        assert reading.wait(30) == 0
        assert reading.stderr.read() == b""
        reading.stderr.close()


def test_ctrl_c_is_no_error(home: Path) -> None:
    # What a shell starts in the background is deaf to Ctrl-C, which would be inherited; a handler is not.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with server(home) as (_, url):
        try:
            reading = subprocess.Popen(
                [sys.executable, "-m", "linnet_client", FILTER, "--url", url],
                stderr=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        finally:
            signal.signal(signal.SIGINT, before)
        time.sleep(1.5)
        reading.send_signal(signal.SIGINT)
        _, error = reading.communicate(timeout=30)
    assert (reading.returncode, error) == (0, b"")
