"""docs/back-test.md and docs/why.md: their commands are run in order, and answer what they say. About 10 s."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from documented import answered

DOCS = Path(__file__).parent.parent / "docs"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize(("page", "commands"), [("back-test.md", 6), ("why.md", 4)])
def test_the_commands_of_a_page_answer_what_it_says(
    page: str, commands: int, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples").symlink_to(samples)
    blocks = BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))
    ran = sum(answered(block, tmp_path / "home") for block in blocks)
    assert ran == commands
