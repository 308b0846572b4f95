"""Files that are still there after a power cut: fsync of the file, then of every folder whose list of names changed.

On POSIX a new or renamed file survives only when its folder was synced as well; the Arrow writers sync neither.
Everything takes `sync`, so that a test may count the calls, or take them away and see that this is noticed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from linnet.core import failpoints
from linnet.errors import StorageError

Sync = Callable[[int], None]
"""Takes a file descriptor and returns when its content is durable: `os.fsync`."""


@contextmanager
def storage_errors(doing: str) -> Iterator[None]:
    """Turn an error of the operating system (disk full, EIO, no permission) into one line.

    Raises:
        StorageError: "cannot DOING: REASON", cause kept.
    """
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot {doing}: {error.strerror or error}") from error


def sync_file(path: Path, sync: Sync = os.fsync) -> None:
    """Return when the content of a file is durable.

    Raises:
        OSError: it is not.
    """
    _sync_path(path, os.O_RDWR, sync)


def let_go(path: Path) -> None:
    """Tell the system that nobody will soon read what is durable of a file: its pages need not stay in memory.

    They take the next write at once. Does nothing where the system has no such advice (macOS).

    Raises:
        OSError: the file cannot be opened.
    """
    if hasattr(os, "posix_fadvise"):
        _sync_path(path, os.O_RDONLY, lambda file: os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED))


def sync_folder(path: Path, sync: Sync = os.fsync) -> None:
    """Return when the names in a folder are durable.

    Raises:
        OSError: they are not.
    """
    _sync_path(path, os.O_RDONLY | os.O_DIRECTORY, sync)


def make_folder(path: Path, sync: Sync = os.fsync) -> None:
    """Make a folder and its parents where they are missing, each durable in its own parent.

    Raises:
        OSError: it cannot be made.
    """
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent, sync)


def replace_file(path: Path, write: Callable[[Path], None], sync: Sync = os.fsync) -> None:
    """Give a file new content as a whole: after a crash at any moment it has the old or the new content, or is missing.

    A crash may leave the file `.NAME.part` behind; the next write of this name takes it over.

    Args:
        path: the file. Its folder is made durably where it is missing.
        write: writes the content to the path it is given, a name beside `path` that no reader takes for a file.
        sync: see `Sync`.

    Raises:
        OSError: the old content, if any, is still there.
    """
    make_folder(path.parent, sync)
    part = path.with_name(f".{path.name}.part")
    write(part)
    sync_file(part, sync)
    failpoints.passing("04")
    part.replace(path)
    failpoints.passing("05")
    sync_folder(path.parent, sync)


def _sync_path(path: Path, flags: int, sync: Sync) -> None:
    descriptor = os.open(path, flags)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)
