"""The pages: what a reader looks for is there, hostile text stays text, nothing comes from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from web_broker import BIG, DAMAGED, HIDDEN, HOSTILE, JPEG, LATE, ORPHAN, Site, client, site

OBJECT = "/object/ztf/ZTF23aaaaaaa"
PAGES = (
    "/",
    "/api",
    "/search?q=150+2.2",
    "/search?q=nothing",
    "/search?q=400+2",
    f"/search?q={BIG}",
    OBJECT,
    f"{OBJECT}?y=flux&as_of=20230226&alert={BIG}",
    f"/object/lsst/{BIG}",
    "/object/ztf/ZTF23jjjjjjj",
    "/object/ztf/ZTF23ddddddd",
    f"/alert/lsst/{ORPHAN}",
    "/filter/bright",
    "/filter/bright?version=1",
    "/filters",
    "/filters?which=active",
    "/filters/new",
    "/filters/bright/edit",
    "/filters/bright/diff",
    "/nothing",
    "/object/ztf/ZTF99zzzzzzz",
    "/object/ztf/%3Cscript%3E",
    "/search?q=%3Cscript%3Ealert(1)%3C/script%3E",
)


class Reader(HTMLParser):
    """Elements with attributes, text, and whether tags nest."""

    VOID = frozenset({"meta", "link", "img", "input", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the element and expect its end."""
        self.elements.append((tag, {k: v or "" for k, v in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element that ends itself."""
        self.elements.append((tag, {k: v or "" for k, v in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Refuse an end that closes something else."""
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        """Attributes of all elements of a kind."""
        return [a for t, a in self.elements if t == tag]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = site(tmp_path_factory.mktemp("pages"))
    yield made
    made.broker.store.close()


def read(where: Site, path: str, status: int = 200) -> Reader:
    answer = where.client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    reader = Reader(answer.text)
    assert reader.open == []
    return reader


def page(where: Site, path: str) -> tuple[str, Reader]:
    answer = where.client.get(path)
    return answer.text, Reader(answer.text)


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_an_outside_address_a_script_of_its_own_or_an_inline_style(here: Site, path: str) -> None:
    text, reader = page(here, path)
    addresses = re.findall(r"(?:https?:)?//[^\s\"'<]+", text)
    assert set(addresses) <= {"http://www.w3.org/2000/svg"}
    for tag, attributes in reader.elements:
        assert tag != "script" or attributes["src"] == "/static/filter-editor.js"
        assert tag not in {"style", "iframe", "object", "embed", "base"}
        assert not [a for a in attributes if a == "style" or a.startswith("on")]
        for name in ("href", "src", "action"):
            assert attributes.get(name, "/").startswith(("/", "#"))
            assert not attributes.get(name, "").startswith("//")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_can_be_used_without_seeing_or_pointing(here: Site, path: str) -> None:
    _, reader = page(here, path)
    assert reader.all("html")[0]["lang"] == "en"
    assert len(reader.all("h1")) == 1
    assert len(reader.all("main")) == 1
    labelled = {a["for"] for a in reader.all("label")}
    fields = [a for tag in ("input", "textarea", "select") for a in reader.all(tag)]
    assert {a["id"] for a in fields} <= labelled
    assert all(a.get("alt") or a["src"].endswith("linnet.svg") for a in reader.all("img"))
    ids = [a["id"] for _, a in reader.elements if "id" in a]
    assert len(ids) == len(set(ids))
    for _, attributes in reader.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            assert set(attributes.get(name, "").split()) <= set(ids)
    assert all("tabindex" in a for t, a in reader.elements if a.get("class", "").startswith("wide"))


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_a_page_leads_somewhere(here: Site, path: str) -> None:
    _, reader = page(here, path)
    links = {a[n].split("#")[0] for _, a in reader.elements for n in ("href", "src") if n in a}
    for link in sorted(links - {""}):
        assert here.client.get(link).status_code in (200, 303), link


def test_hostile_text_of_any_field_is_shown_as_text(here: Site) -> None:
    for path in ("/", "/filter/bright", "/object/ztf/ZTF23jjjjjjj", OBJECT):
        assert "<script" not in here.client.get(path).text
    for path in ("/filters", "/filters/bright/edit", "/filters/bright/diff"):
        assert "<script>" not in here.client.get(path).text
        assert "alert('x')" not in here.client.get(path).text
    assert HOSTILE in read(here, "/filter/bright").text
    assert HOSTILE in read(here, "/object/ztf/ZTF23jjjjjjj").text
    assert HOSTILE[:12] in read(here, OBJECT).text


def test_home_says_what_is_here_and_what_was_caught(here: Site) -> None:
    reader = read(here, "/")
    assert "2023-02-26" in reader.text
    assert "ZTF23aaaaaaa" in reader.text
    assert f"/alert/lsst/{ORPHAN}" in {a["href"] for a in reader.all("a")}
    assert str(HIDDEN) not in reader.text
    assert "ZTF23hhhhhhh" not in reader.text
    assert {a["name"] for a in reader.all("input")} == {"q", "radius"}


def test_home_of_an_empty_broker_says_what_to_do(tmp_path: Path) -> None:
    empty = site(tmp_path, filled=False)
    reader = read(empty, "/")
    assert "run linnet ingest FOLDER" in " ".join(reader.text.split())
    read(empty, "/search?q=ZTF23aaaaaaa", 404)
    assert "linnet ingest" in read(empty, OBJECT, 404).text


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("ZTF23aaaaaaa", OBJECT),
        (" ZTF23aaaaaaa ", OBJECT),
        (str(LATE), f"/alert/ztf/{LATE}"),
        (str(ORPHAN), f"/alert/lsst/{ORPHAN}"),
        ("", "/"),
    ],
)
def test_a_search_that_means_one_thing_goes_there(here: Site, text: str, target: str) -> None:
    answer = here.client.get("/search", params={"q": text})
    assert (answer.status_code, answer.headers["location"]) == (303, target)


def test_an_id_known_to_two_surveys_is_a_choice_that_names_each_once(here: Site) -> None:
    reader = read(here, f"/search?q={BIG}")
    hrefs = [a["href"] for a in reader.all("a") if a["href"].startswith(("/object/", "/alert/"))]
    assert hrefs == [f"/object/lsst/{BIG}", f"/alert/ztf/{BIG}"]


@pytest.mark.parametrize("text", ["150.0 2.2", "10:00:00 +02:12:00", "150.0,+2.2"])
def test_a_position_lists_what_is_there_with_separations(here: Site, text: str) -> None:
    answer = here.client.get("/search", params={"q": text, "radius": "5"})
    reader = Reader(answer.text)
    hrefs = [a["href"] for a in reader.all("a") if a["href"].startswith("/object/")]
    assert hrefs == [OBJECT, f"/object/lsst/{BIG}"]
    assert "0.00″" in reader.text
    assert "1.00″" in reader.text


@pytest.mark.parametrize(
    ("text", "status"), [("nothing", 404), ("400 2", 400), (str(HIDDEN), 404), ("ZTF23hhhhhhh", 404), ("9" * 19, 404)]
)
def test_a_search_without_result_says_so_and_keeps_the_text(here: Site, text: str, status: int) -> None:
    reader = read(here, f"/search?q={text}", status)
    assert text in {a.get("value") for a in reader.all("input")}
    assert [a for _, a in reader.elements if a.get("role") == "alert"]


def test_an_object_page_has_curve_stamps_tags_neighbours_values_and_alerts(here: Site) -> None:
    reader = read(here, OBJECT)
    classes = [a.get("class", "") for _, a in reader.elements]
    assert classes.count("lc-limit band-g") == 1
    assert classes.count("lc-chosen") == 0  # the newest alert is negative: no magnitude
    images = [a["src"] for a in reader.all("img")][1:]
    assert images == [f"/api/v1/alerts/ztf/{LATE}/stamps/{n}.png" for n in ("science", "template", "difference")]
    assert all(here.client.get(i).headers["content-type"] == "image/png" for i in images)
    assert f"/object/lsst/{BIG}" in {a["href"] for a in reader.all("a")}
    assert "/filter/bright" in {a["href"] for a in reader.all("a")}
    assert "rates_slope_r" in reader.text
    assert "Slope in band r." in reader.text
    assert "-0.125" in reader.text
    assert "2 alerts" in reader.text
    assert "bright 2\u00d7" in " ".join(reader.text.split())
    assert str(BIG + 2) not in reader.text


def test_the_flux_view_and_an_earlier_night_are_plain_links(here: Site) -> None:
    reader = read(here, f"{OBJECT}?y=flux&as_of=20230226")
    assert f"{OBJECT}?y=mag&as_of=20230226" in {a["href"] for a in reader.all("a")}
    assert "As it was known before the night of 2023-02-26" in reader.text
    drawn = [a.get("class", "") for _, a in reader.elements]
    assert sum(c.startswith("lc-dot") and "band-other" in c for c in drawn) == 0
    now = [a.get("class", "") for _, a in read(here, f"{OBJECT}?y=flux").elements]
    assert sum(c == "lc-dot band-other" for c in now) == 2  # the point and its entry in the legend
    assert "lc-chosen" in now
    read(here, f"{OBJECT}?y=watts", 422)


def test_an_alert_leads_to_its_object_and_is_chosen_there(here: Site) -> None:
    answer = here.client.get(f"/alert/ztf/{BIG}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{OBJECT}?alert={BIG}")
    reader = read(here, f"{OBJECT}?alert={BIG}")
    assert f"/api/v1/alerts/ztf/{BIG}/stamps/science.png" in {a["src"] for a in reader.all("img")}
    assert "18.25" in reader.text
    read(here, f"{OBJECT}?alert={JPEG}", 404)


def test_an_alert_without_an_object_stands_alone(here: Site) -> None:
    reader = read(here, f"/alert/lsst/{ORPHAN}")
    assert "K02JE6P" in reader.text
    assert "came without stamps" in reader.text


def test_stamps_that_are_jpeg_or_damaged_do_not_cost_the_page(here: Site) -> None:
    jpeg = read(here, "/object/ztf/ZTF23jjjjjjj")
    source = f"/api/v1/alerts/ztf/{JPEG}/stamps/science.jpg"
    assert source in {a["src"] for a in jpeg.all("img")}
    assert here.client.get(source).headers["content-type"] == "image/jpeg"
    assert "cannot be shown: the stamp does not unpack" in read(here, "/object/ztf/ZTF23ddddddd").text
    assert here.client.get(f"/api/v1/alerts/ztf/{DAMAGED}").status_code == 200


def test_hidden_objects_have_no_page(here: Site, tmp_path: Path) -> None:
    assert "No object ZTF23hhhhhhh" in read(here, "/object/ztf/ZTF23hhhhhhh", 404).text
    read(here, f"/alert/ztf/{HIDDEN}", 404)
    insiders = site(tmp_path, public_only=False)
    read(insiders, "/object/ztf/ZTF23hhhhhhh")
    assert str(BIG + 2) in read(insiders, OBJECT).text


def test_pages_and_errors_work_behind_a_prefix(here: Site) -> None:
    below = Site(here.broker, client(here.broker, root_path="/broker"))
    for path in ("/", OBJECT, "/filter/bright", "/search?q=150+2.2", f"/alert/lsst/{ORPHAN}", "/nothing"):
        _, reader = page(below, f"/broker{path}")
        addresses = [a[n] for _, a in reader.elements for n in ("href", "src", "action") if n in a]
        assert len(addresses) > 5
        assert all(a.startswith(("/broker/", "#")) for a in addresses), path
    assert below.client.get(f"/broker/alert/ztf/{BIG}").headers["location"] == f"/broker{OBJECT}?alert={BIG}"
    assert below.client.get("/broker/api/v1/nothing").headers["content-type"] == "application/problem+json"
