"""`linnet filter ...`: from a text to an active version, refused with its place, compared, shown, switched off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fastavro
import pytest

from linnet.adapters.sqlite_control import SqliteControl
from linnet.app.console import OK, USAGE, WRONG
from linnet.app.home import create
from linnet.filters.builtin import builtin
from processes import Done, call
from small_home import SOME, ingest, told


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home."""
    return create(tmp_path / "home").path


@pytest.fixture(scope="module")
def filled(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that has taken some packets. Nobody writes to it."""
    return ingest(samples / SOME, tmp_path_factory.mktemp("filled") / "home")


def run(home: Path, *arguments: str | Path) -> str:
    """`linnet filter ...`, which must succeed; gives what it says."""
    done = call("filter", *arguments, "--home", home)
    assert (done.returncode, done.stderr) == (OK, "")
    return done.stdout


def fails(home: Path, *arguments: str | Path) -> Done:
    return call("filter", *arguments, "--home", home)


def listed(home: Path, name: str) -> list[dict[str, Any]]:
    return [row for row in json.loads(run(home, "list", "--json")) if row["filter"] == name]


def shown(home: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(home, "show", name, "--json"))
    return found


def written(path: Path, value: object) -> Path:
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


BRIGHT, FAINT = (
    {"mag": 17.0, "survey": "ztf"},
    {"why": "too faint", "row": {"mag": 19.0, "alert_id": "9007199254740993"}},
)


def test_check_says_what_a_condition_means_and_reads_and_what_it_says_of_examples(home: Path, tmp_path: Path) -> None:
    passing, failing = written(tmp_path / "p.json", [BRIGHT]), written(tmp_path / "n.json", {"must_not": [FAINT]})
    condition = "not(mag>=18)   and SURVEY='ztf'".replace("SURVEY", "survey")
    given = ("check", condition, "--must-pass", passing, "--must-not", failing)
    found = json.loads(run(home, *given, "--json"))
    assert found["canonical"] == "not mag >= 18 and survey = 'ztf'"
    assert [(r["column"], r["unit"]) for r in found["reads"]] == [("mag", "mag"), ("survey", "")]
    assert [(e["why"], e["must_pass"], e["says"], e["right"]) for e in found["examples"]] == [
        ("p.json: row 1", True, True, True),
        ("too faint", False, False, True),
    ]
    said = run(home, *given)
    for part in ("not mag >= 18 and survey = 'ztf'", "float", "too faint"):
        assert part in said
    wrong = fails(home, "check", "mag > 18", "--must-pass", passing)
    assert wrong.returncode == WRONG
    assert "wrong" in wrong.stdout
    assert json.loads(run(home, "list", "--json")) == []


def test_a_condition_that_is_refused_is_shown_with_a_caret_below_the_place(home: Path) -> None:
    text = "snr > 5 and\n  magg < 18"
    for command in (("check", text), ("add", "mine", text)):
        done = fails(home, *command)
        line, caret = done.stdout.splitlines()
        assert (line, caret) == ("  magg < 18", "  ^")
        assert "(at character 15)" in told(USAGE, done, "magg", "mag")
    assert listed(home, "mine") == []


def test_a_version_is_kept_with_all_that_it_was_given_and_edited_in_parts(home: Path, tmp_path: Path) -> None:
    examples = written(
        tmp_path / "e.toml",
        '[[must_pass]]\nwhy = "bright"\nrow = { mag = 17.0 }\n\n[[must_not]]\nwhy = "faint"\nrow = { mag = 19.5 }\n',
    )
    given = (
        "--topic",
        "Bright ones",
        "--columns",
        "ztf_field, mag_err",
        "--must-pass",
        examples,
        "--must-not",
        examples,
    )
    run(home, "add", "mine", "mag < 18", *given, "--visibility", "public")
    assert "version 1 is kept" in run(home, "add", "mine", "mag < 18", *given)
    said = run(home, "edit", "mine", "mag < 17.5")
    assert "mine version 2 is active" in said
    run(home, "edit", "mine", "--columns", "", "--no-activate")
    file = written(tmp_path / "condition.txt", "mag < 17.2\n  and mag > 10\n")
    run(home, "edit", "mine", "--file", file, "--visibility", "private")
    found = shown(home, "mine")
    assert [(v["text"].split()[2], v["columns"], v["active"]) for v in found["versions"]] == [
        ("18", ["ztf_field", "mag_err"], False),
        ("17.5", ["ztf_field", "mag_err"], False),
        ("17.5", [], False),
        ("17.2", [], True),
    ]
    assert {v["topic_line"] for v in found["versions"]} == {"Bright ones"}
    assert all(v["must_pass"] == [{"why": "bright", "row": {"mag": 17.0}}] for v in found["versions"])
    assert (found["visibility"], found["state"]) == ("private", "version 4 is active")
    assert [(a["version"], a["ended"] is None) for a in found["activations"]] == [(1, False), (2, False), (4, True)]
    same = run(home, "edit", "mine", "--topic", "other")
    assert "version 4 is kept" in same
    assert "topic line and description stay" in same


def test_a_version_with_a_wrong_example_is_kept_but_not_activated_unless_forced(home: Path, tmp_path: Path) -> None:
    passing = written(tmp_path / "p.json", [BRIGHT])
    run(home, "add", "mine", "mag < 18", "--must-pass", passing)
    line = told(USAGE, fails(home, "edit", "mine", "mag < 16"), "not activated", "does not pass, and must")
    assert "mine version 2" in line
    assert [(row["version"], row["active"]) for row in listed(home, "mine")] == [(1, True), (2, False)]
    run(home, "activate", "mine", "--version", "2", "--force")
    assert [(row["version"], row["active"]) for row in listed(home, "mine")] == [(1, False), (2, True)]


def test_an_option_makes_a_version_of_a_built_in_filter_with_its_examples(home: Path) -> None:
    shipped = next(each for each in builtin() if each.options)
    option, declared = next(iter(shipped.options.items()))
    number = declared.value * 1.01
    run(home, "edit", shipped.name, "--option", f"{option}={number}", "--force")
    first, second = shown(home, shipped.name)["versions"]
    assert (first["text"], first["active"], second["active"]) == (shipped.text, False, True)
    assert second["text"] == shipped.with_options({option: number})
    assert second["options"] == {option: number}
    assert len(second["must_pass"]) == len(shipped.must_pass)
    assert [row["owner"] for row in listed(home, shipped.name)] == ["linnet", "local"]
    told(USAGE, fails(home, "edit", shipped.name, "--option", "nothing=3"), "has no option nothing")
    told(USAGE, fails(home, "edit", shipped.name, "--option", f"{option}=x"), "NAME=NUMBER")
    run(home, "add", "mine", "mag < 18")
    told(USAGE, fails(home, "edit", "mine", "--option", f"{option}=3"), "none of the filters that come with Linnet")


def test_versions_are_compared_clause_by_clause(home: Path) -> None:
    run(home, "add", "mine", "mag < 18 and snr > 5 and survey = 'ztf'")
    run(home, "edit", "mine", "survey='ztf'  and mag<17.5 and snr>5 and n_detections>=2")
    lines = run(home, "diff", "mine").splitlines()
    assert lines[0] == "mine: version 1 (-) and version 2 (+)"
    assert sorted(line for line in lines[1:] if line[0] in "+-") == [
        "+ mag < 17.5",
        "+ n_detections >= 2",
        "+ survey = 'ztf'",
        "- mag < 18",
        "- survey = 'ztf'",
    ]
    assert "  snr > 5" in lines
    found = json.loads(run(home, "diff", "mine", "1", "1", "--json"))
    assert {c["sign"] for c in found["clauses"]} == {""}
    told(USAGE, fails(home, "diff", "mine", "1", "7"), "no version 7")


def test_what_is_off_says_why_and_an_activation_closes_the_notice(home: Path, samples: Path) -> None:
    run(home, "add", "base", "mag < 18")
    run(home, "add", "built", "tag('base') and snr > 5")
    assert "built names it, and will be switched off too" in run(home, "off", "base")
    control = SqliteControl.open(home / "control.db")
    control.switch_off("built", 1, "unfit", "it names base, which is not active")
    control.close()
    (row,) = listed(home, "built")
    assert (row["active"], row["notices"]) == (False, ["it names base, which is not active"])
    assert shown(home, "built")["state"] == "version 1 was switched off: it names base, which is not active"
    assert "it names base" in run(home, "list")
    ingest(samples / SOME, home)
    assert "notice: filter built version 1: it names base" in call("top", "--once", "--home", home).stdout
    assert "it names base" in run(home, "show", "built")
    told(USAGE, fails(home, "activate", "built"), "base")
    run(home, "activate", "base")
    run(home, "activate", "built")
    assert listed(home, "built")[0]["notices"] == []


def test_what_a_filter_caught_is_shown_by_night(filled: Path) -> None:
    found = {row["filter"] for row in json.loads(run(filled, "list", "--json"))}
    matched = json.loads(call("audit", "--json", "--home", filled).stdout)["matched"]
    assert set(matched) <= found
    name, n = max(matched.items(), key=lambda item: item[1])
    assert n > 0
    caught = shown(filled, name)["yields"]
    assert sum(row["n"] for row in caught) == n
    assert {row["version"] for row in caught} == {1}
    assert str(caught[0]["night"]) in run(filled, "show", name)


def test_messages_carry_the_columns_that_their_filter_asks_for_and_others_stay_as_they_are(
    samples: Path, home: Path
) -> None:
    asked = ("ztf_rb", "mag", "ztf_field", "lsst_extendedness", "ztf_jdstartref")
    run(home, "add", "all_plain", "alert_id is not null")
    run(home, "add", "all_more", "alert_id is not null", "--columns", ",".join(asked))
    ingest(samples / SOME, home)
    more, plain = (
        {row["alert_id"]: row for row in map(json.loads, (home / "outbox" / f"{name}.jsonl").read_text().splitlines())}
        for name in ("all_more", "all_plain")
    )
    sent: dict[str, dict[str, Any]] = {}
    for path in (samples / SOME).iterdir():
        with path.open("rb") as file:
            sent.update({str(packet["candid"]): packet["candidate"] for packet in fastavro.reader(file)})  # type: ignore[index, call-overload, misc]  # a record
    assert len(more) > 3
    assert more.keys() == plain.keys()
    for alert_id, row in more.items():
        there = list(plain[alert_id])
        assert list(row) == [*there, "ztf_rb", "ztf_field", "lsst_extendedness", "ztf_jdstartref"]
        named = ("dedup_id", "filter", "seq")
        assert {k: row[k] for k in there if k not in named} == {k: plain[alert_id][k] for k in there if k not in named}
        assert row["ztf_rb"] == pytest.approx(sent[alert_id]["rb"], rel=1e-6)
        assert (row["ztf_field"], row["lsst_extendedness"]) == (sent[alert_id]["field"], None)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("add", "Mine", "mag < 18"), "cannot be named"),
        (("add", "mine"), "give the condition"),
        (("check",), "give the condition"),
        (("add", "mine", "mag < 18", "--file", "x"), "given twice"),
        (("add", "mine", "--file", "nowhere.txt"), "cannot read nowhere.txt"),
        (("add", "mine", "mag < 18", "--columns", "magg"), "did you mean mag"),
        (("add", "mine", "mag < 18", "--columns", "lc_mjd"), "no message carries"),
        (("add", "mine", "mag < 18", "--visibility", "friends"), "private or public"),
        (("add", "mine", "mag < 18", "--must-pass", "nowhere.json"), "cannot read nowhere.json"),
        (("edit", "mine", "mag < 18"), "no filter mine"),
        (("activate", "bright_new_transien"), "near: bright_new_transient"),
        (("activate", "bright_new_transient", "--version", "9"), "no version 9"),
        (("off", "mine"), "no filter mine"),
        (("show", "mine"), "no filter mine"),
        (("diff", "mine"), "no filter mine"),
    ],
)
def test_what_cannot_be_done_is_one_line(home: Path, arguments: tuple[str, ...], word: str) -> None:
    told(USAGE, fails(home, *arguments), word)


@pytest.mark.parametrize("content", ["{", "3", '{"must_not": []}', "[3]", '[{"why": "empty", "row": {}}]'])
def test_examples_that_are_none_are_one_line(home: Path, tmp_path: Path, content: str) -> None:
    path = written(tmp_path / "p.json", content)
    told(USAGE, fails(home, "check", "mag < 18", "--must-pass", path), "p.json")


def test_an_example_with_a_column_that_does_not_exist_or_of_another_type_is_refused(home: Path, tmp_path: Path) -> None:
    for row, word in (({"magg": 3}, "magg"), ({"mag": "bright"}, "mag")):
        path = written(tmp_path / "p.json", [row])
        told(USAGE, fails(home, "add", "mine", "mag < 18", "--must-pass", path), word)
    assert listed(home, "mine") == []
