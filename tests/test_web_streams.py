"""Streams over the API: which messages, from where, in which form, and what is refused."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alert_batches import alert
from linnet.adapters.sqlite_store import SqliteStore
from linnet.core.payload import payload
from linnet.errors import InputError
from linnet.web.stream_start import moment
from web_broker import BIG, HIDDEN, LATE, ORPHAN, SECOND_NIGHT, Site, client, site, unit

STREAMS = "/api/v1/streams"
FIRST, SECOND, THIRD = f"ztf:{BIG}:bright:1", f"ztf:{LATE}:bright:1", f"lsst:{BIG}:bright:1"


@pytest.fixture
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = site(tmp_path_factory.mktemp("streams"))
    yield made
    made.broker.store.close()


def get(site: Site, path: str, status: int = 200, **parameters: Any) -> Any:
    answer = site.client.get(f"{STREAMS}/{path}", params=parameters)
    assert answer.status_code == status, answer.text
    return answer.json()


def ids(answer: dict[str, Any]) -> list[str]:
    return [m["dedup_id"] for m in answer["messages"]]


def events(site: Site, path: str, looks: int = 3, **headers: str) -> tuple[str, list[dict[str, str]]]:
    """Text and events of a stream whose server stops after a few looks at the log."""
    left = iter(range(looks))
    browser = client(site.broker, stopping=lambda: next(left, None) is None)
    answer = browser.get(f"{STREAMS}/{path}", headers={"Accept": "text/event-stream", **headers})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    blocks = [dict(line.split(": ", 1) for line in b.splitlines()) for b in answer.text.split("\n\n") if b]
    return answer.text, [b for b in blocks if "data" in b]


def test_a_page_holds_the_matches_of_one_filter_in_the_order_of_the_log_and_the_cursor_behind_them(here: Site) -> None:
    assert ids(get(here, "bright")) == [FIRST, SECOND, THIRD]
    assert ids(get(here, "moving")) == [f"lsst:{ORPHAN}:moving:1"]
    every = get(here, "*")
    assert ids(every) == [FIRST, SECOND, f"lsst:{ORPHAN}:moving:1", THIRD]
    one = get(here, "bright", limit=1)
    assert ids(one) == [FIRST]
    assert ids(get(here, "bright", after=one["cursor"])) == [SECOND, THIRD]
    assert get(here, "bright", after=every["cursor"]) == {"messages": [], "cursor": every["cursor"]}


def test_a_message_is_the_committed_row_without_what_says_where_it_lies_here(here: Site) -> None:
    message = get(here, "bright")["messages"][0]
    row = payload(here.broker.store, here.broker.store.tags_after(0, 1)).to_pylist()[0]
    assert message.keys() == row.keys()
    assert message["alert_id"] == str(BIG) == str(row["alert_id"])
    for name in ("filter", "version", "survey", "object_id", "mjd", "ra", "dec", "night", "is_public", "visit"):
        assert message[name] == row[name]


def test_what_may_not_be_published_is_passed_over_unless_the_broker_shows_it(here: Site, tmp_path: Path) -> None:
    assert str(HIDDEN) not in json.dumps(get(here, "bright"))
    everything = site(tmp_path / "all", public_only=False)
    assert ids(get(everything, "bright")) == [FIRST, f"ztf:{HIDDEN}:bright:1", SECOND, THIRD]
    hidden = get(here, "bright", after=1, limit=1)
    assert ids(hidden) == [SECOND]


def test_a_reader_begins_where_it_says(here: Site) -> None:
    assert ids(get(here, "bright", last=1)) == [THIRD]
    assert ids(get(here, "bright", last=0)) == []
    assert ids(get(here, "bright", since="60002")) == [SECOND, THIRD]
    assert ids(get(here, "bright", since="2023-02-27T00:00:00")) == [SECOND, THIRD]
    assert ids(get(here, "bright", since="2030-01-01")) == []


@pytest.mark.parametrize(
    ("path", "parameters", "status", "words"),
    [
        ("brihgt", {}, 404, ["no filter brihgt", "near: bright"]),
        ("nothing_like_it", {}, 404, ["no filter nothing_like_it", "/api/v1/filters"]),
        ("bright", {"after": 6}, 400, ["cursor 6 is beyond", "(5)"]),
        ("bright", {"after": 2**63}, 400, ["larger than any"]),
        ("bright", {"after": "-1"}, 422, ["after"]),
        ("bright", {"after": 1, "last": 1}, 400, ["exclude each other"]),
        ("bright", {"since": "yesterday"}, 400, ["'yesterday' is no time"]),
        ("bright", {"since": "nan"}, 400, ["no time"]),
        ("bright", {"limit": 0}, 422, ["limit"]),
        ("bright", {"wait": 61}, 422, ["wait"]),
        ("a b", {}, 422, ["name"]),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(
    here: Site, path: str, parameters: dict[str, Any], status: int, words: list[str]
) -> None:
    detail = get(here, path, status, **parameters)["detail"]
    assert "\n" not in detail
    for word in words:
        assert word in detail


def test_events_carry_the_same_messages_with_their_cursors_as_ids(here: Site) -> None:
    text, found = events(here, "bright")
    assert text.startswith("retry: 2000\n\n")
    messages = get(here, "bright")["messages"]
    assert [json.loads(e["data"]) for e in found] == messages
    assert [e["id"] for e in found] == [m["seq"] for m in messages]


def test_the_id_of_the_last_event_goes_before_where_the_address_begins(here: Site) -> None:
    _, whole = events(here, "bright?last=1")
    assert [json.loads(e["data"])["dedup_id"] for e in whole] == [THIRD]
    for seen, rest in ((FIRST, [SECOND, THIRD]), (SECOND, [THIRD])):
        at = next(m["seq"] for m in get(here, "bright")["messages"] if m["dedup_id"] == seen)
        _, found = events(here, "bright?last=1", **{"Last-Event-ID": at})
        assert [json.loads(e["data"])["dedup_id"] for e in found] == rest


def test_the_form_can_be_asked_for_in_the_address(here: Site) -> None:
    answer = here.client.get(f"{STREAMS}/bright?form=page", headers={"Accept": "text/event-stream"})
    assert ids(answer.json()) == [FIRST, SECOND, THIRD]
    head = here.client.head(f"{STREAMS}/bright?form=events")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")


def test_silence_is_broken_by_a_sign_of_life_that_moves_the_cursor(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linnet.web.api_streams.HEARTBEAT", 0.02)
    text, found = events(here, "moving", looks=40)
    assert len(found) == 1
    assert f": no match\nid: {here.broker.store.last_tag()}\n\n" in text


def test_an_empty_page_waits_for_the_first_match_and_no_longer(here: Site) -> None:
    end = here.broker.store.last_tag()
    began = time.monotonic()
    assert get(here, "bright", after=end, wait=0.3)["messages"] == []
    assert 0.3 <= time.monotonic() - began < 10
    store = here.broker.store
    assert isinstance(store, SqliteStore)

    def match() -> None:
        time.sleep(0.5)
        made = alert(4242, object_id="ZTF23aaaaaaa", mjd=60003.2, is_public=True)
        store.commit(unit(4, "ztf", SECOND_NIGHT, [(4242, "bright")], made))

    writer = threading.Thread(target=match)
    writer.start()
    began = time.monotonic()
    found = get(here, "bright", after=end, wait=30)
    writer.join()
    assert ids(found) == ["ztf:4242:bright:1"]
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("text", "mjd"),
    [
        ("60000.5", 60000.5),
        # 2017-01-01: TAI - UTC became 37 s (IERS Bulletin C 52); MJD 57754.
        ("2017-01-01T00:00:00Z", 57754 + 37 / 86400),
        ("2017-01-01T01:30:00+01:30", 57754 + 37 / 86400),
        ("20170101", 57754 + 37 / 86400),
        ("2017-01-01", 57754 + 37 / 86400),
    ],
)
def test_a_time_is_iso_in_utc_or_an_mjd_in_tai(text: str, mjd: float) -> None:
    assert moment(text) == pytest.approx(mjd, abs=1e-9)


@pytest.mark.parametrize("text", ["", "now", "1e9", "-3", "inf", "2026-13-01", "2026-01-31 08:30:00 02:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no time"):
        moment(text)


def test_streams_are_described(here: Site) -> None:
    described = here.client.get("/api/v1/openapi.json").json()["paths"][f"{STREAMS}/{{name}}"]["get"]
    named = {p["name"] for p in described["parameters"]}
    assert {"name", "after", "since", "last", "limit", "wait", "form", "last-event-id"} <= named
