"""Manifests: what a closed segment holds, beside it as JSON, for whoever copies or checks an archive."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from linnet.core.durable import Sync, replace_file


def manifest_path(segment: Path) -> Path:
    """Where the manifest of a segment is."""
    return segment.with_suffix(".json")


def write_manifest(segment: Path, facts: dict[str, str | int], sync: Sync) -> None:
    """Write the manifest of a segment that will not grow any more, durably: the facts given, `bytes` and `sha256`.

    Raises:
        OSError: the segment cannot be read or the manifest not be written.
    """
    manifest = {**facts, "bytes": segment.stat().st_size, "sha256": digest(segment)}
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
    with segment.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
