"""What all tests share: where the real packets are, and how their absence is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parent.parent / "samples"

MISSING = "LINNET_TEST_DATA names no folder of real packets: tests on the shared data are skipped"


def _shared() -> Path | None:
    named = os.environ.get("LINNET_TEST_DATA", "")
    return Path(named) if named and Path(named).is_dir() else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real packets; skips loudly without it, fails in CI."""
    folder = _shared()
    if folder is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return folder


@pytest.fixture(scope="session")
def samples() -> Path:
    """The project's own sample packets."""
    return SAMPLES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly, once, that the tests on shared data did not run."""
    if _shared() is None:
        terminalreporter.write_line(MISSING, red=True, bold=True)
