"""`linnet route`: routes with policies, from their making to what they send, across starts of the broker."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from linnet.app.console import OK, USAGE
from linnet.app.home import create
from processes import Done, call
from small_home import ingest, told

FIRST, SECOND = "ztf/forced-photometry", "ztf/variable"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home with a filter that takes everything."""
    place = create(tmp_path / "home").path
    assert call("filter", "add", "every", "alert_id is not null", "--home", place).returncode == OK
    return place


def route(home: Path, *arguments: str) -> Done:
    """`linnet route ...`, which must succeed."""
    done = call("route", *arguments, "--home", home)
    assert done.returncode == OK, done.stderr
    return done


def routes(home: Path) -> dict[str, dict[str, Any]]:
    """`linnet route list --json` by name."""
    return {row["route"]: row for row in json.loads(route(home, "list", "--json").stdout)}


def audited(home: Path) -> dict[str, Any]:
    """The account of a home, which must be in order."""
    done = call("audit", "--json", "--home", home)
    assert done.returncode == OK, done.stdout
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def messages(home: Path, folder: str) -> list[dict[str, Any]]:
    """What a route wrote of the filter `every`."""
    return [json.loads(line) for line in (home / folder / "every.jsonl").read_text().splitlines()]


def test_a_route_that_is_made_first_sends_each_object_once_across_starts(home: Path, samples: Path) -> None:
    said = route(home, "add", "few", "--sink", "files:few", "--filters", "every", "--once-per-object").stdout
    assert said == "route few sends matches of every to files:few: once per object\n"
    for folder in (FIRST, SECOND, FIRST):
        ingest(samples / folder, home)
    every, few = messages(home, "outbox"), messages(home, "few")
    assert len(every) > len(few) > 1
    first: dict[str, str] = {}
    for row in every:
        first.setdefault(row["object_id"], row["dedup_id"])
    assert [row["dedup_id"] for row in few] == list(first.values())
    row, account = routes(home)["few"], audited(home)
    assert (row["sent"], row["held"], row["policy"]) == (len(few), len(every) - len(few), "once per object")
    assert (account["delivered"]["few"], account["held"], account["waiting"]) == (len(few), row["held"], 0)
    assert f"held back by policies {row['held']}" in " ".join(call("audit", "--home", home).stdout.split())
    done = json.loads(call("trace", every[0]["alert_id"], "--json", "--home", home).stdout)
    outcomes = [tag["routes"] for trace in done for tag in trace["tags"] if tag["filter"] == "every"]
    assert outcomes == [{"files": "sent", "few": "sent, or held back (once per object)"}]


def test_a_quota_is_kept_night_by_night(home: Path, samples: Path) -> None:
    route(home, "add", "few", "--sink", "files:few", "--filters", "every", "--per-night", "2", "--min-gap", "0.001")
    ingest(samples / "ztf", home)
    nights = Counter((row["survey"], row["known_night"]) for row in messages(home, "few"))
    of_all = Counter((row["survey"], row["known_night"]) for row in messages(home, "outbox"))
    assert nights == {night: min(n, 2) for night, n in of_all.items()}
    assert max(of_all.values()) > 2


def test_a_route_begins_with_the_next_match_or_with_the_first_ever(home: Path, samples: Path) -> None:
    ingest(samples / FIRST, home)
    before = len(messages(home, "outbox"))
    route(home, "add", "next", "--sink", "files:next")
    route(home, "add", "whole", "--sink", "files:whole", "--from-start")
    ingest(samples / SECOND, home)
    every = messages(home, "outbox")
    assert messages(home, "whole") == every
    assert messages(home, "next") == every[before:]
    assert len(every) > before
    assert audited(home)["waiting"] == 0
    done = json.loads(call("trace", every[0]["alert_id"], "--json", "--home", home).stdout)
    assert done[0]["tags"][0]["routes"] == {"files": "sent", "next": "older than the route", "whole": "sent"}
    route(home, "add", "next", "--sink", "files:elsewhere")
    assert routes(home)["next"]["seq"] == routes(home)["files"]["seq"]


def test_a_removed_route_stays_away_also_the_one_that_comes_with_a_home(home: Path, samples: Path) -> None:
    route(home, "add", "few", "--sink", "files:few")
    assert routes(home).keys() == {"files", "few"}
    for name in ("files", "few"):
        route(home, "remove", name)
    ingest(samples / FIRST, home)
    assert routes(home) == {}
    assert not (home / "outbox").exists()
    assert audited(home)["delivered"] == {}
    told(USAGE, call("route", "remove", "few", "--home", home), "there is no route few")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("Few", "--sink", "files:x"), "'Few'"),
        (("few", "--sink", "pigeon:x"), "no sink of kind 'pigeon'"),
        (("few", "--sink", "files:"), "name its target"),
        (("few", "--sink", "files:x", "--filters", "every,even"), "there is no filter even"),
        (("few", "--sink", "files:x", "--per-night", "0"), "sends nothing"),
        (("few", "--sink", "files:x", "--min-gap", "nan"), "above 0"),
        (("few", "--sink", "files:x", "--min-gap", "1", "--once-per-object"), "choose one"),
    ],
)
def test_a_route_that_cannot_be_is_refused_in_one_line_and_not_made(
    home: Path, arguments: tuple[str, ...], word: str
) -> None:
    told(USAGE, call("route", "add", *arguments, "--home", home), word)
    assert routes(home).keys() == {"files"}


def test_routes_are_shown_in_a_table(home: Path) -> None:
    route(home, "add", "few", "--sink", "files:few", "--filters", "every", "--min-gap", "2.5")
    lines = [line.split() for line in route(home, "list").stdout.splitlines()]
    assert ["few", "│", "files:few", "│", "every", "│", "2.5", "d", "apart", "│", "0", "│", "0", "│", "0"] in lines
    assert ["files", "│", "files:outbox", "│", "all", "│", "everything", "│", "0", "│", "0", "│", "0"] in lines
