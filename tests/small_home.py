"""A small home, and what must be the same after any trouble."""

from __future__ import annotations

import json
from pathlib import Path

from linnet.app.config import Settings
from linnet.app.home import existing
from linnet.app.wiring import reader
from linnet.core.dump import digest
from processes import Done, call, one_line

SOME = "ztf/forced-photometry"
"""Sample packets of several nights, quickly taken."""


def told(code: int, done: Done, *words: str) -> str:
    """A refusal in one line, with this exit code, that names these things."""
    line = one_line(done)
    assert done.returncode == code, line
    for word in words:
        assert word in line
    return line


def ingest(packets: Path, home: Path) -> Path:
    """Take packets in, which must succeed; gives the home."""
    done = call("ingest", packets, "--home", home)
    assert done.returncode == 0, done.stderr
    return home


def state(home: Path) -> tuple[str, int]:
    """Digest of everything stored, and how many packets are archived; the audit must be in order."""
    found = call("audit", "--deep", "--json", "--home", home)
    assert found.returncode == 0, found.stdout
    with reader(existing(home), Settings()) as parts:
        return digest(parts.store.dump()), int(json.loads(found.stdout)["archived"])


def archived(home: Path) -> int:
    """How many packets are archived, whatever else may be wrong."""
    return int(json.loads(call("audit", "--json", "--home", home).stdout)["archived"])
