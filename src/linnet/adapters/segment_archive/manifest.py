"""Manifests: what a closed segment holds, beside it as JSON, for whoever copies or checks an archive."""

from __future__ import annotations

import hashlib
import json
import os
from io import FileIO
from pathlib import Path
from typing import Any

from linnet.core.durable import Sync, replace_file

_AT_ONCE = 4 * 1024 * 1024
"""Bytes that are read and added to a digest in one go, while others run."""


def manifest_path(segment: Path) -> Path:
    """Where the manifest of a segment is."""
    return segment.with_suffix(".json")


def write_manifest(segment: Path, facts: dict[str, str | int], sync: Sync, sha256: str | None = None) -> None:
    """Write the manifest of a segment that will not grow any more, durably: the facts given, `bytes` and `sha256`.

    Args:
        segment: its path.
        facts: what else the manifest says.
        sync: see `linnet.core.durable.Sync`.
        sha256: of everything that was written to it; None: of what the file holds.

    Raises:
        OSError: the segment cannot be read or the manifest not be written.
    """
    manifest = {**facts, "bytes": segment.stat().st_size, "sha256": sha256 or digest(segment)}
    text = json.dumps(manifest, indent=1) + "\n"
    replace_file(manifest_path(segment), lambda part: _write(part, text), sync)


def read_manifest(segment: Path) -> dict[str, Any] | None:
    """The manifest of a segment, or None where there is none that can be read."""
    try:
        found = json.loads(manifest_path(segment).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def digest(segment: Path) -> str:
    """SHA-256 of a file in hex."""
    found = hashlib.sha256()
    with segment.open("rb", buffering=0) as file:
        add_digest(found, file, 0, os.fstat(file.fileno()).st_size)
    return found.hexdigest()


def add_digest(found: hashlib._Hash, file: FileIO, start: int, end: int) -> None:
    """Add a range of a file's bytes to a digest, as the file has them now.

    Read through a buffer that stays in the processor's caches: the faults of mapped pages would cost as much again.

    Raises:
        OSError: the file ends before the range does.
    """
    buffer = memoryview(bytearray(min(_AT_ONCE, max(1, end - start))))
    file.seek(start)
    while start < end:
        size = file.readinto(buffer[: end - start])
        if not size:
            raise OSError(0, "the file is shorter than it was")
        found.update(buffer[:size])
        start += size


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
