"""The home folder: what lies where, and in which format."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from linnet.core.durable import replace_file
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
    def ledgers(self) -> Path:
        """Which files of watched folders have which offsets."""
        return self.path / "sources"

    @property
    def running(self) -> Path:
        """Where the broker that runs on this home answers."""
        return self.path / "running.json"

    @property
    def schemas(self) -> Path:
        """Writer schemas that a person accepted, `ID.json`: they are taken whatever their major version."""
        return self.path / "schemas"

    @property
    def schema_cache(self) -> Path:
        """Writer schemas that a registry gave; may be deleted."""
        return self.path / "cache" / "schemas"

    @property
    def catalogs(self) -> Path:
        """Catalogues that alerts are matched against, with all their versions."""
        return self.path / "catalogs"

    @property
    def backtests(self) -> Path:
        """Nights and reports of back-tests; may be deleted, they can be done again."""
        return self.path / "backtests"

    @property
    def lists(self) -> Path:
        """What people watch: the content of watchlists and areas, all versions. Back it up with control.db."""
        return self.path / "lists"

    @property
    def lock(self) -> Path:
        """Held by the one writer."""
        return self.path / "writer.lock"

    @property
    def store_is_lost(self) -> bool:
        """Whether a store was made here once and its file is gone."""
        return not self.store.exists() and bool(_marker(self.path).get("store"))

    @property
    def control_is_lost(self) -> bool:
        """Whether a control database was here once and its file is gone."""
        return not self.control.exists() and bool(_marker(self.path).get("store"))

    def note_store(self) -> None:
        """Remember that there is a store now, so that its loss is noticed."""
        if not _marker(self.path).get("store"):
            _write_marker(self.path, {"format": FORMAT, "store": True})


def create(path: Path) -> Home:
    """The home at a path, made where there is none.

    Raises:
        HomeError: the folder holds something else, or cannot be made.
        HomeVersionError: its format is not this one.
    """
    if (path / MARKER).exists():
        return existing(path)
    if path.exists() and (not path.is_dir() or any(p.name != f".{MARKER}.part" for p in path.iterdir())):
        raise HomeError(f"{path} is not a Linnet home and not empty: choose another --home")
    try:
        _write_marker(path, {"format": FORMAT})
    except OSError as error:
        raise StorageError(f"cannot make a home at {path}: {error.strerror or error}") from error
    return Home(path)


def existing(path: Path) -> Home:
    """The home at a path.

    Raises:
        HomeError: there is none.
        HomeVersionError: its format is newer than this code, or older.
    """
    found = _marker(path).get("format")
    if not isinstance(found, int) or isinstance(found, bool):
        raise HomeError(f"{path / MARKER} cannot be read: restore it from a backup")
    if found != FORMAT:
        advice = "update Linnet" if found > FORMAT else "run the release that made it"
        raise HomeVersionError(f"the home {path} has format {found}, this Linnet reads format {FORMAT}: {advice}")
    return Home(path)


def _marker(path: Path) -> dict[str, object]:
    try:
        found = json.loads((path / MARKER).read_text(encoding="utf-8"))
        return {"format": found["format"], "store": found.get("store", False)}
    except FileNotFoundError as error:
        raise HomeError(f"no Linnet home at {path}: make one with `linnet ingest`, or name one with --home") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise HomeError(f"{path / MARKER} cannot be read: restore it from a backup") from error


def _write_marker(path: Path, marker: dict[str, object]) -> None:
    def write(part: Path) -> None:
        part.write_text(json.dumps(marker) + "\n", encoding="utf-8")

    replace_file(path / MARKER, write)
