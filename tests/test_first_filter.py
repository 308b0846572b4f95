"""A stranger's five minutes: the page about the first filter leads from an empty folder to the first message."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from doc_blocks import blocks, run
from documented import environment

PAGE = Path(__file__).parents[1] / "docs" / "first-filter.md"


def free_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])


def test_the_page_leads_from_a_text_to_a_message(tmp_path: Path) -> None:
    page = tmp_path / PAGE.name
    page.write_text(PAGE.read_text().replace("8000", free_port()))
    told = [printed for _, printed in run(page, tmp_path, environment(tmp_path))]
    assert len(told) == len(blocks(PAGE.read_text())) >= 8
    message = next(json.loads(line) for printed in told for line in printed.splitlines() if line.startswith("{"))
    kept = [json.loads(line) for line in (tmp_path / "home" / "outbox" / "off_centre.jsonl").read_text().splitlines()]
    assert message["alert_id"] in {each["alert_id"] for each in kept}
    assert message["filter"] == "off_centre"
    assert len(kept) > 10
