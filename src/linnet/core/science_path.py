"""Paths within a science archive, checked: parts of them are names that users gave."""

from __future__ import annotations

import re

from linnet.errors import NotFoundError, StorageError

SUFFIX = ".parquet"

# No leading dot: such names are those of files that are being written.
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")


def science_path(kind: str, name: str) -> str:
    """Path of a file within the archive: `KIND/NAME.parquet`; the suffix is added where the name lacks it.

    Raises:
        StorageError: a part between slashes is empty, begins with a dot or dash, or has characters other than ASCII
            letters, digits, `_`, `.`, `-`.
    """
    path = f"{kind}/{name}" if name.endswith(SUFFIX) else f"{kind}/{name}{SUFFIX}"
    if "/" in name or not _is_safe(path):
        raise StorageError(f"{path!r} cannot be a path in the science archive")
    return path


def existing_path(path: str) -> str:
    """The same path.

    Raises:
        NotFoundError: no file of an archive can have it.
    """
    if not path.endswith(SUFFIX) or not _is_safe(path):
        raise NotFoundError(f"{path!r} is no path in the science archive")
    return path


def _is_safe(path: str) -> bool:
    return all(_PART.fullmatch(part) for part in path.split("/"))
