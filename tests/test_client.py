"""The client over HTTP: what it hands out, where it goes on, what it refuses."""

from __future__ import annotations

import itertools
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from astropy.table import Table
from astropy.time import Time

from client_site import address, match, stranger
from linnet.web.stream_start import moment
from linnet_client import Alert, ClientError, CursorError, UnknownStreamError, filters, listen, to_table
from linnet_client.backoff import LONGEST, Backoff
from linnet_client.log_port import since_text, unix_milliseconds
from linnet_client.repetitions import Seen
from web_broker import BIG, LATE, ORPHAN, Site, site

FIRST, SECOND, THIRD = f"ztf:{BIG}:bright:1", f"ztf:{LATE}:bright:1", f"lsst:{BIG}:bright:1"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    made = site(tmp_path / "site")
    yield made
    made.broker.store.close()


@pytest.fixture
def url(here: Site) -> Iterator[str]:
    with address(here.broker) as where:
        yield where


def ids(alerts: list[Alert]) -> list[str]:
    return [a.dedup_id for a in alerts]


def test_an_alert_is_the_message_with_the_usual_columns_as_attributes(here: Site, url: str) -> None:
    with listen("bright", url) as stream:
        alert = next(stream)
    sent = here.client.get("/api/v1/streams/bright").json()["messages"][0]
    assert alert == sent
    assert json.loads(json.dumps(alert)) == sent
    assert (alert.survey, alert.alert_id, alert.object_id) == ("ztf", str(BIG), "ZTF23aaaaaaa")
    assert (alert.ra, alert.dec, alert.mjd, alert.mag, alert.band) == (150.0, 2.2, 60001.3, 18.25, "r")
    assert (alert.filter, alert.version, alert.dedup_id) == ("bright", 1, FIRST)
    with listen("bright", url, last=2) as stream:
        negative = next(stream)
    assert (negative.flux, negative["flux"]) == (-500.0, -500.0)
    assert negative.mag_err is None


def test_the_name_may_be_that_of_the_topic_or_stand_for_all(url: str) -> None:
    assert ids(listen("linnet.bright", url).poll()) == [FIRST, SECOND, THIRD]
    assert ids(listen("*", url).poll()) == [FIRST, SECOND, f"lsst:{ORPHAN}:moving:1", THIRD]


def test_it_begins_where_it_is_told(url: str) -> None:
    assert ids(listen("bright", url, last=1).poll()) == [THIRD]
    assert ids(listen("bright", url, since=60002.0).poll()) == [SECOND, THIRD]
    assert ids(listen("bright", url, since=datetime(2023, 2, 27, tzinfo=UTC)).poll()) == [SECOND, THIRD]
    assert listen("bright", url, since="now").poll(timeout=0.2) == []


def test_what_comes_later_comes_without_asking_again(here: Site, url: str) -> None:
    with listen("bright", url, since="now") as stream:
        assert stream.poll(timeout=0.1) == []
        writer = threading.Timer(0.3, match, (here.broker, 1, 2))
        writer.start()
        assert [next(stream).alert_id, next(stream).alert_id] == ["1", "2"]
        writer.join()


def test_poll_gives_at_most_so_many_and_waits_no_longer_than_told(url: str) -> None:
    with listen("bright", url) as stream:
        assert ids(stream.poll(2)) == [FIRST, SECOND]
        assert ids(stream.poll(2)) == [THIRD]
        began = time.monotonic()
        assert stream.poll(2, timeout=0.4) == []
        assert 0.3 < time.monotonic() - began < 10


def test_a_message_is_finished_when_the_next_is_asked_for(url: str, tmp_path: Path) -> None:
    kept = tmp_path / "my.cursor"

    def first(*, fails: bool) -> str:
        with listen("bright", url, cursor=kept) as stream:
            alert = next(stream)
            if fails:
                raise ZeroDivisionError
            return alert.dedup_id

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            first(fails=True)
    assert first(fails=False) == FIRST
    with pytest.raises(ZeroDivisionError):
        first(fails=True)
    assert first(fails=False) == SECOND
    with listen("bright", url, cursor=kept) as stream:
        assert ids(stream.poll()) == [THIRD]
    assert listen("bright", url, cursor=kept, last=3).poll(timeout=0.1) == []


def test_what_was_handed_out_by_poll_is_finished_by_the_next_poll(url: str, tmp_path: Path) -> None:
    kept = tmp_path / "my.cursor"
    stream = listen("bright", url, cursor=kept)
    assert len(stream.poll(2)) == 2
    stream.close()
    stream = listen("bright", url, cursor=kept)
    assert ids(stream.poll(1)) == [FIRST]
    assert ids(stream.poll(1)) == [SECOND]
    stream.close()
    assert ids(listen("bright", url, cursor=kept).poll()) == [SECOND, THIRD]


def test_from_now_on_is_kept_by_the_cursor_even_if_nothing_came(here: Site, url: str, tmp_path: Path) -> None:
    kept = tmp_path / "my.cursor"
    with listen("bright", url, since="now", cursor=kept) as stream:
        assert stream.poll(timeout=0.1) == []
    match(here.broker, 7)
    with listen("bright", url, since="now", cursor=kept) as stream:
        assert [a.alert_id for a in stream.poll()] == ["7"]


def test_repetitions_are_dropped_while_they_are_remembered(here: Site, url: str) -> None:
    stream = listen("bright", url)
    assert len(stream.poll()) == 3
    stream._log._cursor = "0"  # type: ignore[attr-defined]  # as if the broker sent all again
    match(here.broker, 7)
    assert [a.alert_id for a in stream.poll()] == ["7"]
    stream = listen("bright", url, remember=0)
    assert len(stream.poll()) == 4
    stream._log._cursor = "0"  # type: ignore[attr-defined]  # the same
    assert len(stream.poll()) == 4


def test_the_memory_of_ids_is_bounded_and_keeps_the_newest() -> None:
    seen = Seen(3)
    assert [seen.is_new(i) for i in "abcabcd"] == [True] * 3 + [False] * 3 + [True]
    assert len(seen) == 3
    assert [seen.is_new(i) for i in "dcba"] == [False, False, False, True]


def test_headers_say_what_to_drop(url: str) -> None:
    asked: list[Mapping[str, str]] = []

    def lsst(headers: Mapping[str, str]) -> bool:
        asked.append(headers)
        return headers["survey"] == "lsst"

    assert ids(listen("*", url, where=lsst).poll()) == [f"lsst:{ORPHAN}:moving:1", THIRD]
    names = {"dedup-id", "survey", "object-id", "alert-id", "ra", "dec", "filter", "filter-version"}
    assert asked[0].keys() == names
    assert asked[2].keys() == names - {"object-id"}
    assert (asked[0]["ra"], asked[0]["alert-id"], asked[0]["filter-version"]) == ("150.0", str(BIG), "1")


def test_wrong_input_is_one_line(url: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownStreamError, match=r"no filter brihgt here \(near: bright\)"):
        listen("brihgt", url).poll()
    with pytest.raises(ClientError, match="'yesterday' is no time"):
        listen("bright", url, since="yesterday").poll()
    with pytest.raises(ClientError, match="is no address of a broker"):
        listen("bright", "ftp://127.0.0.1")
    with pytest.raises(ClientError, match="exclude each other"):
        listen("bright", url, since="now", last=3)
    kept = tmp_path / "c"
    kept.write_text("{")
    with pytest.raises(CursorError, match="no cursor file"):
        listen("bright", url, cursor=kept)
    kept.write_text('{"stream": "moving over HTTP", "position": "1"}')
    with pytest.raises(CursorError, match="is of moving over HTTP, not of bright over HTTP"):
        listen("bright", url, cursor=kept)
    kept.write_text('{"stream": "bright over HTTP", "position": "100"}')
    with pytest.raises(CursorError, match="cursor 100 is beyond the end"):
        listen("bright", url, cursor=kept).poll()
    with (
        pytest.raises(CursorError, match="cannot be written"),
        listen("bright", url, cursor=tmp_path / "no" / "c") as s,
    ):
        next(s)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"cursor": "1", "messages": [{}]}'])
def test_what_answers_but_is_no_broker_is_named(body: bytes) -> None:
    with stranger((200, {}, body)) as url, pytest.raises(ClientError, match="not as a Linnet broker does"):
        listen("bright", url).poll()


def test_a_broker_in_trouble_is_asked_again_when_it_says(caplog: pytest.LogCaptureFixture) -> None:
    page = b'{"cursor": "9", "messages": [{"seq": "9", "dedup_id": "a"}]}'
    busy = (503, {"Retry-After": "1"}, b'{"detail": "the disk is full"}')
    with stranger(busy, (429, {}, b""), (200, {}, page)) as url, caplog.at_level(logging.WARNING, "linnet_client"):
        began = time.monotonic()
        assert next(listen("bright", url)).dedup_id == "a"
    assert 1.2 < time.monotonic() - began < 30
    assert "the disk is full" in caplog.text
    with stranger((403, {}, b'{"detail": "a token is wanted"}')) as url, pytest.raises(ClientError, match="a token is"):
        listen("bright", url).poll()


def test_a_broker_that_is_away_is_waited_for(here: Site, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with caplog.at_level(logging.WARNING, "linnet_client"):
        stream = listen("bright", f"http://127.0.0.1:{port}")
        began = time.monotonic()
        assert stream.poll(timeout=1.5) == []
        assert 1.4 < time.monotonic() - began < 20
    assert "does not answer" in caplog.text
    assert "trying again in" in caplog.text


def test_waiting_grows_to_a_bound_and_heeds_what_the_broker_asks_for() -> None:
    backoff = Backoff()
    waits = [backoff.seconds() for _ in range(12)]
    assert 0.25 <= waits[0] <= 0.5
    assert all(0.25 * 2**i <= w <= 0.5 * 2**i for i, w in enumerate(waits[:6]))
    assert all(LONGEST / 2 <= w <= LONGEST for w in waits[7:])
    assert backoff.seconds(120.0) == 120.0
    backoff.reset()
    assert backoff.seconds() <= 0.5


@pytest.mark.parametrize(
    ("since", "text"),
    [
        (60000.5, "60000.5"),
        (60000, "60000.0"),
        ("2026-01-31", "2026-01-31"),
        (datetime(2026, 1, 31, 8), "2026-01-31T08:00:00"),  # noqa: DTZ001 - one without a zone is meant
        (datetime(2026, 1, 31, 8, tzinfo=timezone(timedelta(hours=2))), "2026-01-31T06:00:00"),
    ],
)
def test_a_time_in_any_form_is_sent_as_text_that_the_broker_reads(since: object, text: str) -> None:
    assert since_text(since) == text
    moment(text)


def test_times_of_astropy_mean_the_same_to_broker_and_kafka() -> None:
    time_ = Time("2026-01-31T08:30:00", scale="utc")
    assert moment(since_text(time_)) == pytest.approx(time_.tai.mjd, abs=1e-9)
    assert moment("2026-01-31T08:30:00") == pytest.approx(time_.tai.mjd, abs=1e-9)
    for form in (since_text(time_), "2026-01-31T08:30:00", "2026-01-31T10:30:00+02:00"):
        assert unix_milliseconds(form) == pytest.approx(time_.unix * 1000, abs=1)
    with pytest.raises(ValueError, match="yesterday"):
        unix_milliseconds("yesterday")


def test_messages_become_a_table_with_units_and_masked_nulls(url: str) -> None:
    messages = list(itertools.islice(listen("bright", url), 3))
    table = to_table(messages)
    assert isinstance(table, Table)
    assert table.colnames == list(messages[0])
    assert len(table) == 3
    assert table["ra"].unit == "deg"
    assert list(table["alert_id"]) == [str(BIG), str(LATE), str(BIG)]
    assert list(table["mag_err"].mask) == [False, True, True]
    assert table["mag_err"][0] == 0.05
    assert table["gal_lon"].mask.all()
    arrow = to_table(iter(messages), "pyarrow")
    assert arrow.to_pylist() == [dict(m) for m in messages]
    assert len(to_table([])) == 0


def test_a_table_of_a_library_that_is_not_there_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(ClientError, match=r"pandas is not installed: pip install"):
        to_table([], "pandas")


def test_active_filters_are_listed(url: str) -> None:
    assert [f["name"] for f in filters(url)] == ["bright", "moving"]
    with pytest.raises(ClientError, match="no Linnet broker answers at"):
        filters("http://127.0.0.1:9")
