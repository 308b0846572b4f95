"""The page about filters from other brokers does what it says."""

from __future__ import annotations

from pathlib import Path

from doc_blocks import run
from documented import environment

PAGE = Path(__file__).parents[1] / "docs" / "import-filters.md"


def test_the_page_runs_as_it_is_written(tmp_path: Path) -> None:
    assert len(list(run(PAGE, tmp_path, environment(tmp_path)))) == 3
