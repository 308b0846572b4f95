"""The second half of the demo: a simulated night, whose truth is known, and what the built-in filters make of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from linnet.app.config import Settings
from linnet.app.home import create
from linnet.app.ingest import ingest
from linnet.app.score_command import read_truth, scored
from linnet.app.simulate import TRUTH, Wish, record_nights
from linnet.app.wiring import reader
from linnet.operations.audit import Audit
from linnet.operations.scoring import Score
from linnet.operations.scoring import score as judged
from linnet.operations.scoring_truth import truth_of

FOLDER = "simulated"
"""Beside the demo's own files: the recording, its truth, and `home`."""

NIGHT = date(2026, 11, 1)
SEED = 20261101


def simulated_night(demo_home: Path) -> tuple[Audit, Score]:
    """Simulate a night of ZTF, take it in, and score the active filters against its truth.

    Args:
        demo_home: a home that the demo has just made; the night stands in a folder and a home of its own below it.

    Raises:
        StorageError: the disk is full.
    """
    folder = demo_home / FOLDER
    made = record_nights(Wish("ztf", NIGHT, 1, SEED), folder)
    home = create(folder / "home")
    account = ingest(home, Settings(), made.recordings).home
    known = truth_of(read_truth(folder / TRUTH))
    with reader(home, Settings()) as parts:
        return account, judged(parts.store, known, scored(parts, []), [])
