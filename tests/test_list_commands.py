"""`linnet watchlist` and `linnet area` from end to end, killed between file and row, and every refusal in one line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from linnet.app.config import Settings
from linnet.app.home import existing
from linnet.app.wiring import open_control, writer
from processes import Done, call, linnet
from small_home import told

HERE = "238.6585 24.6908 3 the one\n10 10 2\n"
"""The first is where the sample packets of `ztf/transient` are."""
FIELD = "icrs\npolygon(238,24,239,24,239,25.2,238,25)\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def said(done: Done) -> str:
    """What a command that succeeds answers, on one line."""
    assert done.returncode == 0, done.stderr
    return " ".join(done.stdout.split())


def answer(*arguments: str | Path) -> Any:
    return json.loads(call(*arguments, "--json").stdout)


def tags(home: Path, name: str) -> int:
    return int(answer("audit", "--home", home)["matched"].get(name, 0))


def test_a_watchlist_is_added_matched_renewed_and_removed(home: Path, samples: Path, tmp_path: Path) -> None:
    packets, file = samples / "ztf/transient", written(tmp_path, "mine.txt", HERE)
    n = len(list(packets.iterdir()))
    added = said(call("watchlist", "add", "mine", file, "--filter", "--description", "My stars", "--home", home))
    assert "mine version 1: 2 entries; filters ask it by in_watchlist('mine')" in added
    assert "filter mine version 1 asks in_watchlist('mine')" in added
    assert call("ingest", packets, "--home", home).returncode == 0
    assert tags(home, "mine") == n
    (row,) = answer("watchlist", "list", "--home", home)
    assert (row["name"], row["version"], row["size"], row["visibility"]) == ("mine", 1, 2, "private")
    assert (row["description"], row["source"], row["owner"]) == ("My stars", "mine.txt", "local")
    past = answer("watchlist", "past", "mine", "--home", home)
    assert (past["alerts"], past["matches"], past["objects"]) == (n, n, 1)
    assert {m["label"] for m in past["rows"]} == {"the one"}
    assert [m["is_first"] for m in past["rows"]].count(True) == 1
    some = answer("watchlist", "past", "mine", "--nights", "20190701..20190704", "--home", home)
    assert 0 < some["matches"] < n
    renewed = said(call("watchlist", "update", "mine", written(tmp_path, "b.txt", "10 10 2\n"), "--home", home))
    assert "mine version 2: 1 entries" in renewed
    assert f"0 of {n} alerts of the past lie in mine" in renewed
    assert "mine version 2 has this content already" in said(
        call("watchlist", "update", "mine", tmp_path / "b.txt", "--no-past", "--home", home)
    )
    shown = answer("watchlist", "show", "mine", "--home", home)
    assert [(v["version"], v["size"]) for v in shown["versions"]] == [(1, 2), (2, 1)]
    assert shown["entries"] == [{"ra": 10.0, "dec": 10.0, "radius": 2.0, "label": None}]
    assert said(call("reprocess", "--verify", "--home", home)).endswith("other_run 0")
    told(2, call("watchlist", "remove", "mine", "--home", home), "mine asks for watchlist mine", "--force")
    assert call("filter", "off", "mine", "--home", home).returncode == 0
    assert "watchlist mine is removed" in said(call("watchlist", "remove", "mine", "--home", home))
    assert answer("watchlist", "list", "--home", home) == []
    assert said(call("reprocess", "--verify", "--home", home)).endswith("other_run 0")
    assert "mine version 3: 2 entries" in said(call("watchlist", "add", "mine", file, "--home", home))


def test_an_area_is_added_before_and_after_alerts(home: Path, samples: Path, tmp_path: Path) -> None:
    packets, file = samples / "ztf/transient", written(tmp_path, "field.reg", FIELD)
    n = len(list(packets.iterdir()))
    assert call("ingest", packets, "--home", home).returncode == 0
    added = said(call("area", "add", "field", file, "--public", "--filter", "--home", home))
    assert "field version 1: 0.002427 % of the sky" in added
    assert f"{n} of {n} alerts of the past lie in field, of 1 objects; first night 20190618, last 20190719" in added
    assert tags(home, "field") == 0
    assert call("ingest", samples / "lsst/wire", "--home", home).returncode == 0
    assert tags(home, "field") == 0
    (row,) = answer("area", "list", "--home", home)
    assert (row["name"], row["visibility"], round(row["share"], 9)) == ("field", "public", 2.4268e-05)
    assert "in_area('field')" in said(call("area", "update", "field", file, "--order", "8", "--home", home))
    shown = answer("area", "show", "field", "--home", home)
    assert [v["version"] for v in shown["versions"]] == [1, 2]
    assert shown["past"]["matches"] == n
    assert f"{n} of {n + 3} alerts, 1 objects" in said(call("area", "show", "field", "--home", home))
    assert call("filter", "off", "field", "--home", home).returncode == 0
    assert "area field is removed" in said(call("area", "remove", "field", "--home", home))


def test_what_cannot_be_done_is_said_in_one_line(home: Path, tmp_path: Path) -> None:
    file = written(tmp_path, "mine.txt", HERE)
    assert call("watchlist", "add", "mine", file, "--no-past", "--home", home).returncode == 0
    at = ("--home", home)
    told(2, call("watchlist", "add", "mine", file, *at), "already", "`linnet watchlist update mine`")
    told(2, call("watchlist", "update", "other", file, *at), "there is no watchlist other; there are: mine")
    told(2, call("watchlist", "add", "Mine", file, *at), "cannot be named 'Mine'")
    told(2, call("area", "add", "../x", file, *at), "cannot be named '../x'")
    told(2, call("watchlist", "add", "b", tmp_path / "no", *at), "there is no such file")
    told(2, call("area", "add", "b", tmp_path / "no", *at), "there is no such file")
    told(2, call("area", "add", "b", written(tmp_path, "x", "nothing"), *at), "is no shape")
    told(2, call("watchlist", "add", "b", written(tmp_path, "y", "1 2 3\n1 99 3\n"), *at), "row 2: 99 is no dec")
    told(2, call("watchlist", "add", "b", written(tmp_path, "z", "1 2 3\n1 2 9999\n"), *at), "row 2: 9999 is no radius")
    told(2, call("watchlist", "past", "mine", "--nights", "2019..2020", *at), "are no nights")
    told(2, call("watchlist", "show", "b", *at), "there is no watchlist b; there are: mine")
    told(2, call("area", "remove", "b", *at), "there is no area b")
    told(2, call("filter", "add", "x", "in_watchlist('mien')", *at), "no watchlist", "mine")
    assert call("filter", "add", "b", "mag < 18", *at).returncode == 0
    told(2, call("watchlist", "add", "b", file, "--filter", *at), "there is a filter b already")
    assert [row["name"] for row in answer("watchlist", "list", *at)] == ["mine"]
    assert "nothing was taken yet" in said(call("watchlist", "past", "mine", *at))


def test_a_kill_between_file_and_row_leaves_no_list_and_the_next_try_is_whole(home: Path, tmp_path: Path) -> None:
    file = written(tmp_path, "mine.txt", HERE)
    assert call("filter", "list", "--home", home).returncode != 0
    killed = linnet("watchlist", "add", "mine", file, "--home", home, LINNET_FAILPOINT="21")
    assert killed.returncode == -9
    (left,) = (home / "lists/watchlists/mine").iterdir()
    assert answer("watchlist", "list", "--home", home) == []
    assert "mine version 2: 2 entries" in said(call("watchlist", "add", "mine", file, "--no-past", "--home", home))
    for path in (home / "lists/watchlists/mine").iterdir():
        os.utime(path, (1, 1))
    with writer(existing(home), Settings()):
        pass
    assert [p.name for p in (home / "lists/watchlists/mine").iterdir()] == ["0002.parquet"]
    assert left.name == "0001.parquet"
    control = open_control(existing(home))
    assert [v.version for v in control.lists.versions()] == [2]
    control.close()
