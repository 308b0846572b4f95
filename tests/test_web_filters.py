"""The API of filters: checked, added, compared, switched; and what of it others than the owner may see and do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from client_site import address, match
from web_broker import BIG, ORPHAN, Site, site, visitor

NEW: dict[str, Any] = {
    "name": "mine",
    "text": "mag < 18",
    "topic_line": "Bright",
    "columns": ["mag_err"],
    "must_pass": [{"why": "bright", "row": {"mag": 17.0, "alert_id": str(2**60 + 1)}}],
    "must_not": [{"mag": 19.0}],
}


@pytest.fixture
def here(tmp_path: Path) -> Site:
    return site(tmp_path)


def post(
    where: Site | httpx.Client, path: str, body: dict[str, Any] | None = None, status: int = 200
) -> dict[str, Any]:
    client = where.client if isinstance(where, Site) else where
    answer = client.post(f"/api/v1/filters{path}", json=body or {})
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def get(where: Site | httpx.Client, path: str, status: int = 200) -> dict[str, Any]:
    client = where.client if isinstance(where, Site) else where
    answer = client.get(f"/api/v1{path}")
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def others(where: Site) -> httpx.Client:
    """A browser on another machine."""
    return visitor(replace(where.broker, owners="local"), "203.0.113.7", "http://linnet.example.org")


def test_a_condition_is_checked_and_nothing_is_kept(here: Site) -> None:
    given = {"text": "not(mag>=18)", "must_pass": NEW["must_pass"], "must_not": [{"mag": 17.0}]}
    assert post(here, "/check", given) == {
        "canonical": "not mag >= 18",
        "reads": [{"column": "mag", "type": "float", "unit": "mag"}],
        "examples": [
            {"why": "bright", "must_pass": True, "says": True, "right": True},
            {"why": "must_not: row 1", "must_pass": False, "says": True, "right": False},
        ],
        "ok": False,
    }
    wrong = post(here, "/check", {"text": "mag < 18 and magg > 3"}, 422)
    assert (wrong["position"], wrong["suggestion"]) == (13, "mag")
    assert {f["name"] for f in get(here, "/filters")["filters"]} == {"bright", "moving"}


def test_a_filter_has_versions_activations_and_catches(here: Site) -> None:
    assert post(here, "", {**NEW, "activate": True}, 201) == {"name": "mine", "version": 1, "active": True}
    assert post(here, "", {**NEW, "text": "mag < 17.5 and snr > 3"}, 201)["active"] is False
    told = get(here, "/filters/mine")
    assert (told["state"], told["visibility"], told["owner"]) == ("version 1 is active", "private", "local")
    assert [v["text"] for v in told["versions"]] == ["mag < 18", "mag < 17.5 and snr > 3"]
    assert told["versions"][0]["must_pass"][0]["row"] == {"mag": 17.0, "alert_id": str(2**60 + 1)}
    assert told["versions"][0]["columns"] == ["mag_err"]
    assert [(a["version"], a["since"]) for a in told["activations"]] == [(1, None)]
    assert get(here, "/filters/mine/versions")["versions"] == told["versions"]
    assert get(here, "/filters/mine/versions/2") == told["versions"][1]
    get(here, "/filters/mine/versions/3", 404)
    clauses = get(here, "/filters/mine/diff")["clauses"]
    assert {(c["sign"], c["clause"]) for c in clauses} == {("-", "mag < 18"), ("+", "mag < 17.5"), ("+", "snr > 3")}


def test_a_filter_is_switched_on_and_off(here: Site) -> None:
    post(here, "", NEW, 201)
    found = post(here, "/mine/activate", {"version": 1})
    assert (found["version"], found["active"]) == (1, True)
    assert found["said"] == ["no complete night is here yet, so how much it matches is not known"]
    post(here, "", {"name": "built", "text": "tag('mine') and snr > 3", "topic_line": "x", "activate": True}, 201)
    assert post(here, "/mine/off") == {"name": "mine", "active": False, "built_on_it": ["built"]}
    post(here, "/mine/activate", {"version": 5}, 404)
    post(here, "/nothing/activate", {}, 404)
    post(here, "/mine/activate", {"version": 1, "perhaps": 3}, 422)


def test_a_version_whose_example_is_wrong_is_kept_and_refused(here: Site) -> None:
    refused = post(here, "", {**NEW, "text": "mag < 16", "activate": True}, 422)
    assert "example `bright` does not pass, and must" in refused["detail"]
    assert [(f["version"], f["active"]) for f in get(here, "/filters")["filters"] if f["name"] == "mine"] == [
        (1, False)
    ]
    assert post(here, "/mine/activate", {"force": True})["active"] is True


def test_notices_are_shown_to_the_owner(here: Site) -> None:
    here.broker.control.switch_off("bright", 1, "failed", "it failed in 3 batches")
    (notice,) = get(here, "/filters/bright")["notices"]
    assert (notice["kind"], notice["text"]) == ("failed", "it failed in 3 batches")
    assert get(others(here), "/filters/bright")["notices"] == []


def test_others_change_nothing(here: Site) -> None:
    elsewhere = others(here)
    for path, body in (
        ("", NEW),
        ("/check", {"text": "mag < 18"}),
        ("/bright/off", {}),
        ("/bright/activate", {}),
        ("/bright/visibility", {"visibility": "private"}),
    ):
        assert "own machine" in post(elsewhere, path, body, 403)["detail"]
    assert all(f["active"] for f in get(here, "/filters")["filters"])


@pytest.mark.parametrize(
    ("base", "client", "headers", "is_owner"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1", {}, True),
        ("http://localhost:8000", "::1", {}, True),
        ("http://[::1]:8000", "::1", {}, True),
        ("http://linnet.example.org", "127.0.0.1", {}, False),  # a page that has its name lead here
        ("http://127.0.0.1:8000", "203.0.113.7", {}, False),
        ("http://127.0.0.1:8000", "127.0.0.1", {"x-forwarded-for": "203.0.113.7"}, False),
        ("http://127.0.0.1:8000", "127.0.0.1", {"forwarded": "for=203.0.113.7"}, False),
    ],
)
def test_the_owner_comes_from_this_machine_under_its_own_name(
    here: Site, base: str, client: str, headers: dict[str, str], is_owner: bool
) -> None:
    browser = visitor(replace(here.broker, owners="local"), client, base, headers)
    assert browser.post("/api/v1/filters/bright/off").status_code == (200 if is_owner else 403)


@pytest.mark.parametrize(("owners", "status"), [("nobody", 403), ("anybody", 200)])
def test_who_the_owner_is_can_be_set(here: Site, owners: Any, status: int) -> None:
    browser = visitor(replace(here.broker, owners=owners), "::1", "http://127.0.0.1")
    assert browser.post("/api/v1/filters/bright/off").status_code == status


SEEN = ("/filters", "/alerts", f"/alerts/lsst/{ORPHAN}", "/streams/*?form=page", "/audit")


def test_a_private_filter_is_nowhere_for_others(tmp_path: Path) -> None:
    here = site(tmp_path, audit=lambda: {"ok": True, "matched": {"bright": 4, "moving": 1}})
    post(here, "/moving/visibility", {"visibility": "private"})
    elsewhere, pages = others(here), ("/", f"/alert/lsst/{ORPHAN}")
    for path in SEEN:
        assert '"moving"' in here.client.get(f"/api/v1{path}").text, path
        assert '"moving"' not in elsewhere.get(f"/api/v1{path}").text, path
    for path in pages:
        assert "/filter/moving" in here.client.get(path).text, path
        assert "/filter/moving" not in elsewhere.get(path).text, path
    for path in ("/filters/moving", "/filters/moving/versions", "/filters/moving/diff", "/streams/moving?form=page"):
        get(here, path)
        get(elsewhere, path, 404)
    assert elsewhere.get("/api/v1/alerts?tag=moving").status_code == 404
    assert elsewhere.get("/filter/moving").status_code == 404
    assert [m["filter"] for m in get(elsewhere, "/streams/*?form=page")["messages"]] == ["bright"] * 3


def test_the_newest_alerts_of_others_go_on_behind_private_ones(here: Site) -> None:
    post(here, "/bright/visibility", {"visibility": "private"})
    found = get(others(here), "/alerts?limit=1")
    assert [a["filter"] for a in found["alerts"]] == ["moving"]


def test_an_open_stream_of_a_filter_ends_when_it_becomes_private(tmp_path: Path) -> None:
    where = site(tmp_path, owners="nobody")
    with address(where.broker) as base, httpx.Client(timeout=30) as client:
        headers = {"Accept": "text/event-stream"}
        with client.stream("GET", f"{base}/api/v1/streams/moving", headers=headers) as events:
            lines = events.iter_lines()
            first = next(line for line in lines if line.startswith("data: "))
            assert json.loads(first.removeprefix("data: "))["alert_id"] == str(ORPHAN)
            where.broker.control.set_visibility("moving", "private")
            match(where.broker, BIG + 50, name="moving")
            assert [line for line in lines if line.startswith("data: ")] == []
