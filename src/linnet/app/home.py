"""The home folder: what lies where, and in which format."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from linnet.errors import HomeError, HomeVersionError, StorageError

FORMAT = 1
"""Raised when anything in a home changes shape; migrations go forward after a backup."""

MARKER = "home.json"


@dataclass(frozen=True)
class Home:
    """Paths inside one home."""

    path: Path

    @property
    def store(self) -> Path:
        """The store: objects, points, alert rows, tags, counts."""
        return self.path / "store.db"

    @property
    def control(self) -> Path:
        """What people decided: filters, routes, cursors. Not derivable from the archive: back it up apart."""
        return self.path / "control.db"

    @property
    def raw(self) -> Path:
        """Raw segments."""
        return self.path / "archive" / "raw"

    @property
    def science(self) -> Path:
        """Parquet files."""
        return self.path / "archive" / "science"

    @property
    def outbox(self) -> Path:
        """What the default route writes: one file of JSON lines per filter."""
        return self.path / "outbox"

    @property
    def lock(self) -> Path:
        """Held by the one writer."""
        return self.path / "writer.lock"


def create(path: Path) -> Home:
    """The home at a path, made where there is none.

    Raises:
        HomeError: the folder holds something else, or cannot be made.
        HomeVersionError: its format is not this one.
    """
    if (path / MARKER).exists():
        return existing(path)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise HomeError(f"{path} is not a Linnet home and not empty: choose another --home")
    try:
        path.mkdir(parents=True, exist_ok=True)
        (path / MARKER).write_text(json.dumps({"format": FORMAT}) + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"cannot make a home at {path}: {error.strerror or error}") from error
    return Home(path)


def existing(path: Path) -> Home:
    """The home at a path.

    Raises:
        HomeError: there is none.
        HomeVersionError: its format is newer than this code, or older.
    """
    try:
        found = json.loads((path / MARKER).read_text(encoding="utf-8"))["format"]
    except FileNotFoundError as error:
        raise HomeError(
            f"no Linnet home at {path}: make one with `linnet ingest` or name another with --home"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HomeError(f"{path / MARKER} cannot be read: restore it from a backup") from error
    if found != FORMAT:
        advice = "update Linnet" if isinstance(found, int) and found > FORMAT else "run the release that made it"
        raise HomeVersionError(f"the home {path} has format {found}, this Linnet reads format {FORMAT}: {advice}")
    return Home(path)
