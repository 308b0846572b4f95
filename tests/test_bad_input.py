"""Bad input of every kind: one clear line, an exit code, no traceback, and nothing lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from linnet.app.config import Settings
from linnet.app.console import BUSY, OK, STORAGE, USAGE
from linnet.app.home import create, existing
from linnet.app.wiring import reader
from linnet.core.dump import digest
from processes import LINNET, Done, call, linnet, one_line, start

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + bytes(500)
SOME = "ztf/forced-photometry"
"""Sample packets of several nights, quickly taken."""


def told(code: int, done: Done, *words: str) -> str:
    """A refusal in one line with this exit code that names these things."""
    line = one_line(done)
    assert done.returncode == code, line
    for word in words:
        assert word in line
    return line


@pytest.fixture(scope="module")
def made(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small home. Nobody writes to it."""
    home = tmp_path_factory.mktemp("made") / "home"
    assert call("ingest", samples / SOME, "--home", home).returncode == OK
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A copy of the small home, to spoil."""
    return shutil.copytree(made, tmp_path / "home")


def state(home: Path) -> tuple[str, int]:
    """Digest of everything stored, and how many packets are archived; the audit must be in order."""
    found = call("audit", "--deep", "--json", "--home", home)
    assert found.returncode == OK, found.stdout
    with reader(existing(home), Settings()) as parts:
        return digest(parts.store.dump()), int(json.loads(found.stdout)["archived"])


def archived(home: Path) -> int:
    """How many packets are archived, whatever else may be wrong."""
    return int(json.loads(call("audit", "--json", "--home", home).stdout)["archived"])


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
        ("mag < 18 and brigth", ("no column is named brigth", "character 14)")),
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


@pytest.mark.parametrize("named", ["99", "commit", "06:0", "06:x", "06:-1", ":"])
def test_an_unknown_failpoint_is_refused_before_anything_runs(named: str, made: Path) -> None:
    told(USAGE, call("audit", "--home", made, LINNET_FAILPOINT=named), "LINNET_FAILPOINT")


# Homes

READING_AND_WRITING = ("audit", "ingest")


def spoil(home: Path, command: str, packets: Path) -> Done:
    """Run a reading and a writing command alike on a spoilt home."""
    return call(*(["ingest", packets] if command == "ingest" else [command]), "--home", home)


@pytest.mark.parametrize("command", READING_AND_WRITING)
@pytest.mark.parametrize(
    ("marker", "words"),
    [
        ('{"format": 99}', ("format 99", "update Linnet")),
        ('{"format": 0}', ("format 0", "release that made it")),
        ("garbage", ("home.json", "backup")),
        ("[1]", ("home.json", "backup")),
        ('{"format": "one"}', ("home.json", "backup")),
        ('{"format": true}', ("home.json", "backup")),
        ("", ("home.json", "backup")),
    ],
)
def test_a_home_of_another_format_is_left_alone(
    command: str, marker: str, words: tuple[str, ...], home: Path, samples: Path
) -> None:
    (home / "home.json").write_text(marker)
    store = (home / "store.db").read_bytes()
    told(BUSY, spoil(home, command, samples / SOME), *words)
    assert (home / "store.db").read_bytes() == store
    assert (home / "home.json").read_text() == marker


@pytest.mark.parametrize("command", READING_AND_WRITING)
@pytest.mark.parametrize("file", ["store.db", "control.db"])
def test_a_database_of_a_newer_format_is_left_alone(command: str, file: str, home: Path, samples: Path) -> None:
    with sqlite3.connect(home / file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    told(BUSY, spoil(home, command, samples / SOME), file, "format 99", "newer Linnet")


@pytest.mark.parametrize("command", READING_AND_WRITING)
@pytest.mark.parametrize("file", ["store.db", "control.db"])
def test_a_database_that_is_garbage_is_named(command: str, file: str, home: Path, samples: Path) -> None:
    (home / file).write_bytes(b"garbage" * 1000)
    done = spoil(home, command, samples / SOME)
    assert done.returncode in {STORAGE, BUSY}
    assert file in one_line(done)
    assert (home / file).read_bytes() == b"garbage" * 1000


def test_a_database_with_a_hole_is_named_and_rebuilt(home: Path) -> None:
    before = state(home)
    content = bytearray((home / "store.db").read_bytes())
    content[8192:-8192] = b"x" * (len(content) - 16384)
    (home / "store.db").write_bytes(content)
    told(STORAGE, call("audit", "--home", home), "store.db", "damaged", "linnet rebuild --replace")
    assert call("rebuild", "--replace", "--home", home).returncode == OK
    assert state(home) == before


@pytest.mark.parametrize("command", ["audit", "ingest", "serve", "trace 5", "dead list", "filter list", "rebuild"])
def test_a_folder_of_something_else_is_no_home(command: str, tmp_path: Path, samples: Path) -> None:
    thesis = tmp_path / "thesis"
    thesis.mkdir()
    (thesis / "chapter").write_text("1")
    arguments = [*command.split(), *([str(samples / SOME)] if command == "ingest" else [])]
    told(BUSY, call(*arguments, "--home", thesis), str(thesis), "--home")
    assert [p.name for p in thesis.iterdir()] == ["chapter"]


@pytest.mark.parametrize("command", ["audit", "ingest", "demo"])
def test_a_home_that_is_a_file_is_refused(command: str, tmp_path: Path, samples: Path) -> None:
    (tmp_path / "file").write_text("1")
    arguments = [command, *([str(samples / SOME)] if command == "ingest" else [])]
    told(BUSY, call(*arguments, "--home", tmp_path / "file"), str(tmp_path / "file"))


def test_a_home_where_nothing_can_be_made_is_named(tmp_path: Path, samples: Path) -> None:
    (tmp_path / "file").write_text("1")
    done = call("ingest", samples / SOME, "--home", tmp_path / "file" / "home")
    assert done.returncode in {STORAGE, BUSY}
    assert str(tmp_path / "file") in one_line(done)


# Disks


def size_of(path: Path) -> int:
    """Kilobytes that a file takes; 0 for a folder."""
    return 0 if path.is_dir() else path.stat().st_size // 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Makes a file system of so many kilobytes, or gives the one made another size."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: a full disk needs root, to mount a small one")
    mounted = False

    def size(kilobytes: int, more: str = "") -> Path:
        nonlocal mounted
        options = ("remount," if mounted else "") + f"size={kilobytes}k{more}"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True, text=True, check=False
        )
        if done.returncode and not mounted:
            pytest.skip(f"NOT TESTED: a small disk cannot be mounted here: {done.stderr.strip()}")
        mounted = True
        return place

    yield size
    if mounted:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_one_line_and_the_same_command_completes_when_there_is_room(
    small_disk: Callable[[int], Path], samples: Path, made: Path
) -> None:
    needed = sum(size_of(path) for path in made.rglob("*"))
    home = small_disk(needed // 4) / "home"
    create(home)
    (home / "linnet.toml").write_text("batch = 2\n")
    for quarters in (1, 2, 3):
        small_disk(needed * quarters // 4)
        line = told(STORAGE, call("ingest", samples / SOME, "--home", home))
        assert "disk is full" in line or "No space left" in line
    small_disk(60_000)
    assert 0 < archived(home) < archived(made)
    assert call("ingest", samples / SOME, "--home", home).returncode == OK
    assert state(home) == state(made)


def test_a_limit_on_the_size_of_files_is_one_line_and_nothing_is_lost(
    samples: Path, made: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    create(home)
    (home / "linnet.toml").write_text("batch = 2\n")
    largest = max(size_of(path) for path in made.rglob("*"))
    for quarters in (1, 2, 3):
        shell = ["bash", "-c", f'ulimit -f {largest * quarters // 4}; exec "$@"', "bash", str(LINNET)]
        command = [*shell, "ingest", str(samples / SOME), "--home", str(home)]
        told(STORAGE, subprocess.run(command, capture_output=True, text=True, check=False, timeout=120))
    assert 0 < archived(home) < archived(made)
    assert call("ingest", samples / SOME, "--home", home).returncode == OK
    assert state(home) == state(made)


def test_a_home_on_a_disk_that_is_read_only_can_be_read_and_not_written(
    small_disk: Callable[..., Path], samples: Path, made: Path
) -> None:
    home = shutil.copytree(made, small_disk(60_000) / "home")
    small_disk(60_000, ",ro")
    told(BUSY, call("ingest", samples / SOME, "--home", home), str(home), "written")
    assert call("audit", "--home", home).returncode == OK
    assert call("filter", "list", "--home", home).returncode == OK
    done = call("filter", "add", "mine", "mag < 12", "--home", home)
    assert done.returncode in {STORAGE, BUSY}
    assert "control" in one_line(done)


# Stops


def begun(home: Path, packets: Path) -> subprocess.Popen[str]:
    """An `ingest` of single packets that has committed some, and has not ended."""
    create(home)
    (home / "linnet.toml").write_text("batch = 1\n")
    running = start("ingest", packets, "--home", home)
    until = time.monotonic() + 60
    while not (home / "archive" / "science").exists() and committed(home) < 3:
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    return running


def committed(home: Path) -> int:
    """Units that the store of a running `ingest` has committed."""
    try:
        with sqlite3.connect(f"file:{home / 'store.db'}?mode=ro", uri=True) as connection:
            (number,) = connection.execute("SELECT count(*) FROM unit").fetchone()
        connection.close()
        return int(number)
    except sqlite3.Error:
        return 0


@pytest.mark.parametrize(("signal_number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_ingest_says_so_in_one_line_and_goes_on_when_asked_again(
    signal_number: int, code: int, samples: Path, made: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    running = begun(home, samples / SOME)
    running.send_signal(signal_number)
    out, err = running.communicate(timeout=30)
    told(code, Done([], running.returncode, out, err), "stopped", "run the same command again")
    assert call("ingest", samples / SOME, "--home", home).returncode == OK
    assert state(home) == state(made)


@pytest.mark.parametrize("seconds", [0.1, 0.25, 0.4])
def test_a_stop_while_libraries_load_is_one_line_too(seconds: float, made: Path) -> None:
    running = start("audit", "--home", made)
    time.sleep(seconds)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert "Traceback" not in out + err
    assert running.returncode in {OK, 130}


def test_a_second_writer_is_refused_at_once_and_told_which_process_writes(samples: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    running = begun(home, samples / SOME)
    running.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    done = linnet("ingest", samples / SOME, "--home", home)
    took = time.monotonic() - began
    running.send_signal(signal.SIGCONT)
    out, err = running.communicate(timeout=60)
    told(BUSY, done, f"process {running.pid}", "--home")
    assert took < 10
    assert (running.returncode, err) == (OK, ""), out
