"""`linnet filter why` and `linnet filter test` on a home of real packets. About 20 s."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import linnet.app.stopping
from linnet.app.config import Settings
from linnet.app.console import OK, USAGE
from linnet.app.filter_test_commands import STOPPED
from linnet.app.home import existing
from linnet.app.wiring import reader
from processes import call
from small_home import told

FOLDERS = ("ztf/transient", "ztf/one-field", "ztf/one-container", "lsst/deep-field")


@pytest.fixture(scope="module")
def made(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of alerts of both surveys, of many nights. Nobody writes to it."""
    place = tmp_path_factory.mktemp("past") / "home"
    assert call("ingest", *(samples / f for f in FOLDERS), "--home", place).returncode == OK
    return place


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(made, tmp_path / "home")


def answer(*arguments: str | Path) -> dict[str, Any]:
    """What a command says with --json; it must succeed."""
    done = call("filter", *arguments, "--json")
    assert done.returncode == OK, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def tags(home: Path) -> list[dict[str, Any]]:
    with reader(existing(home), Settings()) as parts:
        found: list[dict[str, Any]] = parts.store.tags_after(0, 10_000).to_pylist()
    return found


def test_what_was_tagged_passes_and_says_so(made: Path) -> None:
    found = tags(made)
    assert len(found) > 10
    for tag in found[::5]:
        told_ = answer("why", tag["filter"], f"{tag['survey']}:{tag['alert_id']}", "--home", made)
        assert (told_["passes"], told_["tagged"], told_["verdict"]) == (True, True, True)
        assert told_["smallest_change"]["column"]
        assert told_["alert_id"] == str(tag["alert_id"])


def test_the_columns_of_the_survey_are_read_out_of_the_packet(made: Path, samples: Path) -> None:
    path = sorted((samples / "ztf" / "transient").glob("*.avro"))[0]
    with path.open("rb") as file:
        (packet,) = fastavro.reader(file)
    assert isinstance(packet, dict)
    found = answer("why", "uniform_sample_clean", str(packet["candid"]), "--home", made)
    saw = {name: value for clause in found["clauses"] for name, value in clause["saw"].items()}
    for name in ("rb", "nbad", "fwhm", "elong"):
        assert saw[f"ztf_{name}"] == pytest.approx(packet["candidate"][name])
    assert found["object_id"] == packet["objectId"]
    by_object = answer("why", "uniform_sample_clean", f"ztf:{packet['objectId']}", "--home", made)
    assert by_object["object_id"] == packet["objectId"]


def test_an_explanation_reads_as_a_table_and_a_sentence(made: Path) -> None:
    tag = tags(made)[0]
    done = call("filter", "why", tag["filter"], str(tag["alert_id"]), "--home", made)
    assert done.returncode == OK
    assert f"passes {tag['filter']} version 1" in done.stdout
    assert "smallest change: with " in done.stdout
    failing = call("filter", "why", "fast_trail", str(tag["alert_id"]), "--home", made)
    assert "does not pass fast_trail" in failing.stdout


def test_functions_of_the_light_curve_and_the_version_that_is_asked_for(home: Path) -> None:
    for text in ("count(lc) >= 1000", "count(lc) >= 1"):
        assert call("filter", "add", "often", text, "--topic", "seen often", "--home", home).returncode == OK
    tag = tags(home)[0]
    seldom, often = (answer("why", "often", str(tag["alert_id"]), "--version", str(v), "--home", home) for v in (1, 2))
    assert (seldom["passes"], often["passes"], often["tagged"]) == (False, True, False)
    n = seldom["clauses"][0]["saw"]["count(lc)"]
    assert seldom["clauses"][0]["margin"] == int(n) - 1000
    assert seldom["smallest_change"]["to"] == 1000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("why", "fast_trail", "5"), ("no alert", "5")),
        (("why", "no_such", "5"), ("no_such", "linnet filter list")),
        (("why", "fast_trail", "decam:5"), ("decam:5",)),
        (("why", "fast_trail", "5", "--version", "9"), ("version 9",)),
        (("test", "no_such"), ("no_such",)),
        (("test",), ("--text",)),
        (("test", "fast_trail", "--text", "mag < 1"), ("not both",)),
        (("test", "--text", "magg < 1"), ("magg", "mag")),
        (("test", "fast_trail", "--nights", "yesterday"), ("20260101..20260131",)),
        (("test", "fast_trail", "--nights", "20260102..20260101"), ("before",)),
        (("test", "fast_trail", "--nights", "19990101"), ("19990101", "recorded")),
        (("test", "fast_trail", "--sample", "0"), ("--sample",)),
        (("test", "fast_trail", "--versus", "7"), ("version 7",)),
        (("test", "--text", "mag < 1", "--versus", "1"), ("--versus",)),
        (("test", "fast_trail", "--against", "nowhere.parquet"), ("nowhere.parquet",)),
    ],
)
def test_a_refusal_is_one_line(made: Path, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    told(USAGE, call("filter", *arguments, "--home", made), *words)


def test_a_back_test_gives_the_tags_and_is_kept(home: Path) -> None:
    caught = {(t["filter"], t["alert_id"]) for t in tags(home)}
    for name in ("variable_star", "bright_new_transient", "young_and_rising"):
        found = answer("test", name, "--home", home)
        assert found["passed"] == len([1 for f, _ in caught if f == name]) > 0
        assert found["live"] == {"live": found["judged"], "live_tagged": found["passed"], "live_differs": 0}
        assert found["complete"]
        again = answer("test", name, "--home", home)
        assert again == found
    assert len(list((home / "backtests").glob("*/report.json"))) == 3
    shown = call("filter", "test", "variable_star", "--home", home)
    assert "come out otherwise now" in shown.stdout
    assert "kept in" in shown.stdout


def test_nights_versions_samples_and_truth(home: Path, tmp_path: Path) -> None:
    for text in ("snr > 5", "snr > 15"):
        assert call("filter", "add", "bright", text, "--topic", "bright", "--home", home).returncode == OK
    whole = answer("test", "bright", "--home", home)
    night = max(n["night"] for n in whole["nights"])
    last = answer("test", "bright", "--nights", str(night), "--home", home)
    assert {n["night"] for n in last["nights"]} == {night}
    some = answer("test", "bright", "--nights", f"20190101..{night}", "--sample", "0.5", "--home", home)
    assert 0 < some["judged"] < some["alerts"] == whole["alerts"]
    against = answer("test", "bright", "--versus", "1", "--home", home)
    assert against["versus"]["version"] == 1
    assert against["versus"]["gained"] == []
    assert len(against["versus"]["lost"]) == against["versus"]["objects"] - against["objects"] > 0
    with reader(existing(home), Settings()) as parts:
        ids = parts.store.alert_ids()["ztf"]
        names = sorted(set(parts.store.alerts("ztf", ids)["object_id"].drop_null().to_pylist()))
    truth = pa.table({"object_id": names, "class": ["sn_ia", "agn"] * (len(names) // 2) + ["agn"] * (len(names) % 2)})
    pq.write_table(truth, tmp_path / "truth.parquet")
    scored = answer("test", "bright", "--against", tmp_path / "truth.parquet", "--home", home)
    assert {c["name"]: c["sources"] for c in scored["classes"]} == {
        "sn_ia": len(names) // 2,
        "agn": len(names) - len(names) // 2,
    }
    table = call("filter", "test", "bright", "--against", tmp_path / "truth.parquet", "--home", home)
    assert "sn_ia" in table.stdout
    assert "Wilson" in table.stdout


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = answer("test", "--text", "snr > 5", "--home", home)
    shutil.rmtree(home / "backtests")

    @contextmanager
    def at_once(stop: Callable[[], None]) -> Iterator[None]:
        stop()
        yield

    with monkeypatch.context() as patched:
        patched.setattr(linnet.app.stopping, "until_signal", at_once)
        done = call("filter", "test", "--text", "snr > 5", "--home", home)
    assert done.returncode == STOPPED
    assert "the same command goes on" in done.stdout
    assert answer("test", "--text", "snr > 5", "--home", home) == whole


def test_an_area_is_asked_as_the_run_knew_it(samples: Path, tmp_path: Path) -> None:
    home, first, second = tmp_path / "home", samples / "ztf" / "transient", samples / "ztf" / "one-field"
    area = tmp_path / "area.txt"
    assert call("ingest", first, "--home", home).returncode == OK
    with reader(existing(home), Settings()) as parts:
        ids = parts.store.alert_ids()["ztf"]
        ra, dec = (parts.store.alerts("ztf", ids)[n][0].as_py() for n in ("ra", "dec"))
    square = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    area.write_text("".join(f"{ra + x} {dec + y}\n" for x, y in square))
    assert call("area", "add", "field", area, "--home", home).returncode == OK
    assert call("filter", "add", "inside", "in_area('field')", "--topic", "inside", "--home", home).returncode == OK
    assert call("ingest", second, samples / "ztf" / "one-container", "--home", home).returncode == OK
    before = answer("test", "inside", "--home", home)
    assert before["live"]["live_differs"] == 0
    assert before["live"]["live"] < before["judged"]
    assert list(before["after_the_fact"]) == ["in_area:field"]
    area.write_text("".join(f"{ra + 40 + x} {dec / 2 + y}\n" for x, y in square))
    assert call("area", "update", "field", area, "--home", home).returncode == OK
    shutil.rmtree(home / "backtests")
    after = answer("test", "inside", "--home", home)
    assert after["live"] == before["live"]
    assert after["passed"] < before["passed"]
