"""The API of what filters did and would have done, beside the store and the command line. About 15 s."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from linnet.app.backtesting import past_of, text_filter
from linnet.app.config import Settings
from linnet.app.home import existing
from linnet.app.serve import broker
from linnet.app.wiring import Parts, reader
from linnet.core.lots import drawn
from linnet.operations import preview as counting
from linnet.operations.filter_yields import latest_yields
from linnet.operations.preview import preview
from linnet.web.rendering import night
from processes import call
from small_home import ingest
from web_broker import Site, client

DIMMER = "snr > 6 and mag < 20"


@pytest.fixture(scope="module")
def opened(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Parts, Site]]:
    """A home with a kept back-test, and a browser on it."""
    home = ingest(samples / "ztf" / "one-container", tmp_path_factory.mktemp("why") / "home")
    assert call("filter", "test", "bright_new_transient", "--home", home).returncode == 0
    with reader(existing(home), Settings(publish_private=True)) as parts:
        shown = replace(broker(parts), owners="anybody")
        yield parts, Site(shown, client(shown))


def tagged(parts: Parts) -> dict[str, Any]:
    found: dict[str, Any] = parts.store.tags_after(0, 1, "bright_new_transient").to_pylist()[0]
    return found


def test_the_explanation_is_that_of_the_command(opened: tuple[Parts, Site]) -> None:
    parts, site = opened
    tag = tagged(parts)
    alert = str(tag["alert_id"])
    told = site.client.post(f"/api/v1/filters/{tag['filter']}/why", params={"alert": alert}).json()
    command = call("filter", "why", tag["filter"], alert, "--json", "--home", parts.home.path)
    assert told == json.loads(command.stdout)
    assert told["passes"]
    assert told["smallest_change"] is not None
    row = parts.store.alerts("ztf", parts.store.alert_ids()["ztf"]).filter(
        [i == tag["alert_id"] for i in parts.store.alert_ids()["ztf"].to_pylist()]
    )
    other = site.client.post(
        f"/api/v1/filters/{tag['filter']}/why", params={"alert": row["object_id"][0].as_py(), "survey": "ztf"}
    )
    assert other.json()["object_id"] == row["object_id"][0].as_py()


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("bright_new_transient/why?alert=5", 404, "no alert"),
        ("no_such/why?alert=5", 404, "no filter no_such"),
        ("bright_new_transient/why?alert=5&version=7", 404, "no alert"),
        ("bright_new_transient/why", 422, "alert"),
        ("bright_new_transient/why?alert=%3Cscript%3E", 422, "alert"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(opened: tuple[Parts, Site], path: str, status: int, word: str) -> None:
    answer = opened[1].client.post(f"/api/v1/filters/{path}")
    assert answer.status_code == status
    assert word in answer.json()["detail"]


def test_alerts_that_may_not_be_published_are_not_explained(opened: tuple[Parts, Site]) -> None:
    parts, site = opened
    rows = parts.store.alerts("ztf", parts.store.alert_ids()["ztf"])
    names = rows["alert_id"].to_pylist()
    public = dict(zip(names, rows["is_public"].to_pylist(), strict=True))
    strict = client(replace(site.broker, public_only=True))
    statuses = {
        i: strict.post("/api/v1/filters/bright_new_transient/why", params={"alert": str(i)}).status_code
        for i in names[:12]
    }
    assert statuses == {i: 200 if public[i] else 404 for i in names[:12]}
    kept = strict.get("/api/v1/filters/bright_new_transient/backtests").json()["backtests"]
    assert all(each["is_public"] for report in kept for each in report["gallery"])


def test_kept_back_tests_are_listed(opened: tuple[Parts, Site]) -> None:
    parts, site = opened
    (kept,) = site.client.get("/api/v1/filters/bright_new_transient/backtests").json()["backtests"]
    assert kept["passed"] == kept["live"]["live_tagged"] > 0
    assert (parts.home.backtests / f"bright_new_transient-1-{kept['key']}" / "report.json").exists()
    assert site.client.get("/api/v1/filters/fast_trail/backtests").json() == {"backtests": []}
    assert site.client.get("/api/v1/filters/nothing/backtests").status_code == 404


def by_hand(parts: Parts) -> tuple[int, int]:
    rows = parts.store.alerts("ztf", parts.store.alert_ids()["ztf"]).select(["known_night", "snr", "mag"]).to_pylist()
    last = max(r["known_night"] for r in rows)
    mine = [r for r in rows if r["known_night"] == last]
    return len(mine), sum((r["snr"] or 0) > 6 and r["mag"] is not None and r["mag"] < 20 for r in mine)


def test_a_preview_counts_what_plain_python_counts(opened: tuple[Parts, Site]) -> None:
    parts, site = opened
    told = site.client.post("/api/v1/filters/preview", json={"text": DIMMER}).json()
    judged, passed = by_hand(parts)
    assert passed > 0
    assert (told["nights"][0]["judged"], told["passed"], told["estimated"]) == (judged, passed, passed)
    assert told["complete"]
    named = {each["alert_id"]: each["object_id"] for each in told["nights"][0]["examples"]}
    assert len(named) == min(passed, counting.EXAMPLES)
    rows = parts.store.alerts("ztf", pa.array([int(each) for each in named], pa.int64())).to_pylist()
    assert {str(r["alert_id"]): r["object_id"] for r in rows} == named
    assert all(r["snr"] > 6 and r["mag"] < 20 for r in rows)


def test_the_editor_counts_the_same_with_links_that_lead_to_the_alerts(opened: tuple[Parts, Site]) -> None:
    parts, site = opened
    judged, passed = by_hand(parts)
    text = site.client.post("/filters/new", data={"text": DIMMER, "do": "count"}).text
    assert f"({passed} of {judged} that were judged)" in text
    links = re.findall(r'href="(/alert/ztf/\d+)"', text)
    assert len(links) == min(passed, counting.EXAMPLES)
    assert {site.client.get(link, follow_redirects=True).status_code for link in links} == {200}
    packets = site.client.post("/filters/new", data={"text": "count(lc) > 3", "do": "count"})
    assert (packets.status_code, "linnet filter test" in packets.text) == (422, True)


def test_the_list_of_filters_has_the_catches_of_the_last_nights(opened: tuple[Parts, Site]) -> None:
    parts, site = opened
    told = site.client.get("/api/v1/filters/bright_new_transient").json()["yields"]
    assert told
    mine = latest_yields(parts.store, parts.science, 3)
    assert [y._asdict() for y in mine["bright_new_transient"]] == told
    assert sum(y.n for each in mine.values() for y in each) == parts.store.tag_counts()["n"].to_numpy().sum()
    for path in ("/filters", "/filter/bright_new_transient"):
        assert night(told[-1]["night"]) in site.client.get(path).text


def test_a_preview_is_bounded(opened: tuple[Parts, Site], monkeypatch: pytest.MonkeyPatch) -> None:
    parts, _ = opened
    asked = text_filter(parts, DIMMER)
    past, (judged, passed) = past_of(parts, asked), by_hand(parts)
    monkeypatch.setattr(counting, "MOST", judged // 2)
    (some,) = preview(past, asked)
    chosen = drawn("ztf", parts.store.alert_ids()["ztf"], some.share)
    assert some.share == pytest.approx((judged // 2) / judged)
    assert some.judged == int(chosen.sum()) < judged
    assert some.estimated == round(some.passed / some.share)
    assert some.estimated == pytest.approx(passed, abs=passed)
    monkeypatch.setattr(counting, "MOST", 10**6)
    ticks = iter(range(0, 10**6, 100))
    (late,) = preview(past, asked, clock=lambda: next(ticks))
    assert late.complete


def test_a_preview_of_packets_or_of_nonsense_is_refused(opened: tuple[Parts, Site]) -> None:
    _, site = opened
    lists = site.client.post("/api/v1/filters/preview", json={"text": "count(lc) > 3"})
    assert (lists.status_code, "linnet filter test" in lists.json()["detail"]) == (400, True)
    wrong = site.client.post("/api/v1/filters/preview", json={"text": "magg < 3"})
    assert (wrong.status_code, wrong.json()["position"], wrong.json()["suggestion"]) == (422, 0, "mag")
    assert site.client.post("/api/v1/filters/preview", json={"text": ""}).status_code == 422


def test_where_nobody_knows_the_past_it_says_so(opened: tuple[Parts, Site]) -> None:
    blind = client(replace(opened[1].broker, past=None))
    answer = blind.get("/api/v1/filters/bright_new_transient/backtests")
    assert (answer.status_code, "not told here" in answer.json()["detail"]) == (404, True)


def test_others_than_the_owner_see_no_private_filter_and_count_nothing(opened: tuple[Parts, Site]) -> None:
    parts, site = opened
    parts.control.add_filter("secret", DIMMER, topic_line="private")
    alert = str(tagged(parts)["alert_id"])
    assert site.client.post(f"/api/v1/filters/secret/why?alert={alert}").status_code == 200
    others = client(replace(site.broker, owners="nobody"))
    assert others.post(f"/api/v1/filters/secret/why?alert={alert}").status_code == 404
    assert others.get("/api/v1/filters/secret/backtests").status_code == 404
    assert others.post(f"/api/v1/filters/bright_new_transient/why?alert={alert}").status_code == 200
    assert others.post("/api/v1/filters/preview", json={"text": DIMMER}).status_code == 403
