"""Every command on a demo home: answers, exit codes, JSON, and lines that fit a terminal."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from edited_packets import container, packet
from linnet.app.commands import app
from linnet.app.console import BUSY, OK, STORAGE, USAGE, WRONG
from processes import LINNET, call, linnet, one_line

STORED = "903213723115015014"
"""A candid of the samples that is tagged."""

UNUSABLE, CONFLICTING = 2**53 + 1, int(STORED)


@dataclass(frozen=True)
class Demo:
    """A home that `linnet demo` made of some samples. Nobody writes to it."""

    home: Path
    packets: Path

    @property
    def summary(self) -> dict[str, Any]:
        """Its `summary.json`."""
        found: dict[str, Any] = json.loads((self.home / "summary.json").read_text())
        return found


@pytest.fixture(scope="module")
def demo(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    for some in ("ztf/transient", "lsst/test-stream", "broken"):
        shutil.copytree(samples / some, folder / "packets" / some)
    done = linnet("demo", "--home", folder / "home", "--samples", folder / "packets")
    assert (done.returncode, done.stderr) == (OK, "")
    return Demo(folder / "home", folder / "packets")


@pytest.fixture
def copy(demo: Demo, tmp_path: Path) -> Path:
    """A copy of the demo home to write to."""
    return shutil.copytree(demo.home, tmp_path / "home")


@pytest.fixture(scope="module")
def dead(demo: Demo, samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo home after two more packets: one that contradicts a stored alert, one nowhere in the sky."""
    folder = tmp_path_factory.mktemp("dead")
    home = shutil.copytree(demo.home, folder / "home")
    (path,) = (p for p in samples.rglob("*.avro") if p.name.startswith(STORED))
    found = packet(path)
    edited = [found.edited(magpsf=12.5), found.edited(candid=UNUSABLE, dec=95.0)]
    (folder / "edited.avro").write_bytes(container(edited))
    assert call("ingest", folder / "edited.avro", "--home", home).returncode == OK
    return home


def answer(*arguments: str | Path) -> Any:
    """What a command answers with --json; nothing else stands on either stream."""
    done = call(*arguments, "--json")
    assert (done.returncode, done.stderr) == (OK, "")
    return json.loads(done.stdout)


COMMANDS = {
    *("demo", "ingest", "serve", "audit", "trace", "plan", "rebuild", "reprocess", "doctor", "warmup", "load"),
    *("simulate", "score", "run", "top", "record", "play"),
    *("dead list", "dead show", "dead retry", "dead export", "filter add", "filter list", "filter off", "new module"),
    "filter import",
    *("route add", "route list", "route remove"),
    *("catalogs add", "catalogs list", "catalogs show", "catalogs remove"),
}
"""Every command. `demo` runs in test_demo, `serve` in test_second_process, `run`, `top` in test_run, `score` in
test_scoring; others here."""


def names(group: typer.Typer, before: str = "") -> Iterator[str]:
    """Full names of the commands of an app."""
    for each in group.registered_commands:
        function = each.callback
        assert function is not None
        yield before + (each.name or function.__name__)
    for sub in group.registered_groups:
        assert sub.typer_instance is not None
        yield from names(sub.typer_instance, f"{before}{sub.name} ")


def test_these_are_all_commands_there_are() -> None:
    assert set(names(app)) == COMMANDS


@pytest.mark.parametrize("command", sorted(COMMANDS | {"", "catalogs", "dead", "filter", "new", "route"}))
def test_the_help_of_every_command_fits_80_columns(command: str) -> None:
    done = call(*command.split(), "--help", COLUMNS="80")
    assert done.returncode == OK
    assert "Usage: linnet" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_version_is_told() -> None:
    assert re.fullmatch(r"linnet \d+\.\d+\.\d+\n", call("--version").stdout)


READING = [
    ("audit",),
    ("audit", "--deep"),
    ("trace", STORED),
    ("plan",),
    ("dead", "list"),
    ("dead", "show", "1"),
    ("filter", "list"),
    ("route", "list"),
    ("doctor",),
    ("rebuild",),
    ("reprocess", "--verify"),
]
"""Everything that reads; `plan` and `doctor` also without a home."""


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every single value in some JSON, with the key it has."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, name)
    else:
        yield name, value


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_everything_that_reads_answers_in_json_with_ids_as_strings(command: tuple[str, ...], dead: Path) -> None:
    found = answer(*command, "--home", dead)
    assert found
    for name, value in leaves(found):
        if name.endswith("_id"):
            assert value is None or isinstance(value, str), name
        assert not (isinstance(value, int) and abs(value) > 2**53), name


@pytest.mark.parametrize("command", READING[:-2], ids=" ".join)
def test_what_people_read_fits_80_columns(command: tuple[str, ...], dead: Path) -> None:
    done = call(*command, "--home", dead, COLUMNS="80")
    assert (done.returncode, done.stderr) == (OK, "")
    # Paths are not broken, so that they can be copied.
    assert not [line for line in done.stdout.splitlines() if len(line) > 80 and "/" not in line]


def test_the_json_of_an_audit_is_one_object_with_the_whole_account(demo: Demo) -> None:
    found = answer("audit", "--home", demo.home)
    assert found == demo.summary
    wanted = {"ok", "received", "decoded", "duplicates", "archived", "dead", "matched", "delivered"}
    assert wanted <= found.keys()
    assert set(found["matched"]) >= {"bright_new_transient", "young_and_rising", "fast_fading"}


def test_a_stored_alert_is_traced_through_every_stage(demo: Demo) -> None:
    (found,) = answer("trace", STORED, "--home", demo.home)
    assert (found["survey"], found["alert_id"], found["state"]) == ("ztf", STORED, "stored")
    assert found["source"]["topic"] == str(demo.packets / "ztf")
    assert (demo.home / "archive" / "raw" / found["archived"]["segment"]).is_file()
    assert [t["routes"] for t in found["tags"]] == [{"files": "sent"}] * len(found["tags"])
    assert found["tags"]
    said = call("trace", STORED, "--home", demo.home).stdout
    assert found["object_id"] in said
    assert "files sent" in said


def test_a_dead_alert_is_traced_to_its_reason(dead: Path) -> None:
    (found,) = answer("trace", str(UNUSABLE), "--home", dead)
    assert (found["alert_id"], found["state"]) == (str(UNUSABLE), "dead")
    assert [letter["reason"] for letter in found["dead"]] == ["BAD_VALUE"]
    assert "BAD_VALUE" in call("trace", str(UNUSABLE), "--home", dead).stdout


def test_a_stored_alert_that_was_contradicted_shows_both(dead: Path) -> None:
    (found,) = answer("trace", str(CONFLICTING), "--home", dead)
    assert found["state"] == "stored"
    assert [letter["reason"] for letter in found["dead"]] == ["DUP_CONFLICT"]


def test_dead_letters_are_listed_by_reason_and_give_their_bytes_back(dead: Path, samples: Path, tmp_path: Path) -> None:
    assert len(answer("dead", "list", "--home", dead)) == 4
    (letter,) = answer("dead", "list", "--reason", "NOT_A_PACKET", "--home", dead)
    call("dead", "show", letter["dead_id"], "--save", tmp_path / "saved", "--home", dead)
    (original,) = (p for p in samples.rglob(letter["key"]) if p.parent.name == "broken")
    assert (tmp_path / "saved").read_bytes() == original.read_bytes()
    first, second = (answer("dead", "list", "--limit", "1", "--after", after, "--home", dead) for after in "01")
    assert [first[0]["dead_id"], second[0]["dead_id"]] == ["1", "2"]


def test_a_filter_is_added_listed_versioned_and_switched_off(copy: Path) -> None:
    def mine() -> list[tuple[int, bool, str]]:
        found = answer("filter", "list", "--home", copy)
        return [(f["version"], f["active"], f["text"]) for f in found if f["filter"] == "mine"]

    assert "version 1" in call("filter", "add", "mine", "mag < 12", "--topic", "bright", "--home", copy).stdout
    assert "version 2" in call("filter", "add", "mine", "mag < 11", "--home", copy).stdout
    assert mine() == [(1, False, "mag < 12"), (2, True, "mag < 11")]
    assert "mine" in {f["filter"] for f in answer("plan", "--home", copy)["filters"]}
    assert call("filter", "off", "mine", "--home", copy).returncode == OK
    assert mine() == [(1, False, "mag < 12"), (2, False, "mag < 11")]


def test_the_plan_names_what_each_module_needs_and_gives(tmp_path: Path) -> None:
    found = answer("plan", "--home", tmp_path / "none")
    modules = {m["module"]: m for m in found["modules"]}
    assert modules.keys() >= {"history", "quality", "rates"}
    rates = modules["rates"]
    assert "hist_flux" in rates["needs"]
    assert "rates_rising" in rates["gives"]
    assert {"bright_new_transient", "fast_fading"} <= {f["filter"] for f in found["filters"]}
    assert all("mag" in f["reads"] for f in found["filters"] if f["filter"] == "bright_new_transient")


def test_taking_the_same_packets_twice_changes_nothing_and_says_so(copy: Path, demo: Demo) -> None:
    before = answer("audit", "--home", copy)
    found = answer("ingest", demo.packets / "lsst", "--home", copy)
    run = found.pop("run")
    assert run["duplicates"] == run["received"] > 0
    assert run["archived"] == run["dead"] == 0
    assert {n: found[n] for n in ("archived", "objects", "dead", "matched", "delivered")} == {
        n: before[n] for n in ("archived", "objects", "dead", "matched", "delivered")
    }
    said = call("ingest", demo.packets / "lsst", "--home", copy).stdout
    assert "nothing changed: all of it had been received before" in said.splitlines()


def test_rebuild_and_reprocess_find_the_home_as_recorded(copy: Path) -> None:
    rebuilt = call("rebuild", "--replace", "--home", copy, COLUMNS="80").stdout.splitlines()
    assert rebuilt[-1] == "rebuild: equal"
    reprocessed = call("reprocess", "--verify", "--home", copy, COLUMNS="80").stdout.splitlines()
    archived = answer("audit", "--home", copy)["archived"]
    assert re.search(rf"^alerts +{archived}$", "\n".join(reprocessed), re.MULTILINE)
    assert not [line for line in rebuilt + reprocessed if len(line) > 80 and "/" not in line]


def test_the_home_is_the_option_before_the_environment_before_the_folder_here(
    demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert str(tmp_path / "linnet-home") in one_line(call("audit", LINNET_HOME=""))
    assert str(tmp_path / "elsewhere") in one_line(call("audit", LINNET_HOME="elsewhere"))
    assert call("audit", "--home", demo.home, LINNET_HOME="elsewhere").returncode == OK
    assert call("audit", LINNET_HOME=str(demo.home)).returncode == OK


def cut_segment(home: Path) -> None:
    """Lose the end of one raw segment."""
    segment = max((home / "archive" / "raw").rglob("*.avro"))
    os.truncate(segment, segment.stat().st_size // 2)


def test_exit_codes_tell_a_script_what_kind_of_thing_happened(copy: Path, tmp_path: Path) -> None:
    assert call("audit", "--home", copy).returncode == OK
    assert call("trace", "5", "--home", copy).returncode == USAGE
    assert call("audit", "--home", tmp_path / "none").returncode == BUSY
    cut_segment(copy)
    found = call("audit", "--json", "--home", copy)
    assert found.returncode == WRONG
    assert json.loads(found.stdout)["ok"] is False
    assert "audit: NOT OK" in call("audit", "--home", copy).stdout
    (tmp_path / "packets").mkdir()
    (tmp_path / "packets" / "note.txt").write_text("no packet")
    done = call("ingest", tmp_path / "packets", "--home", copy)
    assert done.returncode == STORAGE
    assert "restore" in one_line(done)


def test_the_doctor_finds_a_sound_home_sound(demo: Demo) -> None:
    found = answer("doctor", "--home", demo.home)
    assert {f["what"] for f in found} >= {"python", "sqlite", "modules", "built-in filters", "disk", "home"}
    assert all(f["ok"] for f in found)


def test_the_doctor_of_a_place_without_a_home_says_how_to_make_one(tmp_path: Path) -> None:
    found = {f["what"]: f for f in answer("doctor", "--home", tmp_path / "none")}
    assert "linnet ingest" in found["home"]["detail"]


def ill(home: Path) -> dict[str, str]:
    """What the doctor finds wrong with a home."""
    done = call("doctor", "--json", "--home", home)
    assert (done.returncode, done.stderr) == (WRONG, "")
    assert "wrong" in call("doctor", "--home", home).stdout
    return {f["what"]: f["detail"] for f in json.loads(done.stdout) if not f["ok"]}


def test_the_doctor_names_each_illness_once(demo: Demo, copy: Path, tmp_path: Path) -> None:
    (copy / "linnet.toml").write_text("bacth = 7\n")
    assert ill(copy).keys() == {"configuration"}
    (copy / "linnet.toml").unlink()
    (copy / "home.json").write_text('{"format": 99}')
    assert "update Linnet" in ill(copy)["home"]
    shutil.copy(demo.home / "home.json", copy)
    (copy / "store.db").write_bytes(b"no database")
    assert "store.db" in ill(copy)["home"]
    (tmp_path / "thesis").mkdir()
    assert "no Linnet home" in ill(tmp_path / "thesis")["home"]


def test_a_filter_that_no_longer_fits_is_left_out_and_told(copy: Path, samples: Path) -> None:
    from linnet.adapters.sqlite_control import SqliteControl

    control = SqliteControl.open(copy / "control.db")
    control.set_active("old", control.add_filter("old", "a_column_of_old < 3", topic_line="old"))
    control.close()
    assert "old version 1" in ill(copy)["home"]
    assert {f["filter"]: f["reads"] for f in answer("plan", "--home", copy)["filters"]}["old"] is None
    assert "left out" in call("plan", "--home", copy).stdout
    done = linnet("ingest", samples / "broken", "--json", "--home", copy)
    assert done.returncode == OK
    assert json.loads(done.stdout)["ok"]
    assert "filter left out" in done.stderr


def test_a_new_module_is_two_files_of_a_checkout(tmp_path: Path) -> None:
    for folder in ("src/linnet/science", "tests"):
        (tmp_path / folder).mkdir(parents=True)
    done = call("new", "module", "twinkle", "--root", tmp_path)
    assert done.returncode == OK
    assert {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.py")} == {
        "src/linnet/science/twinkle.py",
        "tests/test_twinkle.py",
    }
    again = call("new", "module", "twinkle", "--root", tmp_path)
    assert again.returncode == USAGE
    assert "exists already" in one_line(again)


def test_warmup_says_what_it_did_and_how_long_it_took() -> None:
    said = linnet("warmup")
    assert (said.returncode, said.stderr) == (OK, "")
    assert re.search(r"^compile the package +\d+\.\d\d s$", said.stdout, re.MULTILINE)


def on_a_terminal(*arguments: str | Path) -> str:
    """Run a command whose standard error is a terminal; gives what that got."""
    ours, theirs = os.openpty()
    environment = {**os.environ, "COLUMNS": "100", "TERM": "xterm"}
    shown = b""
    with subprocess.Popen(
        [str(LINNET), *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=theirs, env=environment
    ) as running:
        os.close(theirs)
        with suppress(OSError):  # the end of a terminal: its other side is closed
            while some := os.read(ours, 1 << 16):
                shown += some
    os.close(ours)
    assert running.returncode == OK
    return shown.decode()


def test_a_progress_bar_is_shown_on_a_terminal_and_nowhere_else(copy: Path, samples: Path) -> None:
    shown = on_a_terminal("ingest", samples / "broken", "--home", copy)
    for what in ("reading dates", "ingest"):
        assert re.search(rf"{what}.*2/2", shown)
    assert "\x1b[" in shown
    assert linnet("ingest", samples / "broken", "--home", copy).stderr == ""


def test_a_reader_that_goes_away_is_no_error(demo: Demo) -> None:
    with subprocess.Popen(
        [str(LINNET), "plan", "--json", "--home", str(demo.home)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
