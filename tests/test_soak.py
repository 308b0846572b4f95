"""The soak's own arithmetic, and that its load is what it says."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any, cast

import fastavro
import numpy as np
import pytest
from soak.__main__ import judged
from soak.load import NIGHTS, load
from soak.run import Soaked
from soak.watch import Look, levels, problems

SECONDS, EVERY, RATE = 1800, 10, 300


def looks(growth: float = 0.0, lag: int = 0, backlog: int = 0) -> list[Look]:
    """Half an hour; what grows does so evenly after a sixth of it, by so much in all."""
    found = []
    for second in range(0, SECONDS, EVERY):
        late = max(0.0, (second - 300) / 1500)
        memory = 400.0 * (1 + growth * late)
        found.append(Look(second, memory, int(lag * late), int(backlog * late), RATE * second, second))
    return found


def test_levels_are_those_at_a_sixth_of_the_time_and_over_the_last_sixth() -> None:
    found = levels(looks(growth=0.2), SECONDS)
    assert found.settled_mb == pytest.approx(400.0, rel=0.01)
    # Linear growth: the middle of the last five minutes lies at 9/10 of it.
    assert found.growth == pytest.approx(1.18, abs=0.01)


def test_a_peak_of_one_moment_is_no_level() -> None:
    peaked = looks()
    peaked[-3] = replace(peaked[-3], anonymous_mb=2000.0)
    peaked[31] = replace(peaked[31], anonymous_mb=100.0)
    assert levels(peaked, SECONDS).growth == 1.0


def test_levels_of_too_few_looks_are_refused() -> None:
    with pytest.raises(ValueError, match="nobody looked"):
        levels(looks()[:20], SECONDS)


@pytest.mark.parametrize(
    ("grown", "word"),
    [
        (looks(growth=0.1), "memory grew"),
        (looks(lag=2 * RATE), "lag grew"),
        (looks(backlog=2 * RATE), "backlog grew"),
        ([replace(each, deleted=7) for each in looks()], "retention was not on"),
    ],
)
def test_whatever_grows_is_told(grown: list[Look], word: str) -> None:
    (told,) = problems(levels(grown, SECONDS), grown, RATE)
    assert word in told


def test_a_flat_run_has_no_problem() -> None:
    flat = looks(growth=0.04, lag=100)
    assert problems(levels(flat, SECONDS), flat, RATE) == []


@pytest.mark.parametrize(
    ("audit", "code", "word"),
    [
        ({"ok": False, "problems": ["I1"], "received": 9, "archived": 9}, 0, "audit"),
        ({"ok": True, "problems": [], "received": 9, "archived": 8}, 0, "8 archived"),
        ({"ok": True, "problems": [], "received": 9, "archived": 9}, 3, "exit code 3"),
        ({"ok": True, "problems": [], "received": 9, "archived": 9}, 0, ""),
    ],
)
def test_an_alert_that_is_not_accounted_for_is_a_problem(audit: dict[str, object], code: int, word: str) -> None:
    told = judged(Soaked(looks(), 9, audit, code, 540.0), RATE, SECONDS)
    found = told["problems"]
    assert isinstance(found, list)
    assert [word in each for each in found] == ([True] if word else [])
    assert told["cores"] == 0.3


def test_the_load_is_of_whole_packets_of_thirty_kilobytes_each_of_another_alert() -> None:
    packets = [p for batch in load(500).batches(rows=80) for p in batch.column("value").to_pylist()]
    assert len(packets) == 500
    assert 30_000 < np.mean([len(p) for p in packets]) < 35_000
    read: list[dict[str, Any]] = [next(cast("Any", fastavro.reader(io.BytesIO(p)))) for p in packets]
    assert len({r["candid"] for r in read}) == 500
    assert len({int(r["candidate"]["jd"]) for r in read}) >= NIGHTS
    assert all(r["cutoutScience"] is None and r["prv_candidates"] for r in read)
