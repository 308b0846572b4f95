"""Scores: fractions against published values, counts against a loop in plain Python, and the command. About 15 s."""

from __future__ import annotations

import json
import math
import random
import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linnet.app.config import Settings
from linnet.app.console import OK, USAGE
from linnet.app.home import existing
from linnet.app.score_command import scored
from linnet.app.wiring import reader
from linnet.errors import InputError
from linnet.operations.binomial import fraction
from linnet.operations.scoring import Score, score
from linnet.operations.scoring_truth import truth_of
from processes import call
from small_home import told

CLASSES = ("agn", "rr_lyrae", "sn_ia", "sn_ii")
HUNTERS = ("bright_new_transient", "solar_system_new_candidate")


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17, 857, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_the_published_ones(k: int, n: int, low: float, high: float) -> None:
    found = fraction(k, n)
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    other = fraction(n - k, n)
    assert other is not None
    assert (other.low, other.high) == pytest.approx((1 - found.high, 1 - found.low))


def test_the_ends_of_an_interval_lie_as_far_off_as_its_confidence_says() -> None:
    quantile = statistics.NormalDist().inv_cdf(0.975)
    for n in (1, 2, 7, 300):
        for k in range(0, n + 1, max(1, n // 7)):
            found = fraction(k, n)
            assert found is not None
            assert 0.0 <= found.low <= found.value <= found.high <= 1.0
            for end in {found.low, found.high} - {0.0, 1.0}:
                assert abs(k / n - end) == pytest.approx(quantile * math.sqrt(end * (1 - end) / n))


def test_of_nothing_there_is_no_fraction() -> None:
    assert fraction(0, 0) is None
    for k, n in ((1, 0), (-1, 3), (4, 3)):
        with pytest.raises(ValueError, match="no fraction"):
            fraction(k, n)


@pytest.fixture(scope="module")
def home(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with real ZTF alerts of many nights. Nobody writes to it."""
    place = tmp_path_factory.mktemp("scoring") / "home"
    folders = ("transient", "one-field", "no-known-body", "one-container")
    assert call("ingest", *(samples / "ztf" / n for n in folders), "--home", place).returncode == OK
    assert call("ingest", samples / "lsst" / "deep-field", "--home", place).returncode == OK
    return place


@pytest.fixture(scope="module")
def alerts(home: Path) -> list[dict[str, Any]]:
    """Every stored alert with the filters that tagged it."""
    found = []
    with reader(existing(home), Settings()) as parts:
        for survey, ids in parts.store.alert_ids().items():
            tags = defaultdict(set)
            for tag in parts.store.tags_of(survey, ids).to_pylist():
                tags[tag["alert_id"]].add(tag["filter"])
            names = [
                "survey",
                "alert_id",
                "object_id",
                "mjd",
                "night",
                "mag",
                "first_seen_age",
                "gal_lat",
                "is_positive",
            ]
            rows = parts.store.alerts(survey, ids).select([*names, "history_two_epochs"]).to_pylist()
            found += [{**row, "tags": tags[row["alert_id"]]} for row in rows]
    return found


@pytest.fixture(scope="module")
def truth(alerts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A truth for most alerts: each object has one class and a day from which it was detectable, some without."""
    draws = random.Random(5)
    of_object: dict[str, tuple[str, float | None]] = {}
    bright = {a["object_id"] for a in alerts if "bright_new_transient" in a["tags"]}
    rows = []
    for alert in alerts:
        name = str(alert["object_id"] or alert["alert_id"])
        first = None if draws.random() < 0.3 else alert["mjd"] - 10 * draws.random()
        label = "sn_ia" if name in bright and len(of_object) % 5 else draws.choice(CLASSES)
        label, since = of_object.setdefault(name, (label, first))
        if draws.random() < 0.9:
            named = {"survey": alert["survey"], "alert_id": alert["alert_id"], "object_id": alert["object_id"]}
            rows.append({**named, "class": label, "first_detectable_mjd": since})
    return rows


def run(home: Path, rows: list[dict[str, Any]], **asked: Any) -> Score:
    """The score of this truth."""
    with reader(existing(home), Settings()) as parts:
        filters = scored(parts, list(HUNTERS))
        return score(parts.store, truth_of(pa.Table.from_pylist(rows)), filters, **asked)


def is_prey(alert: dict[str, Any]) -> bool:
    """What `bright_new_transient` says it should find."""
    return bool(
        alert["is_positive"]
        and alert["history_two_epochs"]
        and alert["first_seen_age"] < 30
        and abs(alert["gal_lat"]) > 7
        and alert["mag"] < {"ztf": 19, "lsst": 21}[alert["survey"]]
    )


def test_counts_and_delays_are_those_of_a_loop(
    home: Path, alerts: list[dict[str, Any]], truth: list[dict[str, Any]]
) -> None:
    found = run(home, truth)
    known = {(t["survey"], t["alert_id"]): t for t in truth}
    rows = [{**a, **known[a["survey"], a["alert_id"]]} for a in alerts if (a["survey"], a["alert_id"]) in known]
    for row in rows:
        row["name"] = (row["survey"], row["object_id"] or row["alert_id"])
    assert (found.alerts, found.unknown) == (len(rows), len(alerts) - len(rows))
    assert found.sources == len({r["name"] for r in rows})
    assert found.nights == tuple(sorted({r["night"] for r in rows}))
    assert [f.name for f in found.filters] == sorted(HUNTERS)
    for each in found.filters:
        passed = [r for r in rows if each.name in r["tags"]]
        assert passed
        assert each.passed_alerts == len(passed)
        assert each.passed_sources == len({r["name"] for r in passed})
        assert each.passed_unknown == sum(each.name in a["tags"] for a in alerts) - len(passed)
        for c in each.classes:
            mine, caught = [r for r in rows if r["class"] == c.name], [r for r in passed if r["class"] == c.name]
            assert (c.alerts, c.passed_alerts) == (len(mine), len(caught))
            sources, found_sources = {r["name"] for r in mine}, {r["name"] for r in caught}
            assert c.efficiency == fraction(len(found_sources), len(sources))
            assert c.purity == fraction(len(found_sources), each.passed_sources)
            days = [
                min(r["mjd"] for r in caught if r["name"] == s)
                - next(r["first_detectable_mjd"] for r in mine if r["name"] == s)
                for s in found_sources
                if any(r["first_detectable_mjd"] for r in mine if r["name"] == s)
            ]
            assert (c.delay is None) is (not days)
            if c.delay is not None:
                assert c.delay.n == len(days)
                assert c.delay.median == pytest.approx(statistics.median(days))
                assert min(days) <= c.delay.median <= c.delay.p90 <= max(days)


def test_the_prey_is_what_the_filter_should_find(
    home: Path, alerts: list[dict[str, Any]], truth: list[dict[str, Any]]
) -> None:
    each = next(f for f in run(home, truth).filters if f.name == "bright_new_transient")
    assert each.prey is not None
    known = {t["alert_id"]: t["class"] for t in truth}
    hunted = [a for a in alerts if known.get(a["alert_id"]) in each.prey.classes]
    due = {a["object_id"] for a in hunted if is_prey(a)}
    caught = {a["object_id"] for a in hunted if each.name in a["tags"]}
    assert len(due) > 2
    assert each.prey.efficiency == fraction(len(due & caught), len(due))
    assert each.prey.purity == fraction(len(caught), each.passed_sources)
    assert each.prey.expected == 0.8


def test_a_truth_of_objects_is_that_of_their_alerts(home: Path, truth: list[dict[str, Any]]) -> None:
    objects = {(t["survey"], t["object_id"]): t["class"] for t in truth if t["object_id"]}
    by_object = [{"survey": s, "object_id": o, "class": c} for (s, o), c in objects.items()]
    found = run(home, by_object)
    assert found.sources == len(objects)
    for each in found.filters:
        assert sum(c.passed_sources for c in each.classes) == each.passed_sources
        assert all(c.delay is None for c in each.classes)


def test_alerts_that_the_truth_calls_one_source_are_one(home: Path, truth: list[dict[str, Any]]) -> None:
    found = run(home, [{**t, "source": t["class"]} for t in truth])
    assert found.sources == len({(t["survey"], t["class"]) for t in truth})


def test_nothing_is_known_of_a_filter_that_saw_no_prey(home: Path, truth: list[dict[str, Any]]) -> None:
    found = run(home, [{**t, "class": "rr_lyrae"} for t in truth])
    prey = next(f.prey for f in found.filters if f.name == "bright_new_transient")
    assert prey is not None
    assert prey.efficiency is None
    assert prey.delay is None
    assert prey.purity == fraction(0, next(f.passed_sources for f in found.filters if f.name == "bright_new_transient"))


def test_one_night_is_scored_alone(home: Path, truth: list[dict[str, Any]], alerts: list[dict[str, Any]]) -> None:
    night = alerts[0]["night"]
    found = run(home, truth, nights=[night])
    assert found.nights == (night,)
    assert found.alerts + found.unknown == sum(a["night"] == night for a in alerts)


def test_the_command_prints_a_table_and_json_and_writes_a_page(
    home: Path, truth: list[dict[str, Any]], tmp_path: Path
) -> None:
    table, page = tmp_path / "truth.parquet", tmp_path / "page.md"
    pq.write_table(pa.Table.from_pylist(truth), table)
    said = call("score", "--truth", table, "--home", home)
    assert said.returncode == OK
    assert "bright_new_transient" in said.stdout
    asked = ("--filter", "bright_new_transient", "--page", page, "--json", "--home", home)
    found = json.loads(call("score", "--truth", table, *asked).stdout)
    every = json.loads(json.dumps(run(home, truth).as_dict()))["filters"]
    expected = next(f for f in every if f["name"] == "bright_new_transient")
    assert found["filters"] == [expected]
    lines = page.read_text().splitlines()
    row = next(line for line in lines if line.startswith("| `bright_new_transient`"))
    assert f"{expected['prey']['efficiency']['k']}/{expected['prey']['efficiency']['n']}" in row
    assert "Wilson" in page.read_text()


def test_a_bad_truth_is_refused_in_one_line(home: Path, truth: list[dict[str, Any]], tmp_path: Path) -> None:
    table = tmp_path / "truth.parquet"
    for rows, words in (
        ([{"alert_id": 1}], "has the column class"),
        ([{"class": "x"}], "alert_id or object_id"),
        ([{"alert_id": 1, "class": "x"}, {"alert_id": 1, "class": "y"}], "two things of one alert_id"),
        ([{"alert_id": "abc", "class": "x"}], "another type"),
        ([{"alert_id": 1, "class": "x"}], "no alert that is stored"),
        ([{"alert_id": None, "class": "x"}], "no alert that is stored"),
    ):
        pq.write_table(pa.Table.from_pylist(rows), table)
        told(USAGE, call("score", "--truth", table, "--home", home), words)
    told(USAGE, call("score", "--truth", tmp_path / "none.parquet", "--home", home), "there is no table of truth")
    table.write_bytes(b"PAR1 and no more")
    told(USAGE, call("score", "--truth", table, "--home", home), "is no Parquet table")
    pq.write_table(pa.Table.from_pylist(truth), table)
    told(USAGE, call("score", "--truth", table, "--filter", "nobody", "--home", home), "there is no filter nobody")
    with pytest.raises(InputError):
        truth_of(pa.table({"class": ["x"]}))
