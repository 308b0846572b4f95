"""docs/watchlists.md: its files are taken, its commands are run in their order, and they answer what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from documented import answered

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
    for name, _, text in blocks():
        if name:
            (tmp_path / name).write_text(text, encoding="utf-8")
    ran = sum(answered(text, tmp_path / "home") for _, sort, text in blocks() if sort == "console")
    assert ran == 9
    assert {name for name, _, _ in blocks()} >= {"stars.txt", "mine.csv", "field.reg"}
