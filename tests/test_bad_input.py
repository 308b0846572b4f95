"""Bad input of every kind: one clear line, an exit code, no traceback, and nothing lost."""

from __future__ import annotations

import json
import os
import shutil
import socket
from pathlib import Path

import pytest

from linnet.app.console import OK, USAGE
from processes import call
from small_home import SOME, ingest, state, told

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + bytes(500)


@pytest.fixture(scope="module")
def made(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small home. Nobody writes to it."""
    return ingest(samples / SOME, tmp_path_factory.mktemp("made") / "home")


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A copy of the small home, to spoil."""
    return shutil.copytree(made, tmp_path / "home")


# What is offered


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    told(USAGE, call("ingest", tmp_path / "empty", "--home", tmp_path / "home"), "no files in", "empty")


def test_a_path_that_leads_nowhere_is_named_and_makes_no_home(tmp_path: Path, samples: Path) -> None:
    done = call("ingest", samples / SOME, tmp_path / "nowhere", "--home", tmp_path / "home")
    told(USAGE, done, str(tmp_path / "nowhere"), "no such file")
    assert not (tmp_path / "home").exists()


def test_a_picture_is_kept_as_a_dead_letter_and_said_to_hold_no_alert(tmp_path: Path) -> None:
    picture, home = tmp_path / "picture.png", tmp_path / "home"
    picture.write_bytes(PNG)
    for _ in range(2):
        told(USAGE, call("ingest", picture, "--home", home), "no alert is in", "picture.png", "dead list")
    (letter,) = json.loads(call("dead", "list", "--json", "--home", home).stdout)
    assert (letter["reason"], letter["key"]) == ("NOT_A_PACKET", "picture.png")
    assert "PNG" in letter["detail"]
    call("dead", "show", "1", "--save", tmp_path / "back", "--home", home)
    assert (tmp_path / "back").read_bytes() == PNG
    assert call("audit", "--home", home).returncode == OK


def test_a_folder_of_nothing_but_pictures_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "picture.png").write_bytes(PNG)
    (tmp_path / "album" / "empty").touch()
    done = call("ingest", tmp_path / "album", "--json", "--home", tmp_path / "home")
    assert (done.returncode, done.stderr) == (OK, "")
    assert json.loads(done.stdout)["dead"] == {"NOT_A_PACKET": 2}


def test_a_picture_among_packets_harms_none_of_them(tmp_path: Path, samples: Path, made: Path) -> None:
    shutil.copytree(samples / SOME, tmp_path / "night")
    (tmp_path / "night" / "a-picture.png").write_bytes(PNG)
    done = call("ingest", tmp_path / "night", "--json", "--home", tmp_path / "home")
    assert (done.returncode, done.stderr) == (OK, "")
    assert state(tmp_path / "home") == state(made)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder as a recording", "picture as a recording"])
def test_what_is_no_file_of_packets_is_refused_before_anything_is_taken(
    kind: str, tmp_path: Path, samples: Path
) -> None:
    odd = tmp_path / "odd.arrow" if "recording" in kind else tmp_path / "odd"
    if kind == "pipe":
        os.mkfifo(odd)
    elif kind == "device":
        odd = Path("/dev/null")
    elif kind == "folder as a recording":
        odd.mkdir()
    else:
        odd.write_bytes(PNG)
    done = call("ingest", samples / SOME, odd, "--home", tmp_path / "home")
    told(USAGE, done, odd.name)
    assert json.loads(call("audit", "--json", "--home", tmp_path / "home").stdout)["received"] == 0


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "packets").mkdir()
    (tmp_path / "packets" / "link.avro").symlink_to(tmp_path / "gone.avro")
    told(USAGE, call("ingest", tmp_path / "packets", "--home", tmp_path / "home"), "link.avro", "leads nowhere")
    if os.geteuid() == 0:
        return  # to root everything is readable; the link stands for it
    (tmp_path / "packets" / "link.avro").unlink()
    (tmp_path / "packets" / "secret.avro").touch(0o000)
    told(USAGE, call("ingest", tmp_path / "packets", "--home", tmp_path / "home"), "secret.avro", "permission")


# Words


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("nosuch", ("No such command", "nosuch", "linnet --help")),
        ("ingest", ("Missing argument", "paths", "linnet ingest --help")),
        ("audit --nosuch", ("No such option", "--nosuch")),
        ("trace 5", ("alert 5 was never offered", "dead list")),
        ("trace abc", ("alert_id", "integer")),
        ("trace 99999999999999999999", ("alert_id", "9223372036854775807")),
        ("dead show 7", ("no dead letter 7", "dead list")),
        ("dead show abc", ("dead_id", "integer")),
        ("dead show 99999999999999999999", ("dead_id", "9223372036854775807")),
        ("dead list --reason UGLY", ("UGLY", "NOT_A_PACKET")),
        ("dead list --limit 0", ("--limit", "1")),
        ("filter off nosuch", ("no filter nosuch",)),
        ("serve --port 99999", ("--port", "65535")),
        ("serve --host nosuch.invalid", ("cannot listen on nosuch.invalid", "--host")),
    ],
)
def test_words_that_mean_nothing_here_are_answered_in_one_line(
    command: str, words: tuple[str, ...], made: Path
) -> None:
    arguments = [*command.split(), "--home", str(made)] if command != "nosuch" else ["nosuch"]
    told(USAGE, call(*arguments), *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mga < 18", ("no column is named mga", "did you mean mag", "character 1)")),
        ("mag < 18 and gal_latt", ("no column is named gal_latt", "character 14)")),
        ("mag <", ("character",)),
        ("", ("the filter is empty",)),
        ("mag < 'faint'", ("number", "text", "character 7)")),
        ("__import__('os')", ("character",)),
        ("mag < 18; drop table alert", ("character",)),
        ("mag + 1", ("filter",)),
    ],
)
def test_a_filter_that_cannot_be_is_refused_with_place_and_reason(
    text: str, words: tuple[str, ...], home: Path
) -> None:
    before = call("filter", "list", "--json", "--home", home).stdout
    told(USAGE, call("filter", "add", "mine", text, "--home", home), *words)
    assert call("filter", "list", "--json", "--home", home).stdout == before


@pytest.mark.parametrize("name", ["../../escape", "two words", "Big", "", "0nine", "x" * 65, "naïve", "a\nb"])
def test_a_filter_name_that_could_be_no_file_name_is_refused(name: str, home: Path) -> None:
    told(USAGE, call("filter", "add", name, "mag < 12", "--home", home), "lower case, digits and underscores")


def test_a_port_that_is_taken_is_named(made: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told(USAGE, call("serve", "--port", port, "--home", made), f"127.0.0.1 port {port}", "in use", "--port")


# Configuration


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bacth = 7", ("unknown key 'bacth'", "batch")),
        ("batch = 0", ("'batch'", "greater than or equal to 1", "it is 0")),
        ('batch = "many"', ("'batch'", "integer", "'many'")),
        ("batch = true", ("'batch'", "integer", "True")),
        ("batch = 1.5", ("'batch'", "integer")),
        ("port = 65536", ("'port'", "65535")),
        ('publish_private = "no"', ("'publish_private'", "boolean")),
        ("host = 7", ("'host'", "string")),
        ("[kafka]\nbotstrap = 'x'", ("unknown key 'kafka.botstrap'", "bootstrap")),
        ("[kafka]\ntls = 'yes'", ("'kafka.tls'", "boolean")),
        ("[registry]\nurl = 7", ("'registry.url'", "string")),
        ("batch = ", ("no TOML", "end of document")),
        ("[batch", ("no TOML",)),
        ("\udcff", ("no TOML", "utf-8")),
    ],
)
def test_a_configuration_that_is_wrong_names_its_file_and_key(text: str, words: tuple[str, ...], home: Path) -> None:
    (home / "linnet.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    for command in ("audit", "serve", "ingest"):
        more = [str(home / "home.json")] if command == "ingest" else []
        told(USAGE, call(command, *more, "--home", home), str(home / "linnet.toml"), *words)


def test_a_password_that_is_no_text_is_not_repeated(home: Path) -> None:
    (home / "linnet.toml").write_text("[kafka]\npassword = 31337")
    done = call("audit", "--home", home)
    told(USAGE, done, "'kafka.password' must be text")
    assert "31337" not in done.stderr


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("LINNET_KAFKA_BOTSTRAP", "x", ("unknown key 'botstrap'", "bootstrap")),
        ("LINNET_DELIVERY_PARTITIONS", "many", ("'partitions'", "integer")),
        ("LINNET_KAFKA_TLS", "perhaps", ("'tls'", "boolean")),
        ("LINNET_REGISTRY_ADDRESS", "x", ("unknown key 'address'", "url")),
    ],
)
def test_a_variable_that_is_wrong_is_named(variable: str, value: str, words: tuple[str, ...], home: Path) -> None:
    told(USAGE, call("audit", "--home", home, **{variable: value}), variable, *words)


@pytest.mark.parametrize("named", ["99", "commit", "06:0", "06:x", "06:-1", ":"])
def test_an_unknown_failpoint_is_refused_before_anything_runs(named: str, made: Path) -> None:
    told(USAGE, call("audit", "--home", made, LINNET_FAILPOINT=named), "LINNET_FAILPOINT")
