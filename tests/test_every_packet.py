"""Every packet of the shared data is accounted for, in a home that can be folded, verified and fed again (60 s)."""

from __future__ import annotations

import io
import json
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import fastavro
import pytest

from linnet.app.config import Settings
from linnet.app.home import existing
from linnet.app.wiring import reader
from linnet.core.dump import digest
from offered_messages import Offer, Offered, in_order_of_arrival, offers
from processes import linnet

pytestmark = pytest.mark.timeout(900)
"""The first of them waits for an ingest of thousands of packets, one night after another."""

FOLDERS = ("elasticc", "lsst", "ztf")

BARE = {
    "official-samples/87704463155000~021f713c.avro",
    "official-samples/87704463155001~2b81bde5.avro",
    "official-fake-samples/v2_0_fakeAlert.avro",
}
"""Datums without a container or a frame: nothing says by which schema they are to be read."""

NO_PACKETS = (".parquet", ".json", ".gz")

NO_ALERTS = "snana-elasticc2-1percent.tar.gz"
"""A tar of light curves in FITS tables."""

BEFORE_LSST_5 = {
    "alert-stream-simulator/sample_10_alert.avro",
    "plasticc_alerts/53000.0_5_281323062375219199.avro",
    "plasticc_alerts/plasticcAlert_AGAGLIAN_ZTF_NONIaMODEL0_0.avro",
    "plasticc_alerts/plasticcAlert_AG_WRONGHOST_NONIaMODEL0_0.avro",
    "official-fake-samples/v2_1_fakeAlert.avro",
    "official-fake-samples/v2_1_fakeAlert~979c1537.avro",
    "official-fake-samples/v3_0_fakeAlert.avro",
    "official-fake-samples/v4_0_fakeAlert.avro",
}
"""Schemas of LSST older than 5.0, and those of PLAsTiCC, which are made of them."""

FAKE = 281323062375219200
"""The id of the official fakes; those before version 8 have random numbers for a time."""

SIMULATED_TWICE = {1049, 1051, 1054, 1068, 1071, 1072, 1075, 1076, 1078}
"""Ids of ampel-list-schema that two simulations share, with other times and places."""

MOVED = 2481429530015015002
"""Two packets of fink-broker-202310 with this id, of one object: time and place were rewritten in one of them."""


@dataclass(frozen=True)
class Expected:
    """What an account must say, counted without the project.

    Attributes:
        kept: the first alert of each identity, in order of arrival.
        dead: (topic, key, alert id or None, reason) of every dead letter.
    """

    folders: dict[str, dict[str, int]]
    kept: dict[tuple[str, int], Offered]
    dead: frozenset[tuple[str, str, int | None, str]]


@dataclass(frozen=True)
class Ingested:
    """A finished home and what the command said: of the home, and of this run alone."""

    home: Path
    told: dict[str, Any]
    run: dict[str, int]


def account(found: list[Offer]) -> Expected:
    """Go through the messages as they arrive."""
    folders = {o.topic: dict.fromkeys(("received", "archived", "duplicates", "dead"), 0) for o in found}
    kept: dict[tuple[str, int], Offered] = {}
    dead: set[tuple[str, str, int | None, str]] = set()
    for offer in found:
        if offer.refused:
            dead.add((offer.topic, offer.key, None, offer.refused))
            folders[offer.topic]["received"] += 1
    for offer, alert in in_order_of_arrival(found):
        count = folders[offer.topic]
        count["received"] += 1
        first = kept.get((alert.survey, alert.alert_id))
        if alert.night is None:
            dead.add((offer.topic, offer.key, alert.alert_id, "BAD_VALUE"))
        elif first is None:
            kept[alert.survey, alert.alert_id] = alert
            count["archived"] += 1
        elif first.content == alert.content:
            count["duplicates"] += 1
        else:
            dead.add((offer.topic, offer.key, alert.alert_id, "DUP_CONFLICT"))
    for topic, _, _, _ in dead:
        folders[topic]["dead"] += 1
    return Expected(folders, kept, frozenset(dead))


def ingest(shared_data: Path, home: Path) -> Ingested:
    """Take the three folders into a home."""
    told = linnet("ingest", *(shared_data / name for name in FOLDERS), "--json", "--home", home)
    assert told.returncode == 0, told.stderr
    assert "Traceback" not in told.stderr
    found = json.loads(told.stdout)
    return Ingested(home, found, found.pop("run"))


def audited(home: Path, *options: str) -> dict[str, Any]:
    """`linnet audit --json` of a home, which must be in order."""
    told = linnet("audit", "--json", *options, "--home", home)
    found: dict[str, Any] = json.loads(told.stdout)
    assert told.returncode == 0, found["problems"]
    assert found["ok"]
    assert not found["problems"]
    assert found["received"] == found["archived"] + found["duplicates"] + sum(found["dead"].values())
    return found


def dump_of(home: Path) -> str:
    """Digest of the canonical dump."""
    with reader(existing(home), Settings()) as parts:
        return digest(parts.store.dump())


def copied(home: Path, to: Path) -> Path:
    """The same home elsewhere."""
    return Path(shutil.copytree(home, to / "home"))


@pytest.fixture(scope="module")
def everything(shared_data: Path) -> list[Offer]:
    """All messages of the three folders."""
    return [offer for name in FOLDERS for offer in offers((shared_data / name).resolve(), shared_data / "schemas")]


@pytest.fixture(scope="module")
def expected(everything: list[Offer]) -> Expected:
    """Their account."""
    return account(everything)


@pytest.fixture(scope="module")
def ingested(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    """One home that took everything once. Tests only read it."""
    return ingest(shared_data, tmp_path_factory.mktemp("every-packet") / "home")


def test_received_is_archived_and_duplicates_and_dead_letters_per_folder(
    ingested: Ingested, expected: Expected
) -> None:
    found = audited(ingested.home, "--deep")
    assert found == ingested.told
    counted = ("received", "decoded", "archived", "duplicates")
    assert ingested.run == {**{n: found[n] for n in counted}, "dead": sum(found["dead"].values())}
    assert found["folders"] == expected.folders
    for count in found["folders"].values():
        assert count["received"] == count["archived"] + count["duplicates"] + count["dead"]
    for name in ("received", "archived", "duplicates"):
        assert found[name] == sum(count[name] for count in expected.folders.values())
    assert found["dead"] == dict(sorted(Counter(reason for *_, reason in expected.dead).items()))
    assert found["waiting"] == 0
    assert not found["modules_failed"]


def test_the_numbers_of_the_data_are_those_written_down_for_it(everything: list[Offer], expected: Expected) -> None:
    # Counts of another hand: an oracle that reads too little would agree with a broker that reads too little.
    alerts = [(offer, a) for offer in everything for a in offer.alerts]
    ztf = Counter(a.alert_id for _, a in alerts if a.survey == "ztf")
    assert (ztf.total(), len(ztf), ztf.total() - len(ztf)) == (903, 886, 17)
    conflicts = {i for *_, i, reason in expected.dead if reason == "DUP_CONFLICT"}
    assert conflicts == {*SIMULATED_TWICE, MOVED}
    kept = Counter(survey for survey, _ in expected.kept)
    assert kept["ztf"] == 886
    assert kept["elasticc"] == 3661 + 59 + 3


def test_every_dead_alert_of_a_survey_has_a_reason_with_a_name(ingested: Ingested, expected: Expected) -> None:
    found = set()
    for row in letters(ingested.home):
        found.add((row["topic"], row["key"].decode(), row["alert_id"], row["reason"]))
        assert row["detail"]
        key, number, reason = row["key"].decode(), row["alert_id"], row["reason"]
        known = {
            "NOT_A_PACKET": key in BARE or key.endswith(NO_PACKETS) or row["topic"].endswith(NO_ALERTS),
            "UNKNOWN_SCHEMA": key in BEFORE_LSST_5,
            "BAD_VALUE": number == FAKE and "no MJD" in row["detail"],
            "DUP_CONFLICT": number in {*SIMULATED_TWICE, MOVED},
        }
        assert known[reason], row
    assert found == expected.dead


def test_dead_letters_hold_the_bytes_that_came(ingested: Ingested, everything: list[Offer]) -> None:
    sent = {(offer.topic, offer.key): offer for offer in everything}
    for row in letters(ingested.home):
        offer = sent[row["topic"], row["key"].decode()]
        whole = row["position"] < 0
        assert (row["value"] == offer.value) if whole else (row["value"] in offer.value), row["key"]
        assert row["sha256"] == sha256(row["value"]).hexdigest()


def test_the_raw_archive_read_by_fastavro_alone_holds_each_first_alert_once(
    ingested: Ingested, expected: Expected
) -> None:
    found: dict[tuple[str, int], Mapping[str, Any]] = {}
    for path in (ingested.home / "archive" / "raw").rglob("*.avro"):
        for record in fastavro.reader(io.BytesIO(path.read_bytes())):
            packet = cast("dict[str, Any]", record)
            key = _identity(packet)
            assert key not in found, f"{key} is archived twice"
            found[key] = packet
    assert found.keys() == expected.kept.keys()
    for key, archived in found.items():
        assert repr(archived) == repr(expected.kept[key].record), key


def _identity(packet: Mapping[str, Any]) -> tuple[str, int]:
    if "candidate" in packet:
        return "ztf", packet["candidate"]["candid"]
    return "lsst" if "band" in packet["diaSource"] else "elasticc", packet["diaSource"]["diaSourceId"]


def test_folding_the_archive_gives_the_live_store(ingested: Ingested, shared_data: Path, tmp_path: Path) -> None:
    home = copied(ingested.home, tmp_path)
    told = linnet("rebuild", "--replace", "--json", "--home", home)
    assert told.returncode == 0, told.stdout + told.stderr
    found = json.loads(told.stdout)
    assert found["ok"]
    assert found["alerts"] == ingested.told["archived"]
    assert set(found["tables"].values()) == {"equal"}
    assert len(found["tables"]) == 6
    # The rebuilt store now is the live one: same account, same dead letters, and repeats are still recognised.
    assert audited(home, "--deep") == ingested.told
    assert dump_of(home) == dump_of(ingested.home)
    again = linnet("ingest", shared_data / "lsst", "--home", home)
    assert again.returncode == 0, again.stderr
    after = audited(home)
    assert (after["archived"], after["dead"]) == (ingested.told["archived"], ingested.told["dead"])
    assert dump_of(home) == dump_of(ingested.home)


def test_reprocessing_the_archive_gives_the_recorded_rows(ingested: Ingested) -> None:
    told = linnet("reprocess", "--verify", "--json", "--home", ingested.home)
    found = json.loads(told.stdout)
    assert told.returncode == 0, found["examples"]
    assert found["ok"]
    assert found["alerts"] == ingested.told["archived"]
    assert found["other_run"] == 0
    assert found["differences"] == {}


def test_taking_the_same_folders_again_changes_nothing_and_says_so(
    ingested: Ingested, shared_data: Path, tmp_path: Path
) -> None:
    home = copied(ingested.home, tmp_path)
    again = ingest(shared_data, home)
    before, after = ingested.told, again.told
    assert after == audited(home, "--deep")
    sent = {"received": before["received"], "decoded": before["decoded"], "duplicates": before["received"]}
    assert again.run == {**sent, "archived": 0, "dead": 0}
    same = ("archived", "objects", "dead", "matched", "delivered", "withheld")
    assert {n: after[n] for n in same} == {n: before[n] for n in same}
    assert after["received"] == 2 * before["received"]
    assert after["duplicates"] == before["duplicates"] + before["received"]
    assert dump_of(home) == dump_of(ingested.home)
    assert letters(home) == letters(ingested.home)
    outbox = [p.read_bytes() for p in sorted((home / "outbox").iterdir())]
    assert outbox == [p.read_bytes() for p in sorted((ingested.home / "outbox").iterdir())]


def letters(home: Path) -> list[dict[str, Any]]:
    """All dead letters with their bytes."""
    with reader(existing(home), Settings()) as parts:
        numbers = parts.store.dead(limit=100_000).column("dead_id").to_pylist()
        return [parts.store.dead_letter(n).to_pylist()[0] for n in numbers]
