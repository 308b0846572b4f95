"""The demo: sample packets through the whole corridor, in a home of its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import linnet
from linnet.app.config import Settings
from linnet.app.home import MARKER, create
from linnet.app.ingest import ingest
from linnet.errors import HomeError, InputError
from linnet.operations.audit import Audit

SUMMARY = "summary.json"


def demo(home: Path, samples: Path | None = None) -> Audit:
    """Ingest the samples into a fresh demo home and write the account to its `summary.json`.

    A home that an earlier demo made is made anew; any other folder is left alone.

    Raises:
        HomeError: the folder is no demo home.
        InputError: the samples are not there.
    """
    folder = samples or sample_folder()
    if home.exists() and any(home.iterdir()):
        if not ((home / MARKER).exists() and (home / SUMMARY).exists()):
            raise HomeError(f"{home} is not a home that the demo made: choose another --home")
        shutil.rmtree(home)
    place = create(home)
    (home / SUMMARY).write_text("{}\n", encoding="utf-8")
    found = ingest(place, Settings(), tuple(sorted(p for p in folder.iterdir() if p.is_dir())) or (folder,))
    (home / SUMMARY).write_text(json.dumps(found.as_dict(), indent=2) + "\n", encoding="utf-8")
    return found


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
