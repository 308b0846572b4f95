"""docs/watchlists.md: its files are taken, its commands are run in their order, and they answer what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from processes import call

PAGE = Path(__file__).parent.parent / "docs" / "watchlists.md"
BLOCK = re.compile(r"(?:`([\w.]+)`:\n\n)?```(\w+)\n(.*?)```", re.DOTALL)


def blocks() -> list[tuple[str, str, str]]:
    """Name of the file where it is one, sort, and text of each fenced block."""
    return [(found[1] or "", found[2], found[3]) for found in BLOCK.finditer(PAGE.read_text(encoding="utf-8"))]


def test_the_commands_of_the_page_answer_what_it_says(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples").symlink_to(samples)
    ran = 0
    for name, _, text in blocks():
        if name:
            (tmp_path / name).write_text(text, encoding="utf-8")
    for _, sort, text in blocks():
        if sort != "console":
            continue
        for part in text.split("$ ")[1:]:
            command, *said = part.splitlines()
            tool, *rest = shlex.split(command)
            assert tool == "linnet"
            done = call(*rest, LINNET_HOME=str(tmp_path / "home"))
            assert done.returncode == 0, (command, done.stderr)
            answer = " ".join(done.stdout.split())
            for line in said:
                assert line in answer, (command, answer)
            ran += 1
    assert ran == 9
    assert {name for name, _, _ in blocks()} >= {"stars.txt", "mine.csv", "field.reg"}
