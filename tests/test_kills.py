"""Kill the real process at each named failpoint: nothing is lost, nothing is doubled."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from linnet.app.config import Settings
from linnet.app.home import create, existing
from linnet.app.wiring import reader
from linnet.core.dump import digest
from linnet.core.failpoints import FAILPOINTS
from processes import linnet

BATCH = 7
RECOVERY = "17"
"""The failpoint of start-up: five kills in a row there."""


@dataclass(frozen=True)
class Result:
    """What a finished home holds."""

    dump: str
    dedup_ids: frozenset[str]
    archived: int


def new_home(path: Path) -> Path:
    """An empty home with small batches, so that every failpoint is passed many times."""
    create(path)
    (path / "linnet.toml").write_text(f"batch = {BATCH}\n")
    return path


def outcome(home: Path) -> Result:
    """Dump, deliveries and count of archived packets; the audit must be in order, with every packet read back."""
    told = linnet("audit", "--home", home, "--deep", "--json")
    found = json.loads(told.stdout)
    assert told.returncode == 0, found["problems"]
    assert found["received"] == found["archived"] + found["duplicates"] + sum(found["dead"].values())
    lines = [json.loads(line) for path in (home / "outbox").glob("*.jsonl") for line in path.read_text().splitlines()]
    with reader(existing(home), Settings()) as parts:
        dump = parts.store.dump()
        segments = parts.store.segments()
        assert sum(segments.column("rows").to_pylist()) == dump["alerts"].num_rows
        return Result(digest(dump), frozenset(line["dedup_id"] for line in lines), dump["alerts"].num_rows)


@pytest.fixture(scope="module")
def packets(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some forty sample packets of both surveys on many nights, and the broken ones."""
    folder = tmp_path_factory.mktemp("packets")
    for name in ("ztf/transient", "ztf/forced-photometry", "ztf/solar-system", "lsst/test-stream", "broken"):
        for path in sorted((samples / name).iterdir()):
            (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture(scope="module")
def undisturbed(packets: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The same packets without a kill."""
    home = new_home(tmp_path_factory.mktemp("undisturbed") / "home")
    assert linnet("ingest", packets, "--home", home).returncode == 0
    return outcome(home)


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_a_kill_at_any_failpoint_loses_and_doubles_nothing(
    failpoint: str, packets: Path, undisturbed: Result, tmp_path: Path
) -> None:
    home = new_home(tmp_path / "home")
    kills = 5 if failpoint == RECOVERY else 2
    for nth in range(1, kills + 1):
        # Recovery is passed once per start; elsewhere the second kill comes at a later passage than the first.
        hits = 1 if failpoint in {RECOVERY, "15", "20"} else nth
        killed = linnet("ingest", packets, "--home", home, LINNET_FAILPOINT=f"{failpoint}:{hits}")
        if killed.returncode != -signal.SIGKILL:
            assert nth > 1, f"failpoint {failpoint} was never passed: {killed.stderr}"
    finished = linnet("ingest", packets, "--home", home)
    assert finished.returncode == 0, finished.stderr
    assert outcome(home) == undisturbed
