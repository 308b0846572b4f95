"""Which messages a set of files and folders holds, in which order."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from linnet.adapters.avro_files.tar_file import SUFFIXES, DamagedTarError, TarFile, name_of
from linnet.errors import InputError


@dataclass(frozen=True, slots=True)
class Entry:
    """One message and where it lies.

    Attributes:
        topic: the folder given, or the tar.
        key: its path in the folder, or its name in the tar.
        offset: its number within the topic.
        path: the file to read, or the tar.
        member: number of its header in the tar; -1 for a file.
    """

    topic: str
    key: bytes
    offset: int
    path: str
    member: int = -1


def list_files(paths: Sequence[Path]) -> tuple[Entry, ...]:
    """All messages of these files and folders, sorted by path; a file reached twice is listed once.

    Raises:
        InputError: a path is missing, holds no file, or may not be read; a link leads nowhere.
    """
    if not paths:
        raise InputError("no files given")
    entries: list[Entry] = []
    numbers: dict[str, int] = {}
    for folder, file in _all_files(paths):
        for topic, key, member in _messages(folder, file):
            offset = numbers.get(topic, 0)
            numbers[topic] = offset + 1
            entries.append(Entry(topic, key, offset, str(file), member))
    return tuple(entries)


def _all_files(paths: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """(folder given, file) of every file, each once."""
    folders: set[str] = set()
    files: set[Path] = set()
    for path in sorted({_existing(path) for path in paths}):
        empty = str(path) not in folders
        found = _walk(path, folders) if path.is_dir() else [path]
        for file in found:
            empty = False
            if file not in files:
                files.add(file)
                yield (path if path.is_dir() else path.parent), file
        if empty:
            raise InputError(f"no files in {path}; hidden ones are not taken")


def _existing(path: Path) -> Path:
    """The absolute path of something given; a file keeps its own name though it may be a link."""
    try:
        if path.is_dir():
            return path.resolve()
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"{path} is neither a file nor a folder")
        return path.parent.resolve() / path.name
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def _walk(folder: Path, seen: set[str]) -> Iterator[Path]:
    """All files below a folder that are not hidden, sorted by name at each level, no folder twice."""
    real = str(folder.resolve())
    if real in seen:
        return
    seen.add(real)
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if not entry.name.startswith("."))
    except OSError as error:
        raise InputError(f"cannot read {folder}: {error.strerror}") from error
    for name in names:
        path = folder / name
        if _is(path, stat.S_IFDIR):
            yield from _walk(path, seen)
        elif _is(path, stat.S_IFREG):
            yield path


def _is(path: Path, kind: int) -> bool:
    try:
        return stat.S_IFMT(path.stat().st_mode) == kind
    except OSError as error:
        what = "a link that leads nowhere" if path.is_symlink() else f"not readable: {error.strerror}"
        raise InputError(f"{path} is {what}; remove it or name the files to take") from error


def _messages(folder: Path, file: Path) -> Iterator[tuple[str, bytes, int]]:
    """(topic, key, member) of every message of one file."""
    if not os.access(file, os.R_OK):
        raise InputError(f"cannot read {file}: permission denied")
    members = members_of(file) if file.name.lower().endswith(SUFFIXES) else []
    if members:
        topic = _text(file)
        for number, name in members:
            yield topic, name, number
    else:
        yield _text(folder), os.fsencode(file.relative_to(folder)), -1


def members_of(file: Path) -> list[tuple[int, bytes]]:
    """Number and name of every message in a tar; none where it is damaged.

    Raises:
        InputError: it may not be read.
    """
    try:
        with closing(TarFile(file)) as tar:
            return [(n, name_of(m)) for n, m in tar.members() if not m.isdir() and not _hidden(m.name)]
    except DamagedTarError:
        return []
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror or error}") from error


def _hidden(name: str) -> bool:
    return any(part.startswith(".") and part not in {".", ".."} for part in name.split("/"))


def _text(path: Path) -> str:
    """A path as valid Unicode: topics are text."""
    return os.fsencode(path).decode("utf-8", "replace")
