"""A store that is lost is noticed, made again from the archive, and what had no recorded row is offered again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from linnet.app.config import Settings
from linnet.app.home import existing
from linnet.app.wiring import reader
from linnet.core.dump import digest
from processes import linnet


def dump_of(home: Path) -> str:
    """Digest of the canonical dump."""
    with reader(existing(home), Settings()) as parts:
        return digest(parts.store.dump())


@pytest.fixture(name="home")
def ingested(samples: Path, tmp_path: Path) -> Path:
    """A home with packets of one object."""
    home = tmp_path / "home"
    assert linnet("ingest", samples / "ztf/transient", samples / "broken", "--home", home).returncode == 0
    return home


def lose(home: Path) -> None:
    """Remove the store with its journal."""
    for path in home.glob("store.db*"):
        path.unlink()


def test_a_lost_store_stops_ingest_before_it_cuts_the_archive(home: Path, samples: Path) -> None:
    lose(home)
    refused = linnet("ingest", samples / "ztf/forced-photometry", "--home", home)
    assert refused.returncode == 4
    assert "linnet rebuild --replace" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert any(home.rglob("*.avro"))


@pytest.mark.parametrize("damage", ["gone", "garbage"])
def test_rebuild_makes_a_lost_store_again_from_the_archive(damage: str, home: Path) -> None:
    before = dump_of(home)
    lose(home)
    if damage == "garbage":
        (home / "store.db").write_bytes(b"this is no database" * 1000)
    asked = linnet("rebuild", "--home", home)
    assert asked.returncode == 3
    assert "--replace" in asked.stderr
    made = linnet("rebuild", "--replace", "--home", home, "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["unrecorded"] == ""
    assert dump_of(home) == before
    audit = linnet("audit", "--deep", "--home", home)
    assert audit.returncode == 0, audit.stdout


def test_packets_without_a_recorded_row_are_saved_and_can_be_ingested_again(home: Path, samples: Path) -> None:
    # Killed at shutdown: committed, but no science file was written for the second folder.
    killed = linnet("ingest", samples / "ztf/forced-photometry", "--home", home, LINNET_FAILPOINT="20")
    assert killed.returncode == -9
    with reader(existing(home), Settings()) as parts:
        stored = parts.store.dump()["alerts"].num_rows
        recorded = sum(t.num_rows for *_, t in parts.store.pending())
    assert recorded > 0
    lose(home)
    made = json.loads(linnet("rebuild", "--replace", "--home", home, "--json").stdout)
    assert made["alerts"] == stored - recorded
    again = linnet("ingest", made["unrecorded"], "--home", home)
    assert again.returncode == 0, again.stdout
    with reader(existing(home), Settings()) as parts:
        assert parts.store.dump()["alerts"].num_rows == stored
    audit = linnet("audit", "--deep", "--home", home)
    assert audit.returncode == 0, audit.stdout
