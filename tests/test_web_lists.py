"""The API of lists shows public ones alone, takes whole files, and refuses what is none with its row."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from mocpy import MOC

from linnet.adapters import moc_files
from linnet.adapters.list_files import read_watchlist
from linnet.app.config import Settings
from linnet.app.home import existing
from linnet.app.serve import broker
from linnet.app.wiring import reader
from linnet.core.watchlist import MAX_ENTRIES
from linnet.operations.list_keeping import ListKeeping, Told
from linnet.web import guard
from small_home import ingest
from web_broker import client

LISTS = "/api/v1/lists"
HERE = "238.6585 24.6908 3 the one\n10 10 2 <b>\n"


class Site:
    """A served home with 14 alerts of one object."""

    def __init__(self, web: Any, keeping: ListKeeping, folder: Path) -> None:
        self.web = web
        self.keeping = keeping
        self.folder = folder

    def post(self, path: str, content: str | bytes, status: int = 201) -> Any:
        """Upload a file."""
        answer = self.web.post(f"{LISTS}/{path}", content=content)
        assert answer.status_code == status, answer.text
        return answer.json()

    def get(self, path: str = "", status: int = 200) -> Any:
        """An answer."""
        answer = self.web.get(f"{LISTS}{path}")
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def home(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ingest(samples / "ztf/transient", tmp_path_factory.mktemp("served") / "home")


@pytest.fixture
def site(home: Path, tmp_path: Path) -> Iterator[Site]:
    with reader(existing(home), Settings()) as parts, client(broker(parts)) as web:
        for each in parts.control.lists.versions():
            if each.name in {v.name for v in parts.control.lists.versions(each.sort)}:
                parts.control.lists.remove(each.sort, each.name)
        yield Site(web, ListKeeping(parts.control, parts.lists), tmp_path)


def test_a_watchlist_is_uploaded_paged_renewed_and_looked_up_in_the_past(site: Site) -> None:
    made = site.post("watchlist/mine?description=My%20stars", HERE)
    assert (made["name"], made["size"], made["is_new"]) == ("mine", 2, True)
    assert made["expression"] == "in_watchlist('mine')"
    (row,) = site.get()["lists"]
    assert (row["sort"], row["name"], row["description"], row["source"]) == (
        "watchlist",
        "mine",
        "My stars",
        "uploaded",
    )
    first = site.get("/watchlist/mine?limit=1")
    second = site.get("/watchlist/mine?limit=1&first=1")
    assert (first["complete"], second["complete"]) == (False, True)
    assert {e["label"] for page in (first, second) for e in page["entries"]} == {"the one", "<b>"}
    past = site.get("/watchlist/mine/past?limit=5")
    assert (past["total"], past["complete"], len(past["matches"])) == (14, False, 5)
    match = past["matches"][0]
    assert (match["label"], match["is_first"], match["object_id"]) == ("the one", True, "ZTF19aazzpje")
    assert isinstance(match["alert_id"], str)
    assert len(site.get("/watchlist/mine/past?first=10")["matches"]) == 4
    assert site.post("watchlist/mine", HERE)["is_new"] is False
    renewed = site.post("watchlist/mine?radius=2", "10 10\n")
    assert (renewed["version"] - made["version"], renewed["is_new"]) == (1, True)
    assert [v["version"] - made["version"] for v in site.get("/watchlist/mine")["versions"]] == [0, 1]
    assert site.get("/watchlist/mine/past")["total"] == 0
    content = site.web.get(f"{LISTS}/watchlist/mine/file").content
    assert pq.read_table(io.BytesIO(content)).column("ra").to_pylist() == [10.0]


def test_an_area_is_uploaded_and_given_back_as_a_moc(site: Site) -> None:
    made = site.post("area/field?order=12", json.dumps([[238, 24], [239, 24], [239, 25.2], [238, 25]]))
    assert made["share"] == pytest.approx(2.427e-5, rel=0.05)
    assert site.get("/area/field/past")["total"] == 14
    answer = site.web.get(f"{LISTS}/area/field/file")
    assert answer.headers["content-type"] == "application/fits"
    (site.folder / "moc.fits").write_bytes(answer.content)
    moc = MOC.load(site.folder / "moc.fits", "fits")
    assert len(moc.to_depth29_ranges) == made["size"]
    assert np.isclose(moc.sky_fraction, made["share"])
    assert "entries" not in site.get("/area/field")


def test_a_private_list_is_as_if_it_were_not_there(site: Site) -> None:
    (site.folder / "mine").write_text(HERE, encoding="utf-8")
    site.keeping.watchlist("hidden", read_watchlist(site.folder / "mine"), Told())
    site.keeping.watchlist("shown", read_watchlist(site.folder / "mine"), Told(visibility="public"))
    assert [row["name"] for row in site.get()["lists"]] == ["shown"]
    said = {
        site.get(f"/watchlist/{name}{what}", 404)["detail"] for name in ("hidden", "nobody") for what in ("", "/past")
    }
    assert {text.replace("hidden", "X").replace("nobody", "X") for text in said} == {
        "there is no public watchlist X here"
    }
    assert site.web.get(f"{LISTS}/watchlist/hidden/file").status_code == 404
    assert "is taken" in site.post("watchlist/hidden", HERE, 409)["detail"]
    site.keeping.watchlist("shown", read_watchlist(site.folder / "mine"), Told(visibility="private"))
    assert site.get()["lists"] == []


@pytest.mark.parametrize(
    ("path", "content", "status", "said"),
    [
        ("watchlist/bad", "1 2 3\n1 99 3\n", 400, "row 2: 99 is no dec"),
        ("watchlist/bad", "1 2 3\n1 2 9999\n", 400, "row 2: 9999 is no radius"),
        ("watchlist/bad", "", 400, "the upload is empty"),
        ("watchlist/bad", b"\x00\xff" * 1000, 400, ""),
        ("watchlist/Bad", HERE, 422, "name"),
        ("area/bad", "nothing", 400, "is no shape"),
        ("area/bad?order=30", "[]", 422, "order"),
        ("area/..%2Fx", "[]", 404, ""),
        ("stars/bad", HERE, 405, ""),
    ],
)
def test_what_cannot_be_taken_is_refused_in_one_line(
    site: Site, path: str, content: str | bytes, status: int, said: str
) -> None:
    detail = site.post(path, content, status)["detail"]
    assert said in detail
    assert "\n" not in detail
    assert tempfile.gettempdir() not in detail
    assert site.get()["lists"] == []


def test_an_upload_is_guarded_like_every_other_write_but_may_be_large(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = site.web.post(f"{LISTS}/watchlist/x", content=HERE, headers={"sec-fetch-site": "cross-site"})
    assert foreign.status_code == 403
    n = 20_000
    assert n * len("10.5 20.25 3\n") > guard.MAX_BODY
    assert site.post("watchlist/long", "10.5 20.25 3\n" * n)["size"] == n
    assert guard.MAX_UPLOAD / MAX_ENTRIES > 100
    monkeypatch.setattr(guard, "MAX_UPLOAD", 10)
    assert "larger than 10 bytes" in site.post("watchlist/x", HERE, 413)["detail"]


def test_a_broker_without_lists_says_so(home: Path) -> None:
    with reader(existing(home), Settings()) as parts:
        bare = replace(broker(parts), lists=None)
        with client(bare) as web:
            assert web.get(LISTS).status_code == 403


def test_the_area_that_a_served_home_keeps_is_the_one_that_was_sent(site: Site) -> None:
    sent = MOC.from_string("5/100-200 8/70000")
    content = io.BytesIO()
    sent.serialize("fits").writeto(content)
    site.post("area/mocs", content.getvalue())
    (site.folder / "back").write_bytes(site.web.get(f"{LISTS}/area/mocs/file").content)
    assert (moc_files.read(site.folder / "back") == np.asarray(sent.to_depth29_ranges, dtype=np.int64)).all()
