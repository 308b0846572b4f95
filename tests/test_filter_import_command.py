"""`linnet filter import` prints the translation and what to know of it, and adds it where that is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from linnet.app.console import OK, USAGE, WRONG
from processes import call

GOOD = "objects.glatmean > 20 and objects.ramean < 90"
TREE = '[{"$match": {"candidate.drb": {"$gt": 0.9}}}]'


def written(folder: Path, text: str) -> Path:
    file = folder / "filter.txt"
    file.write_text(text)
    return file


def test_a_translation_is_told_as_json(tmp_path: Path) -> None:
    done = call("filter", "import", "--from", "lasair", written(tmp_path, GOOD), "--json")
    assert (done.returncode, done.stderr) == (OK, "")
    told = json.loads(done.stdout)
    assert told["text"] == "survey = 'ztf' and gal_lat > 20 and ra < 90"
    assert [part["text"] for part in told["near"]] == ["objects.glatmean", "objects.ramean"]
    assert told["refused"] == []


def test_a_watchlist_is_named_as_it_is_called_here(tmp_path: Path) -> None:
    file = written(tmp_path, json.dumps({"tables": "objects, watchlist:7", "conditions": GOOD}))
    done = call("filter", "import", "--from", "lasair", file, "--json")
    assert done.returncode == WRONG
    assert json.loads(done.stdout)["refused"][0]["reason"].endswith("--list watchlist:7=NAME")


def test_a_filter_is_added_only_where_its_meaning_is_accepted(tmp_path: Path, packets_home: Path) -> None:
    file = written(tmp_path, GOOD)
    refused = call("filter", "import", "--from", "lasair", file, "--add", "north", "--home", packets_home)
    assert refused.returncode == USAGE
    assert "--near adds it so" in refused.stderr
    added = call("filter", "import", "--from", "lasair", file, "--add", "north", "--near", "--home", packets_home)
    assert added.returncode == OK, added.stderr
    exact = call(
        "filter", "import", "--from", "skyportal", written(tmp_path, TREE), "--add", "sure", "--home", packets_home
    )
    assert exact.returncode == OK, exact.stderr
    kept = json.loads(call("filter", "list", "--home", packets_home, "--json").stdout)
    texts = {each["filter"]: each["text"] for each in kept if each["active"]}
    assert texts["north"] == "survey = 'ztf' and gal_lat > 20 and ra < 90"
    assert texts["sure"] == "survey = 'ztf' and ztf_drb > 0.9"


@pytest.fixture
def packets_home(tmp_path: Path, samples: Path) -> Path:
    """A home that has taken some packets."""
    (packet, *_) = sorted((samples / "ztf").rglob("*.avro"))
    assert call("ingest", packet, "--home", tmp_path / "home").returncode == OK
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("text", "options", "why"),
    [
        ("objects.glatmean >", ["--from", "lasair"], "does not read on"),
        ("{", ["--from", "skyportal"], "not JSON"),
        (GOOD, ["--from", "lasair", "--list", "watchlist=7"], "write watchlist:7=NAME"),
        (TREE, ["--from", "skyportal", "--survey", "atlas"], "write ztf or lsst"),
        ("x" * 30_000, ["--from", "lasair"], "more than 20000 characters"),
        ("x" * 900_000, ["--from", "lasair"], "too long for a filter"),
        ("\udcff", ["--from", "lasair"], "cannot be read as text"),
        (GOOD, ["--from", "lasair", "--add", "x", "--json"], "do not go together"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(tmp_path: Path, text: str, options: list[str], why: str) -> None:
    file = tmp_path / "filter.txt"
    file.write_bytes(text.encode(errors="surrogateescape"))
    done = call("filter", "import", file, *options)
    assert done.returncode == USAGE
    assert why in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_a_missing_file_is_refused_in_one_line(tmp_path: Path) -> None:
    done = call("filter", "import", tmp_path / "none", "--from", "lasair")
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert len(done.stderr.strip().splitlines()) == 1
