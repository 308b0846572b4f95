"""What all tests share: where the real packets are, and how their absence is told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import services
from kafka_server import KafkaServer, served

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


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A running Kafka; skips loudly where there is no Java or no jars, fails in CI."""
    yield from served(tmp_path_factory.mktemp("kafka"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly, once, that tests on shared data or on real services did not run."""
    absent = [why for why in map(services.missing, services.names()) if why is not None]
    for why in [MISSING, *absent] if _shared() is None else absent:
        terminalreporter.write_line(why, red=True, bold=True)
