"""A home of every format there ever was still opens, answers, and takes more (scripts/keep_home.py made them)."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import fastavro
import pytest

from linnet.adapters.sqlite_store_layout import STORE
from linnet.app.config import Settings
from linnet.app.home import FORMAT, existing
from linnet.app.serve import broker
from linnet.app.wiring import reader
from processes import call
from small_home import ingest
from web_broker import client

HOMES = sorted((Path(__file__).parent / "homes").glob("format-*.tar.gz"))
OBJECT = "ZTF19aazzpje"
ALERTS = {899207243115015012, 903213723115015014}
LARGEST = 300_000


@pytest.fixture(params=HOMES, ids=lambda path: path.name.removesuffix(".tar.gz"))
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a kept home."""
    with tarfile.open(request.param) as tar:
        tar.extractall(tmp_path / "home", filter="data")
    return tmp_path / "home"


def test_a_small_home_of_every_format_is_kept() -> None:
    kept = {path.name.removesuffix(".tar.gz") for path in HOMES}
    assert kept == {"format-1", *(f"format-{FORMAT}-store-{n}" for n in range(2, STORE.format + 1))}
    assert all(path.stat().st_size <= LARGEST for path in HOMES)


def test_a_kept_home_is_in_order(home: Path) -> None:
    found = json.loads(call("audit", "--deep", "--json", "--home", home).stdout)
    assert found["ok"], found["problems"]
    assert (found["received"], found["archived"], found["dead"]) == (4, 3, {"NOT_A_PACKET": 1})
    assert found["matched"]["kept"] == 2
    assert found["matched"]["bright_new_transient"] == 1


def test_a_kept_home_serves_an_object_and_its_packets(home: Path) -> None:
    with reader(existing(home), Settings()) as parts, client(broker(parts)) as web:
        found = web.get(f"/api/v1/objects/ztf/{OBJECT}").json()
        assert found["object"]["n_alerts"] == len(ALERTS)
        assert found["latest_alert"]["alert_id"] == str(max(ALERTS))
        stamps = web.get(f"/api/v1/alerts/ztf/{max(ALERTS)}/stamps").json()["stamps"]
        assert stamps.keys() == {"science", "template", "difference"}
        points = web.get(f"/api/v1/objects/ztf/{OBJECT}/lightcurve").json()["points"]
        assert {int(p["source_id"]) for p in points if p["source_id"] is not None} >= ALERTS
        assert web.get(f"/object/ztf/{OBJECT}").status_code == 200


def test_the_packets_of_a_kept_home_are_plain_avro(home: Path) -> None:
    segments = (home / "archive" / "raw" / "ztf").rglob("*.avro")
    records: list[Any] = [record for path in segments for record in fastavro.reader(io.BytesIO(path.read_bytes()))]
    assert {record["candid"] for record in records} == ALERTS


def test_a_kept_home_takes_more_and_knows_what_it_has(home: Path, samples: Path) -> None:
    before = json.loads(call("audit", "--json", "--home", home).stdout)
    ingest(samples / "ztf" / "transient", home)
    found = json.loads(call("audit", "--deep", "--json", "--home", home).stdout)
    offered = len(list((samples / "ztf" / "transient").iterdir()))
    assert found["ok"], found["problems"]
    assert found["duplicates"] - before["duplicates"] == len(ALERTS)
    assert found["archived"] - before["archived"] == offered - len(ALERTS)
    assert found["matched"]["kept"] > before["matched"]["kept"]
    # A store of an older format is derived: whatever it was made by, today's code must fold the archive to the same.
    assert call("rebuild", "--home", home).returncode == 0
    assert call("reprocess", "--verify", "--home", home).returncode == 0


def test_the_filters_that_people_added_are_still_there(home: Path) -> None:
    found = {f["filter"]: f for f in json.loads(call("filter", "list", "--json", "--home", home).stdout)}
    assert (found["kept"]["text"], found["kept"]["active"], found["kept"]["owner"]) == ("mag < 30", True, "local")
