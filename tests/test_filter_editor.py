"""The pages on which filters are written and switched: as forms without script, and the script beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from linnet.core.filter_port import Details, Judged
from linnet.filters.calls import FUNCTIONS
from linnet.filters.history import NOW
from linnet.filters.history_nodes import FUNCTIONS as OF_POINTS
from linnet.filters.language import parse
from linnet.operations.filter_desk import FilterDesk
from linnet.operations.filter_words import words
from linnet.operations.reference_night import Share
from linnet.web.broker import FilterPast
from test_web_pages import Reader
from web_broker import COLUMNS, HOSTILE, LATE, Site, client, site, visitor

FORM: dict[str, str] = {"name": "mine", "text": "mag < 18\r\nand snr > 5", "topic_line": "Bright"}
NIGHT: dict[str, Any] = {
    "survey": "ztf",
    "night": 20230226,
    "judged": 400,
    "passed": 12,
    "estimated": 120,
    "complete": True,
    "examples": [{"alert_id": str(LATE), "object_id": "ZTF23aaaaaaa"}],
}


def preview(text: str, public: bool) -> Mapping[str, Any]:
    """A count that says what it was asked."""
    assert (text, public) == ("mag < 18\nand snr > 5", True)
    return {"nights": [NIGHT], "passed": 12, "estimated": 120, "complete": True}


@pytest.fixture
def here(tmp_path: Path) -> Site:
    return site(tmp_path, past=FilterPast(lambda *_: {}, lambda _: [], preview))


def send(where: Site | httpx.Client, path: str, form: Mapping[str, str], status: int = 422) -> Reader:
    """The page that answers a form."""
    browser = where.client if isinstance(where, Site) else where
    answer = browser.post(path, data=dict(form))
    assert answer.status_code == status, answer.text
    reader = Reader(answer.text)
    assert reader.open == []
    return reader


def saved(where: Site, path: str, form: Mapping[str, str]) -> str:
    """Where a form leads that was taken."""
    answer = where.client.post(path, data=dict(form))
    assert answer.status_code == 303, Reader(answer.text).text
    return str(answer.headers["location"])


def versions(where: Site, name: str = "mine") -> list[tuple[int, str, bool]]:
    return [(f.version, f.text, f.active) for f in where.broker.control.filters() if f.name == name]


def others(where: Site) -> httpx.Client:
    """A browser on another machine."""
    return visitor(replace(where.broker, owners="local"), "203.0.113.7", "http://linnet.example.org")


def test_a_wrong_text_is_shown_with_its_line_a_caret_below_the_place_and_what_is_meant(here: Site) -> None:
    form = {**FORM, "text": "snr > 5\r\nand magg < 18", "topic_line": HOSTILE, "do": "check"}
    reader = send(here, "/filters/new", form)
    assert "and magg < 18\n    ^" in reader.text
    assert "did you mean mag?" in reader.text
    assert "snr > 5\nand magg < 18" in reader.text
    assert HOSTILE in [a.get("value") for a in reader.all("input")]
    assert reader.all("textarea")[0]["aria-invalid"] == "true"
    assert versions(here) == []


def test_a_good_text_is_checked_and_nothing_is_kept(here: Site) -> None:
    reader = send(here, "/filters/new", {"text": "not(mag>=18)", "do": "check"}, 200)
    assert "Nothing is wrong with it" in reader.text
    assert "not mag >= 18" in reader.text
    assert "mag (mag)" in reader.text
    assert {f.name for f in here.broker.control.filters()} == {"bright", "moving"}


def test_the_last_night_is_counted_with_examples(here: Site) -> None:
    reader = send(here, "/filters/new", {**FORM, "do": "count"}, 200)
    told = " ".join(reader.text.split())
    assert "120 of the alerts of ztf in the night 2023-02-26 (12 of 400 that were judged)" in told
    assert f"/alert/ztf/{LATE}" in {a["href"] for a in reader.all("a")}
    assert versions(here) == []


def test_a_new_filter_is_saved_and_leads_to_its_page(here: Site) -> None:
    assert saved(here, "/filters/new", {**FORM, "columns": "mag_err, mag", "do": "save"}) == "/filter/mine?version=1"
    assert versions(here) == [(1, "mag < 18\nand snr > 5", False)]
    (kept,) = [f for f in here.broker.control.filters() if f.name == "mine"]
    assert (kept.topic_line, kept.details.columns, kept.details.visibility) == ("Bright", ("mag_err", "mag"), "private")
    reader = Reader(here.client.get("/filter/mine?version=1").text)
    assert "Activate version 1" in reader.text
    assert "Switch off" not in reader.text


def test_a_name_that_is_taken_is_refused_and_the_text_stays(here: Site) -> None:
    reader = send(here, "/filters/new", {**FORM, "name": "bright", "do": "activate"})
    assert "There is a filter bright already" in reader.text
    assert "mag < 18\nand snr > 5" in reader.text
    assert versions(here, "bright") == [(1, "mag < 19", True)]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": "Mine!"}, "Name: lower case"),
        ({"name": ""}, "Name: lower case"),
        ({"topic_line": " "}, "Topic line: write something"),
        ({"topic_line": "a\x01b"}, "Topic line: one line"),
        ({"text": ""}, "Condition: write something"),
        ({"text": "a" * 4097}, "Condition:"),
        ({"columns": "magg"}, "did you mean mag?"),
        ({"visibility": "secret"}, "Visibility:"),
    ],
)
def test_a_field_of_no_use_is_named(here: Site, change: dict[str, str], word: str) -> None:
    assert word in send(here, "/filters/new", {**FORM, **change, "do": "save"}).text
    assert {f.name for f in here.broker.control.filters()} == {"bright", "moving"}


def test_a_filter_is_edited_activated_compared_and_switched_off(here: Site) -> None:
    saved(here, "/filters/new", {**FORM, "do": "activate"})
    assert versions(here) == [(1, "mag < 18\nand snr > 5", True)]
    sheet = Reader(here.client.get("/filters/mine/edit").text)
    assert "mag < 18\nand snr > 5" in sheet.text
    values = {a["name"]: a.get("value") for a in sheet.all("input")}
    assert (values["name"], values["topic_line"]) == ("mine", "Bright")
    edit = {**FORM, "name": "moving", "text": "mag < 17 and snr > 5", "visibility": "public", "do": "save"}
    assert saved(here, "/filters/mine/edit", edit) == "/filter/mine?version=2"
    assert versions(here) == [(1, FORM["text"].replace("\r", ""), True), (2, "mag < 17 and snr > 5", False)]
    assert "mine" not in here.broker.hidden
    assert here.client.get("/api/v1/filters/mine").json()["visibility"] == "public"
    compared = Reader(here.client.get("/filters/mine/diff?before=1&after=2").text)
    classes = [a["class"] for a in compared.all("li")]
    assert sorted(classes) == ["gone", "new", "same"]
    assert saved(here, "/filters/mine/activate", {"version": "2"}) == "/filter/mine"
    assert [active for *_, active in versions(here)] == [False, True]
    page = here.client.get("/filter/mine").text
    assert "/filters/mine/diff?before=1&amp;after=2" in page
    assert saved(here, "/filters/mine/off", {"do": "off"}) == "/filter/mine"
    assert [active for *_, active in versions(here)] == [False, False]
    send(here, "/filters/mine/activate", {"version": "9"}, 404)
    send(here, "/filters/mine/activate", {"version": "two"}, 400)


def test_examples_stay_with_the_next_version_and_wrong_ones_are_told(here: Site) -> None:
    example = Judged("a bright one", (("mag", 17.0), ("snr", 9.0)))
    details = Details(must_pass=(example,), visibility="public")
    here.broker.control.add_filter("mine", "mag < 18", topic_line="x", details=details)
    reader = send(here, "/filters/mine/edit", {**FORM, "text": "mag < 16", "do": "check"}, 200)
    assert "Example “a bright one” does not pass and must" in reader.text
    saved(here, "/filters/mine/edit", {**FORM, "do": "save"})
    kept = [f.details.must_pass for f in here.broker.control.filters() if f.name == "mine"]
    assert kept == [(example,), (example,)]


def test_a_refused_activation_shows_the_number_and_can_be_forced(here: Site) -> None:
    night = Share("ztf", 20230226, 1000, 310)
    desk = FilterDesk(here.broker.control, COLUMNS, lambda _condition: [night], 0.05)
    wide = Site(here.broker, client(replace(here.broker, desk=desk)))
    reader = send(wide, "/filters/new", {**FORM, "do": "activate"})
    assert "310 of 1000 alerts (0.31) of night 20230226 of ztf match, more than 0.05" in reader.text
    assert versions(wide) == [(1, "mag < 18\nand snr > 5", False)]
    assert {"name": "force", "value": "1"} in reader.all("button")
    send(wide, "/filters/mine/activate", {"version": "1"})
    assert not versions(wide)[0][2]
    assert saved(wide, "/filters/mine/activate", {"force": "1"}) == "/filter/mine"
    assert versions(wide)[0][2]


def test_others_see_no_buttons_and_change_nothing(here: Site) -> None:
    elsewhere = others(here)
    for path in ("/filters", "/filter/bright", "/filters/bright/diff"):
        answer = elsewhere.get(path)
        assert answer.status_code == 200
        reader = Reader(answer.text)
        assert [a.get("method", "get") for a in reader.all("form")] == ["get"]
        assert not [a for a in reader.all("a") if a["href"].endswith(("/edit", "/new"))]
    for path in ("/filters/new", "/filters/bright/edit"):
        assert elsewhere.get(path).status_code == 403
        assert "own machine" in send(elsewhere, path, {**FORM, "do": "activate"}, 403).text
    send(elsewhere, "/filters/bright/off", {"do": "off"}, 403)
    send(elsewhere, "/filters/bright/activate", {"force": "1"}, 403)
    assert versions(here, "bright") == [(1, "mag < 19", True)]


def test_others_find_no_private_filter_and_no_notices(here: Site) -> None:
    here.broker.control.set_visibility("moving", "private")
    here.broker.control.switch_off("bright", 1, "failed", "it failed in 3 batches")
    mine, elsewhere = here.client, others(here)
    assert "/filter/moving" in mine.get("/filters").text
    assert "/filter/moving" not in elsewhere.get("/filters").text
    assert elsewhere.get("/filters/moving/diff").status_code == 404
    assert "1 notice" in mine.get("/filters").text
    assert "1 notice" not in elsewhere.get("/filters").text
    assert 'id="notices"' in mine.get("/filter/bright").text
    assert 'id="notices"' not in elsewhere.get("/filter/bright").text
    assert not [w for w in elsewhere.get("/api/v1/language").json()["words"] if w["sort"] == "filter"]


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://elsewhere.example"}],
)
@pytest.mark.parametrize("path", ["/filters/new", "/filters/bright/edit", "/filters/bright/off"])
def test_forms_of_other_sites_are_refused(here: Site, headers: dict[str, str], path: str) -> None:
    answer = here.client.post(path, data={**FORM, "do": "activate"}, headers=headers)
    assert answer.status_code == 403
    assert versions(here, "bright") == [(1, "mag < 19", True)]
    assert versions(here) == []


def test_forms_of_this_site_are_taken(here: Site) -> None:
    for headers in ({"sec-fetch-site": "same-origin"}, {"origin": "http://testserver"}):
        answer = here.client.post("/filters/bright/off", data={"do": "off"}, headers=headers)
        assert answer.status_code == 303


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"text=%ff", "application/x-www-form-urlencoded", 400),
        (b"text=\xff", "application/x-www-form-urlencoded", 400),
        (b"a=1&" * 40, "application/x-www-form-urlencoded", 400),
        (b'{"text": "mag < 18"}', "application/json", 415),
        (b"--x--", "multipart/form-data; boundary=x", 415),
    ],
)
def test_a_body_that_is_no_such_form_is_refused(here: Site, content: bytes, kind: str, status: int) -> None:
    answer = here.client.post("/filters/new", content=content, headers={"content-type": kind})
    assert answer.status_code == status


@pytest.mark.parametrize("hostile", [HOSTILE, "</textarea><script>x</script>", "{{ 7 * 7 }}", "'; drop table x --"])
def test_hostile_texts_stay_texts(here: Site, hostile: str) -> None:
    form = dict.fromkeys(("name", "text", "topic_line", "description", "reference", "columns"), hostile)
    for do in ("check", "count", "save", "activate"):
        answer = here.client.post("/filters/new", data={**form, "do": do})
        assert answer.status_code == 422
        assert hostile not in answer.text or "<" not in hostile
        reader = Reader(answer.text)
        assert reader.open == []
        assert [a["src"] for a in reader.all("script")] == ["/static/filter-editor.js"]
        assert hostile in reader.text
    saved(here, "/filters/new", {**FORM, "topic_line": hostile, "description": hostile, "do": "activate"})
    for path in ("/filters", "/filter/mine", "/filters/mine/edit"):
        text = here.client.get(path).text
        assert "<script>" not in text
        assert hostile in Reader(text).text or hostile in [a.get("value") for a in Reader(text).all("input")]


def test_a_text_may_stand_in_the_address(here: Site) -> None:
    reader = Reader(here.client.get("/filters/new", params={"text": "mag < 18"}).text)
    assert "mag < 18" in reader.text
    assert here.client.get("/filters/bright").headers["location"] == "/filter/bright"


def test_the_script_is_ours_and_asks_nobody_else(here: Site) -> None:
    answer = here.client.get("/static/filter-editor.js")
    assert answer.headers["content-type"].split(";")[0] in {"text/javascript", "application/javascript"}
    assert not re.findall(r"https?:|['\"`]//", answer.text)
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", ".style"):
        assert word not in answer.text
    ids = set(re.findall(r'getElementById\("([a-z_-]+)"\)', answer.text))
    assert ids <= {a["id"] for _, a in Reader(here.client.get("/filters/new").text).elements if "id" in a}
    called = set(re.findall(r'ask\("([a-z/]+)"', answer.text))
    described = here.client.get("/api/v1/openapi.json").json()["paths"]
    assert {f"/api/v1/{each}" for each in called} <= set(described)
    assert len(called) == 3


def test_every_word_of_the_language_is_offered_and_can_be_read(here: Site) -> None:
    told = here.client.get("/api/v1/language").json()["words"]
    functions = {w["name"] for w in told if w["sort"] == "function"}
    assert functions == {*FUNCTIONS, *OF_POINTS, NOW}
    assert {w["name"] for w in told if w["sort"] == "filter"} == {"bright", "moving"}
    columns = [w for w in words(COLUMNS) if w.sort == "column"]
    for each in columns:
        assert parse(f"{each.insert} is null", COLUMNS).columns == (each.name,)
        assert each.meaning
    assert {"mag", "snr", "rates_slope_r"} <= {each.name for each in columns}
