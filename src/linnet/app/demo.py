"""The demo: sample packets through the whole corridor, in a home of its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import linnet
from linnet.adapters.home_lock import HomeLock
from linnet.app.config import Settings
from linnet.app.home import MARKER, create, existing
from linnet.app.ingest import ingest, require
from linnet.app.installing import OUR_OWN
from linnet.app.wiring import reader
from linnet.core.durable import replace_file, storage_errors
from linnet.errors import HomeError, InputError
from linnet.operations.audit import Audit, audit

SUMMARY = "summary.json"


def demo(home: Path, samples: Path | None = None) -> Audit:
    """Ingest the samples into a fresh demo home and write the account to its `summary.json`.

    A home that an earlier demo made is made anew where nothing was added since; any other folder is left alone.

    Raises:
        HomeError: the folder is no demo home, or holds more than the demo put there.
        InputError: the samples are not there.
    """
    folder = samples or sample_folder()
    require((folder,))
    if home.exists():
        _make_way(home)
    place = create(home)
    _write(home / SUMMARY, {})
    parts = tuple(sorted(p for p in folder.iterdir() if p.is_dir())) if folder.is_dir() else ()
    found = ingest(place, Settings(), parts or (folder,)).home
    _write(home / SUMMARY, found.as_dict())
    return found


def _make_way(home: Path) -> None:
    """Remove what an earlier demo made, and nothing else."""
    if not home.is_dir() or (any(home.iterdir()) and not ((home / MARKER).exists() and (home / SUMMARY).exists())):
        raise HomeError(f"{home} is not a home that the demo made: choose another --home")
    if not any(home.iterdir()):
        return
    with HomeLock(home):
        if _was_added_to(home):
            raise HomeError(f"{home} holds more than the demo put there: choose another --home, or remove it yourself")
    shutil.rmtree(home)


def _was_added_to(home: Path) -> bool:
    """Whether packets or filters came after the demo had finished. A demo that never finished has no summary yet."""
    try:
        summary = json.loads((home / SUMMARY).read_text(encoding="utf-8"))
        told = int(summary["received"]) if summary else None
    except (ValueError, KeyError, TypeError):
        return True
    if told is None:
        return False
    with reader(existing(home), Settings()) as parts:
        received = audit(parts.store, parts.control, parts.raw).received
        return received != told or any(f.owner != OUR_OWN for f in parts.control.filters())


def _write(path: Path, value: object) -> None:
    text = json.dumps(value, indent=2) + "\n"
    with storage_errors(f"write {path}"):
        replace_file(path, lambda part: _keep(part, text))


def _keep(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def sample_folder() -> Path:
    """Where the sample packets are: in the installed package, or in the checkout that it is run from.

    Raises:
        InputError: in neither place.
    """
    package = Path(linnet.__file__).parent
    for place in (package / "samples", package.parent.parent / "samples"):
        if place.is_dir():
            return place
    raise InputError("the sample packets are not installed: name a folder of packets with --samples")
