"""What is installed where there is no checkout: everything that the code reads comes along (2 s)."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def contents(project: Path, folder: Path) -> set[str]:
    """Names in the wheel of a project, built offline."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=project,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return set(opened.namelist())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    return contents(ROOT, tmp_path_factory.mktemp("wheel"))


def test_the_wheel_has_every_file_of_the_package(wheel: set[str]) -> None:
    source = ROOT / "src"
    here = {str(p.relative_to(source)) for p in (source / "linnet").rglob("*") if p.is_file()}
    here = {name for name in here if "__pycache__" not in name}
    assert here <= wheel
    for kind in (
        "surveys/lsst_schemas/v11_1.json",
        "filters/builtin/fast_fading.toml",
        "science/maps/sfd_nside64.npy",
        "py.typed",
    ):
        assert f"linnet/{kind}" in here
    for folder in ("web/static/", "web/templates/"):
        assert any(name.startswith(f"linnet/{folder}") for name in here)


def test_the_wheel_has_every_sample_so_that_the_demo_runs_anywhere(wheel: set[str], samples: Path) -> None:
    packets = {f"linnet/samples/{p.relative_to(samples)}" for p in samples.rglob("*") if p.is_file()}
    assert len(packets) > 50
    assert packets <= wheel


def test_the_wheel_has_nothing_else(wheel: set[str]) -> None:
    assert {name.split("/")[0].split("-")[0] for name in wheel} == {"linnet"}
    assert not [name for name in wheel if name.split("/")[-1].startswith("test_") and name.endswith(".py")]


def test_the_client_is_a_wheel_of_its_own_that_needs_little(tmp_path: Path) -> None:
    names = contents(ROOT / "client", tmp_path)
    assert "linnet_client/__init__.py" in names
    assert "linnet_client/py.typed" in names
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        (metadata,) = (name for name in names if name.endswith("METADATA"))
        told = opened.read(metadata).decode()
        needed = re.findall(r"^Requires-Dist: ([a-z-]+)[^;\n]*$", told, re.MULTILINE)
        assert needed == ["httpx", "rich"]
        assert re.findall(r"^Provides-Extra: (.+)$", told, re.MULTILINE) == ["kafka", "table"]
        (entries,) = (name for name in names if name.endswith("entry_points.txt"))
        assert "linnet-listen = linnet_client.command_line:main" in opened.read(entries).decode()
