"""A process that reads server-sent events and keeps what it saw: `stream_reader.py URL FILE`.

Each line of FILE is the id and the dedup_id of one event. It goes on behind the last whole line, as a browser would.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import httpx


def kept(path: Path) -> list[list[str]]:
    """Whole lines of the file, split."""
    text = path.read_text() if path.exists() else ""
    return [line.split() for line in text[: text.rfind("\n") + 1].splitlines()]


def read(url: str, path: Path) -> None:
    """Read for ever."""
    before = kept(path)
    path.write_text("".join(f"{i} {d}\n" for i, d in before))
    headers = {"Accept": "text/event-stream", "Last-Event-ID": before[-1][0] if before else ""}
    with httpx.stream("GET", url, headers=headers, timeout=60) as answer, path.open("a", buffering=1) as file:
        event = ""
        for line in answer.iter_lines():
            if line.startswith("id: "):
                event = line.removeprefix("id: ")
            elif line.startswith("data: "):
                file.write(f"{event} {json.loads(line.removeprefix('data: '))['dedup_id']}\n")


if __name__ == "__main__":
    read(sys.argv[1], Path(sys.argv[2]))
