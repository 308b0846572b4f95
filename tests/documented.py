"""Where the commands of a page run: with this package as `linnet`, in a folder without a home or any settings."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from processes import call

_PROGRAMS = {"linnet": "linnet.app.command_line:main", "linnet-listen": "linnet_client.command_line:main"}


def environment(folder: Path) -> dict[str, str]:
    """Variables in which `linnet` and `linnet-listen` are the code under test.

    Args:
        folder: where the page runs; a folder of programs is made in it.
    """
    programs = folder / ".programs"
    programs.mkdir()
    for name, place in _PROGRAMS.items():
        module, _, function = place.partition(":")
        program = programs / name
        program.write_text(f"#!{sys.executable}\nfrom {module} import {function}\n{function}()\n")
        program.chmod(0o755)
    python = os.pathsep.join(part for part in sys.path if part)
    return {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": python,
        "COLUMNS": "200",
        "NO_COLOR": "1",
    }


def answered(console: str, home: Path) -> int:
    """Run the commands of a block (behind `$ `) in a home; each answers its lines. Gives their number."""
    commands = console.split("$ ")[1:]
    for part in commands:
        command, *said = part.splitlines()
        tool, *rest = shlex.split(command)
        assert tool == "linnet"
        done = call(*rest, LINNET_HOME=str(home))
        assert done.returncode == 0, (command, done.stderr)
        answer = " ".join(done.stdout.split())
        for line in said:
            assert " ".join(line.split()) in answer, (command, line, answer)
    return len(commands)
