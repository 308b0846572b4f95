"""Every command and every piece of Python in the pages about streams, run against a server of the sample packets."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from served_home import server
from small_home import ingest

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "docs" / "streams.md", ROOT / "client" / "README.md")
WRITTEN = "http://127.0.0.1:8000"
ENDLESS = 3.0
"""Seconds after which a stream has shown what it had."""


def commands() -> list[str]:
    """Indented lines that call curl or our own command, without their comments."""
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    found = re.findall(r"^    ((?:curl|linnet-listen) [^#\n]+)", text, re.MULTILINE)
    found = [line for line in found if "kafka://" not in line]
    return list(dict.fromkeys(line.strip() for line in found))


def pieces() -> list[str]:
    """Pieces of Python over HTTP."""
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    found = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return list(dict.fromkeys(piece for piece in found if "kafka://" not in piece))


@pytest.fixture(scope="module")
def url(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with server(ingest(samples, tmp_path_factory.mktemp("pages") / "home")) as (_, where):
        yield where


def shown(arguments: list[str], folder: Path) -> str:
    """What a command prints until it ends, or until it has nothing more to say; it must say nothing else."""
    done: subprocess.CompletedProcess[str] | subprocess.TimeoutExpired
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    try:
        done = subprocess.run(
            arguments, capture_output=True, text=True, check=False, timeout=ENDLESS, cwd=folder, env=environment
        )
        assert done.returncode == 0, done.stderr
    except subprocess.TimeoutExpired as ended:
        done = ended
    out, error = (x.decode() if isinstance(x, bytes) else x or "" for x in (done.stdout, done.stderr))
    assert error == ""
    return out


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_pages_does_what_it_says(command: str, url: str, tmp_path: Path) -> None:
    where = [] if WRITTEN in command else ["--url", url]
    tool, *rest = shlex.split(command.replace(WRITTEN, url))
    if tool == "curl":
        if shutil.which("curl") is None:
            pytest.skip("no curl here")
        out = shown([tool, *(a.replace("wait=5", "wait=1") for a in rest)], tmp_path)
        assert out.startswith(('{"messages":[', "retry: 2000\n\nid: ")), out
        return
    out = shown([sys.executable, "-m", "linnet_client", *rest, *where, *_end(rest)], tmp_path)
    assert (
        "Filters at" if "bright_new_transient" not in rest else "ZTF19aazzpje" if "--json" not in rest else "ZTF26"
    ) in out


def _end(rest: list[str]) -> list[str]:
    """A table that is no terminal is drawn at its end, so that it needs one."""
    return [] if "--json" in rest or "bright_new_transient" not in rest else ["--limit", "8"]


@pytest.mark.parametrize("piece", pieces())
def test_a_piece_of_python_of_the_pages_does_what_it_says(piece: str, url: str, tmp_path: Path) -> None:
    finite = piece.replace(WRITTEN, url).replace("for alert in stream:", "for alert in itertools.islice(stream, 8):")
    assert "ZTF19aazzpje" in shown([sys.executable, "-c", "import itertools\n" + finite], tmp_path)


def test_the_pages_have_commands() -> None:
    assert len(commands()) > 10
    assert len(pieces()) == 3
