"""docs/back-test.md and docs/why.md: their commands are run in order, and answer what they say. About 10 s."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from processes import call

DOCS = Path(__file__).parent.parent / "docs"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize(("page", "commands"), [("back-test.md", 6), ("why.md", 4)])
def test_the_commands_of_a_page_answer_what_it_says(
    page: str, commands: int, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples").symlink_to(samples)
    ran = 0
    for block in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        for part in block.split("$ ")[1:]:
            command, *said = part.splitlines()
            tool, *rest = shlex.split(command)
            assert tool == "linnet"
            done = call(*rest, LINNET_HOME=str(tmp_path / "home"))
            assert done.returncode == 0, (command, done.stderr)
            answer = " ".join(done.stdout.split())
            for line in said:
                assert " ".join(line.split()) in answer, (command, line, answer)
            ran += 1
    assert ran == commands
