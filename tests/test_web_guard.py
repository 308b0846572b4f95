"""What holds for every answer: headers, HEAD, bounded bodies, and one line where something broke."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from web_broker import BIG, ORPHAN, Site, site

PATHS = (
    "/",
    "/api",
    "/search?q=150.0+2.2",
    "/object/ztf/ZTF23aaaaaaa",
    f"/alert/lsst/{ORPHAN}",
    "/filter/bright",
    "/filters",
    "/filters/new",
    "/static/linnet.css",
    "/static/filter-editor.js",
    "/api/v1/health",
    f"/api/v1/alerts/ztf/{BIG}/stamps/science.png",
)


def broken() -> Mapping[str, Any]:
    raise ZeroDivisionError("secret detail")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = site(tmp_path_factory.mktemp("guard"), audit=broken)
    yield made
    made.broker.store.close()


@pytest.mark.parametrize("path", [*PATHS, "/nothing", "/api/v1/nothing", "/api/v1/audit"])
def test_every_answer_forbids_scripts_in_pages_frames_and_foreign_addresses(here: Site, path: str) -> None:
    headers = here.client.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == policy["img-src"] == "'self'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", PATHS)
def test_head_is_get_without_its_body(here: Site, path: str) -> None:
    whole, head = here.client.get(path), here.client.head(path)
    assert (whole.status_code, head.status_code) == (200, 200)
    assert head.content == b""
    assert len(whole.content) > 0
    for name in ("content-type", "content-length"):
        assert head.headers[name] == whole.headers[name]


def test_a_failure_of_ours_is_one_line_for_the_visitor_and_a_traceback_in_the_log(
    here: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = here.client.get("/api/v1/audit")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "this broker failed to answer; its log says why"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    logged = [r for r in caplog.records if r.exc_info]
    assert len(logged) == 1
    assert "secret detail" in str(logged[0].exc_info)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, b"{}", 403),
        ({"sec-fetch-site": "same-site"}, b"{}", 403),
        ({"origin": "https://elsewhere.example"}, b"{}", 403),
        ({"origin": "null"}, b"{}", 403),
        ({}, b"x" * (64 * 1024 + 1), 413),
        ({"content-length": "99999999999999"}, b"", 413),
        ({"content-length": "-1"}, b"", 411),
        ({"content-type": "application/json"}, b"{" * 1000, 422),
        ({"content-type": "text/plain"}, b'{"name":"f","text":"a","topic_line":"x"}', 422),
        ({"content-type": "application/json"}, b"\xff\xfe", 422),
    ],
)
def test_bodies_from_elsewhere_too_large_or_unreadable_are_refused(
    here: Site, headers: dict[str, str], body: bytes, status: int
) -> None:
    answer = here.client.post("/api/v1/filters", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.json()["status"] == status
    assert {f.name for f in here.broker.control.filters()} == {"bright", "moving"}


def test_a_body_without_a_length_is_refused(here: Site) -> None:
    answer = here.client.post("/api/v1/filters", content=iter([b"{", b"}"]))
    assert (answer.status_code, answer.json()["detail"]) == (411, "send the body with a Content-Length")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_methods_that_an_address_does_not_know_are_405(here: Site, method: str) -> None:
    answer = here.client.request(method, "/api/v1/health", content=b"{}")
    assert answer.status_code == 405
    assert answer.json()["title"] == "Method Not Allowed"


def test_nothing_outside_the_static_folder_is_served(here: Site) -> None:
    for path in (
        "/static/../guard.py",
        "/static/%2e%2e/guard.py",
        "/static/..%2fguard.py",
        "/static/",
        "/docs",
        "/redoc",
    ):
        assert here.client.get(path).status_code == 404, path
