"""A disk that loses everything not synced: what LazyFS does, for one folder, without a kernel module."""

from __future__ import annotations

import os
from pathlib import Path


class PowerCut:
    """Remembers what each sync made durable, and on `cut` puts a folder back to exactly that.

    Content is durable by a sync of the file, a name by a sync of its folder. Used as the `sync` of an archive.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._content: dict[int, bytes] = {}
        self._names: dict[int, dict[str, int]] = {root.stat().st_ino: {}}
        self.calls: list[int] = []

    def __call__(self, descriptor: int) -> None:
        """Make one file or folder durable."""
        os.fsync(descriptor)
        inode = os.fstat(descriptor).st_ino
        self.calls.append(inode)
        path = next(p for p in [self._root, *self._root.rglob("*")] if p.stat().st_ino == inode)
        if path.is_dir():
            self._names[inode] = {child.name: child.stat().st_ino for child in path.iterdir()}
        else:
            self._content[inode] = path.read_bytes()

    def cut(self) -> None:
        """Lose what was not synced."""
        self._restore(self._root)

    def _restore(self, folder: Path) -> None:
        durable = self._names.get(folder.stat().st_ino, {})
        kept = {name: self._content.get(inode) for name, inode in durable.items()}
        for child in list(folder.iterdir()):
            if child.is_dir():
                self._restore(child)
                if child.name not in durable:
                    child.rmdir()
            else:
                child.unlink()
        for name, content in kept.items():
            if not (folder / name).is_dir():
                (folder / name).write_bytes(content or b"")
