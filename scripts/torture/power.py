"""A power cut: a folder loses everything that was not synced."""

from __future__ import annotations

import json
import os
from pathlib import Path


def cut(folder: Path, notes: Path) -> None:
    """Put every file below a folder back to what the notes of `sabotage.noted_sync` say was durable.

    Content is durable by a sync of the file, a name by a sync of its folder. A folder's own name counts as durable.
    """
    sizes: dict[int, int] = {}
    names: dict[int, list[str]] = {}
    if notes.exists():
        for line in notes.read_text(encoding="utf-8").splitlines():
            inode, size, listed = json.loads(line)
            if listed is None:
                sizes[inode] = size
            else:
                names[inode] = listed
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        state = path.stat()
        if path.name not in names.get(path.parent.stat().st_ino, []):
            path.unlink()
        elif state.st_size > sizes.get(state.st_ino, 0):
            os.truncate(path, sizes.get(state.st_ino, 0))
