"""A new module: two files that pass every check as written, and names that are refused before anything is written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from linnet.errors import InputError
from linnet.operations.module_template import LONGEST_NAME, write_module

ROOT = Path(__file__).parent.parent
SKELETON = (
    "conftest.py",
    "kafka_server.py",
    "alert_batches.py",
    "real_alerts.py",
    "ztf_packets.py",
    "lsst_packets.py",
    "test_all_modules.py",
)
NEW = "just_written"
"""A name that nobody gives a module of a checkout in which these tests run."""

LONG = "an_exceptionally_and_needlessly_long_nam"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a module and its test need of this checkout."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "src" / "linnet", tmp_path / "src" / "linnet", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests").mkdir()
    for name in SKELETON:
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests")
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "services.py", tmp_path / "scripts")
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    return tmp_path


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """The two folders of a checkout, empty."""
    (tmp_path / "src" / "linnet" / "science").mkdir(parents=True)
    (tmp_path / "tests").mkdir()
    return tmp_path


def run(checkout: Path, *command: str) -> str:
    """A tool of this environment in the checkout, whose code comes before the installed one; its words if it fails."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV"))}
    env["PYTHONPATH"] = str(checkout / "src")
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=checkout,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,  # kernels are compiled anew for a copy: half a minute on a quiet machine
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_a_new_module_passes_lint_types_docstrings_its_own_test_and_the_contract(checkout: Path) -> None:
    files = [str(path) for path in write_module(checkout, NEW)]
    assert files == [
        str(checkout / "src" / "linnet" / "science" / f"{NEW}.py"),
        str(checkout / "tests" / f"test_{NEW}.py"),
    ]
    assert run(checkout, "ruff", "format", "--check", *files) == ""
    assert run(checkout, "ruff", "check", *files) == ""
    assert run(checkout, "interrogate", "--quiet", files[0]) == ""
    tests = [f"tests/test_{NEW}.py", "tests/test_all_modules.py"]
    assert run(checkout, "pytest", "-p", "no:cacheprovider", "-k", f"{NEW} and not shared", *tests) == ""


def test_the_files_of_a_new_module_pass_strict_types(checkout: Path) -> None:
    files = [str(path) for path in write_module(checkout, NEW)]
    assert run(checkout, "mypy", *files) == ""


@pytest.mark.parametrize("name", ["z", "z2", LONG])
def test_the_shortest_and_the_longest_name_need_no_reformatting(checkout: Path, name: str) -> None:
    files = [str(path) for path in write_module(checkout, name)]
    assert run(checkout, "ruff", "format", "--check", *files) == ""
    assert run(checkout, "ruff", "check", *files) == ""


def test_the_longest_name_is_as_long_as_names_may_be() -> None:
    assert len(LONG) == LONGEST_NAME


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "snake_case"),
        ("Twinkle", "snake_case"),
        ("2fast", "snake_case"),
        ("twin-kle", "snake_case"),
        ("twin__kle", "snake_case"),
        ("_twinkle", "snake_case"),
        ("twinkle_", "snake_case"),
        ("twinkle\n", "snake_case"),
        ("../twinkle", "snake_case"),
        ("étoile", "snake_case"),
        (LONG + "e", "at most 40"),
        ("lambda", "word of Python"),
        ("match", "word of Python"),
        ("sum", "word of Python"),
        ("statistics", "Python's own library"),
        ("utils", "what it computes"),
        ("largest", "what it computes"),
        ("flux", "exist in every alert"),
        ("hist", "exist in every alert"),
        ("ztf", "exist in every alert"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_with_its_reason(bare: Path, name: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        write_module(bare, name)
    assert not [path for path in bare.rglob("*") if path.is_file()]


def test_a_module_or_test_that_exists_is_never_overwritten(bare: Path) -> None:
    source, test = write_module(bare, "twinkle")
    source.write_text("mine")
    with pytest.raises(InputError, match=r"twinkle\.py exists already"):
        write_module(bare, "twinkle")
    source.unlink()
    with pytest.raises(InputError, match=r"test_twinkle\.py exists already"):
        write_module(bare, "twinkle")
    assert not source.exists()
    assert test.exists()


def test_a_folder_that_is_no_checkout_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no checkout of Linnet"):
        write_module(tmp_path, "twinkle")
    assert not list(tmp_path.iterdir())
