"""Runs the commands of a page of documentation, in their order, so that the page cannot rot.

A fenced block that is executed is marked by its language:

    ```sh run           commands for a shell; must end with exit code 0
    ```sh run=1         ... with exit code 1
    ```text output      what the block before it prints: each line must occur in it, in this order

In a line of output `...` stands for anything. All other blocks are only shown.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_FENCE = re.compile(r"^```(?P<language>\w+) +(?P<mark>run(=(?P<code>\d+))?|output)\n(?P<body>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """A block of commands.

    Attributes:
        line: of the page, from 1.
        commands: for a shell.
        code: with which the last one ends.
        output: lines of what they print, `...` for anything.
    """

    line: int
    commands: str
    code: int = 0
    output: list[str] = field(default_factory=list)


def blocks(page: str) -> list[Block]:
    """The blocks of a page that are executed."""
    found: list[Block] = []
    for fence in _FENCE.finditer(page):
        line = page.count("\n", 0, fence.start()) + 1
        if fence["mark"] == "output":
            assert found, f"line {line}: there is no block before this output"
            found[-1].output.extend(fence["body"].splitlines())
        else:
            found.append(Block(line, fence["body"], int(fence["code"] or 0)))
    return found


def run(page: Path, folder: Path, environment: Mapping[str, str]) -> Iterator[tuple[Block, str]]:
    """Run a page's blocks in a folder, each in a shell of its own, and yield what each printed.

    A block that starts something with `&` must end it itself.

    Raises:
        AssertionError: a block ends otherwise than the page says, or prints something else.
    """
    for block in blocks(page.read_text()):
        told = _printed(block, f"{page.name}, line {block.line}", folder, environment)
        check(block, told, f"{page.name}, line {block.line}")
        yield block, told


def check(block: Block, told: str, where: str) -> None:
    """Whether the lines of a block's output occur in what it printed, in order.

    Raises:
        AssertionError: with the first line that is not there.
    """
    printed = iter(_plain(told).splitlines())
    for wanted in block.output:
        pattern = re.compile(".*".join(re.escape(part) for part in _plain(wanted).strip().split("...")))
        assert any(pattern.fullmatch(line.strip()) for line in printed), (
            f"{where}: it does not print\n{wanted}\nbut\n{told}"
        )


def _plain(text: str) -> str:
    return re.sub(r"[ \t]+", " ", text)


def _printed(block: Block, where: str, folder: Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", block.commands],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=600,
        text=True,
        check=False,
    )
    assert done.returncode == block.code, f"{where}: ends with {done.returncode}\n{block.commands}\n{done.stdout}"
    return done.stdout
