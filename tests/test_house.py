"""What keeps the house in order and no other tool checks: sizes, names, arrows, reasons, and commands that exist."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from processes import call
from test_command_line import COMMANDS

ROOT = Path(__file__).parent.parent
PACKAGES = [ROOT / "src", ROOT / "client" / "src"]
EVERYTHING = [*PACKAGES, ROOT / "tests", ROOT / "scripts"]

LONG_FILES = {
    "ports.py": "the contracts of all ports, which are read side by side",
    "memory_store.py": "the double of the whole store",
    "tree.py": "the nodes of a filter, which are read side by side",
}
"""Files of the packages above 250 lines, and why."""

MACHINE = "avro_kernel.py"
"""The one file without limits: numba caches what it compiles by file, and does not notice a change in another."""

SAY_NOTHING = {"utils", "util", "common", "helpers", "helper", "manager", "base", "misc"}


def files(folders: list[Path], *patterns: str) -> list[Path]:
    """Files below these folders, caches left out."""
    found = [p for folder in folders for pattern in patterns or ("*.py",) for p in folder.rglob(pattern)]
    assert found
    return sorted(p for p in found if p.is_file() and "__pycache__" not in p.parts)


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_file_is_longer_than_400_lines() -> None:
    assert {p.name: lines(p) for p in files(EVERYTHING) if lines(p) > 400 and p.name != MACHINE} == {}


def test_files_of_the_packages_above_250_lines_are_known_by_name() -> None:
    assert {p.name for p in files(PACKAGES) if lines(p) > 250} <= {*LONG_FILES, MACHINE}


def test_no_function_is_longer_than_50_lines() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in files(EVERYTHING)
        if path.name != MACHINE
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > 50
    ]
    assert long == []


def test_files_are_named_after_what_is_in_them() -> None:
    assert [str(p.relative_to(ROOT)) for p in files(EVERYTHING) if p.stem in SAY_NOTHING] == []
    assert [str(p) for p in files(PACKAGES, "*") if p.parent.name in SAY_NOTHING] == []


def reads_environment(path: Path) -> bool:
    """Whether a file touches the environment of the process."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv", "getenvb", "putenv"}:
            return True
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and {"environ", "getenv"} & {a.name for a in node.names}
        ):
            return True
    return False


def test_only_the_configuration_reads_the_environment() -> None:
    found = [str(p.relative_to(ROOT)) for p in files(PACKAGES) if reads_environment(p)]
    assert found == ["src/linnet/app/config.py"]


PLANTED = [
    (
        "science/rates.py",
        "from linnet.adapters.home_lock import HomeLock",
        "linnet.science.rates -> linnet.adapters.home_lock",
    ),
    ("core/sky.py", "import linnet.surveys.ztf", "linnet.core.sky -> linnet.surveys.ztf"),
    ("engines/local.py", "from linnet.science import rates", "linnet.engines.local -> linnet.science.rates"),
]


def test_a_planted_import_against_the_arrows_is_named(tmp_path: Path) -> None:
    for folder in PACKAGES:
        shutil.copytree(folder, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)

    def checked() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [Path(sys.executable).parent / "lint-imports", "--no-cache"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    sound = checked()
    assert sound.returncode == 0, sound.stdout
    for path, statement, _ in PLANTED:
        with (tmp_path / "linnet" / path).open("a") as file:
            file.write(f"\n{statement}\n")
    broken = checked()
    assert broken.returncode != 0
    for *_, arrow in PLANTED:
        assert arrow in broken.stdout


def test_pages_load_nothing_from_elsewhere() -> None:
    web = ROOT / "src" / "linnet" / "web"
    names = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}  # names of XML, which nobody fetches
    for path in files([web / "static", web / "templates"], "*"):
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r"https?://[^\s\"'<>)]+", text)) <= names, path
        assert not re.search(r"""(src|href|action|url|import)\s*[=(]?\s*["'(]?//""", text), path


def exceptions(path: Path) -> Iterator[tuple[int, str]]:
    """Comments that switch a check off, with their lines."""
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT and re.search(
                r"noqa|type:\s*ignore|pragma: no cover|fmt: (off|skip)", token.string
            ):
                yield token.start[0], token.string


def test_every_exception_to_a_check_has_its_reason_on_the_line() -> None:
    reason = r"\s+(-|#)\s*\w.{4,}"
    codes, kinds = r"noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*", r"type: ignore\[[a-z-]+(, ?[a-z-]+)*\]"
    with_reason = re.compile(f"# ({codes}|{kinds}|fmt: skip){reason}")
    bare = [
        f"{path.relative_to(ROOT)}:{line} {comment}"
        for path in files(EVERYTHING)
        for line, comment in exceptions(path)
        if not with_reason.match(comment)
    ]
    assert bare == []


def test_news_are_one_sentence_each() -> None:
    for path in files([ROOT / "changes"], "*.md"):
        text = path.read_text(encoding="utf-8")
        assert text.endswith(".\n"), path
        assert len(text.splitlines()) == 1, path
        assert not re.search(r"[.!?] [A-Z]", text), path


def commands(path: Path) -> Iterator[list[str]]:
    """Commands in the indented and fenced blocks of a page, without their comments."""
    fenced = False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            text = line.strip().removeprefix("$ ").split("  #")[0].strip()
            if re.match(r"(make|linnet|git|python3?|cd|pip) ", text):
                yield text.split()
    for quoted in re.findall(r"`((?:linnet|make) [^`]+)`", path.read_text(encoding="utf-8")):
        yield quoted.split()


PAGES = [
    ROOT / name for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "samples/README.md", "docs/run.md")
]


def test_pages_name_commands_and_targets_that_exist() -> None:
    found = [command for page in PAGES for command in commands(page)]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {word for tool, *rest in found if tool == "make" for word in rest if "=" not in word} <= targets
    ours = [rest for tool, *rest in found if tool == "linnet"]
    assert len(ours) > 10
    for rest in ours:
        assert any(" ".join(rest).startswith(command) for command in COMMANDS) or rest[0].startswith("--"), rest


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_options_that_pages_name_exist(command: str) -> None:
    helped = call(*command.split(), "--help").stdout
    named = {
        word
        for page in PAGES
        for tool, *rest in commands(page)
        if tool == "linnet" and " ".join(rest).startswith(command)
        for word in rest
        if word.startswith("--")
    }
    assert {option for option in named if option not in helped} == set()


def test_the_makefile_has_the_commands_of_the_house() -> None:
    told = (ROOT / "Makefile").read_text()
    for target in ("setup", "demo", "check", "test", "bench", "serve"):
        assert re.search(rf"^{target}:", told, re.MULTILINE)
    assert re.search(r"make check|make test", (ROOT / ".ci" / "run").read_text())
