"""Real malformed inputs among good packets: each is one dead letter, and costs the good ones nothing (9 s).

Good packets come in the order of their nights with a malformed file after every few of them, so that most batches hold
both.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from typing import Any, cast

import fastavro
import pytest

from linnet.app.config import Settings
from linnet.app.home import create, existing
from linnet.app.wiring import reader
from linnet.core.dump import differences
from offered_messages import offers
from processes import linnet

BATCH = 7

REASONS = {
    "avro-eol-mangled": "BAD_CONTAINER",
    "avro-invalid-default-turbo": "BAD_SCHEMA",
    "avro-invalid-default-winter": "BAD_SCHEMA",
    "avro-redefined-type": "BAD_SCHEMA",
    "avro-sync-mismatch": "BAD_CONTAINER",
    "html-saved-as-avro": "NOT_A_PACKET",
    "lasair-bad-csv": "NOT_A_PACKET",
    "lsst-unknown-schema-id": "UNKNOWN_SCHEMA",
    "orbit-file-bad-format": "NOT_A_PACKET",
    "voevent-leading-text-frb": "NOT_A_PACKET",
    "voevent-mwa-do-not-work": "NOT_A_PACKET",
    "voevent-mwa-not-well-formed": "NOT_A_PACKET",
    "voevent-no-namespace": "NOT_A_PACKET",
}
"""What is wrong with each folder of them."""

Home = tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]], str]
"""The account, the dump, all dead letters, and standard error of an ingest."""


def taken(packets: Path, home: Path) -> Home:
    """Ingest a folder in the order of its names, in small batches."""
    create(home)
    (home / "linnet.toml").write_text(f"batch = {BATCH}\n")
    told = linnet("ingest", packets, "--as-found", "--json", "--home", home)
    assert told.returncode == 0, told.stderr
    with reader(existing(home), Settings()) as parts:
        numbers = parts.store.dead(limit=1000).column("dead_id").to_pylist()
        letters = [parts.store.dead_letter(n).to_pylist()[0] for n in numbers]
        return json.loads(told.stdout), parts.store.dump(), letters, told.stderr


@pytest.fixture(scope="module")
def malformed(shared_data: Path) -> list[Path]:
    """Every real malformed file."""
    return sorted(p for p in (shared_data / "malformed").rglob("*") if p.is_file())


@pytest.fixture(scope="module")
def good(shared_data: Path, samples: Path) -> list[bytes]:
    """Sample packets of both surveys, containers and framed, by night; one container of several alerts."""
    folders = ("ztf/transient", "ztf/forced-photometry", "lsst/test-stream", "lsst/wire", "lsst/deep-field")
    found = [offer for name in folders for offer in offers(samples / name, shared_data / "schemas")]
    found.sort(key=lambda offer: min(alert.night or 0 for alert in offer.alerts))
    assert any(len(offer.alerts) > 1 for offer in found)
    return [offer.value for offer in found]


@pytest.fixture(scope="module")
def alone(good: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The good packets without the malformed ones."""
    folder = tmp_path_factory.mktemp("alone")
    (folder / "packets").mkdir()
    for number, value in enumerate(good):
        (folder / "packets" / f"{number:03d}").write_bytes(value)
    return taken(folder / "packets", folder / "home")


@pytest.fixture(scope="module")
def mixed(good: list[bytes], malformed: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same, each followed by a malformed file while there are any."""
    folder = tmp_path_factory.mktemp("mixed")
    (folder / "packets").mkdir()
    for number, (value, bad) in enumerate(zip_longest(good, malformed)):
        if value is not None:
            (folder / "packets" / f"{number:03d}-a").write_bytes(value)
        if bad is not None:
            (folder / "packets" / f"{number:03d}-b-{bad.parent.name}").write_bytes(bad.read_bytes())
    return taken(folder / "packets", folder / "home")


def test_each_malformed_file_is_one_dead_letter_that_holds_its_bytes(mixed: Home, malformed: list[Path]) -> None:
    found, _, letters, _ = mixed
    assert Counter(letter["value"] for letter in letters) == Counter(path.read_bytes() for path in malformed)
    for letter in letters:
        assert letter["sha256"] == sha256(letter["value"]).hexdigest()
        assert letter["reason"] == REASONS[letter["key"].decode().partition("-b-")[2]], letter
        assert letter["detail"]
    assert found["dead"] == dict(Counter(letter["reason"] for letter in letters))
    assert found["received"] == found["archived"] + found["duplicates"] + len(malformed)


def test_no_traceback_is_shown(mixed: Home) -> None:
    # With --json everything that is not the account goes here, warnings of modules and filters too.
    assert mixed[3] == ""


def test_good_packets_of_the_same_run_are_as_without_the_malformed_ones(mixed: Home, alone: Home) -> None:
    assert differences(mixed[1], alone[1]) == []
    assert alone[0]["archived"] > 30
    same = ("archived", "duplicates", "objects", "matched", "delivered", "withheld")
    assert {n: mixed[0][n] for n in same} == {n: alone[0][n] for n in same}
    assert mixed[0]["dead"] != alone[0]["dead"] == {}


def test_of_a_container_that_is_damaged_in_its_last_block_no_alert_is_taken(shared_data: Path, tmp_path: Path) -> None:
    whole = shared_data / "ztf/fink-transfer-2026"
    reader_of = fastavro.reader(io.BytesIO(next(whole.glob("*.avro")).read_bytes()))
    records = list(reader_of)
    out = io.BytesIO()
    schema = cast("dict[str, Any]", reader_of.writer_schema)
    fastavro.writer(out, schema, records, codec="deflate", sync_interval=200_000)
    data = out.getvalue()
    assert data.count(data[-16:]) > 3, "sync markers: blocks but for the header"
    damaged = bytearray(data)
    damaged[-17] ^= 0x10
    packets = tmp_path / "packets"
    packets.mkdir()
    (packets / "a-damaged").write_bytes(damaged)
    found, dump, letters, errors = taken(packets, tmp_path / "home")
    assert (found["received"], found["archived"], found["dead"]) == (1, 0, {"BAD_CONTAINER": 1})
    assert letters[0]["value"] == damaged
    assert errors == ""
    assert all(table.num_rows == 0 for table in dump.values())
    assert not list((tmp_path / "home" / "archive" / "raw").rglob("*.avro"))
    (packets / "b-whole").write_bytes(data)
    home = tmp_path / "other-home"
    assert taken(packets, home)[0]["archived"] == len(records) == 31
