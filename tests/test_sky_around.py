"""The cells around cells, as the kernel finds them, against those of cdshealpix."""

from __future__ import annotations

import numpy as np
import pytest
from cdshealpix.nested import neighbours

from linnet.core.sky import NOWHERE, ORDER
from linnet.core.sky_matching import _NARROWEST, surroundings


def reach(depth: int) -> float:
    """A reach for which cells of this order are just wide enough."""
    return float(_NARROWEST / 2**depth) * 0.999


@pytest.mark.parametrize("depth", [0, 1, 2, 3, 9, 15, 16, 26])
def test_the_cells_around_are_those_that_cdshealpix_names(depth: int) -> None:
    every = 12 * 4**depth
    rng = np.random.default_rng(depth)
    cells = np.arange(every) if every < 20_000 else rng.integers(0, every, 5_000)
    base, side = 4**depth, 2**depth
    rims = np.concatenate([base * np.arange(12) + at for at in (0, base - 1, base // 3, (2 * base) // 3, side // 2)])
    cells = np.unique(np.concatenate([cells, rims])).astype(np.int64)
    found, finer = surroundings(cells << 2 * (ORDER - depth), reach(depth))
    assert finer == 2 * (ORDER - depth)
    named = neighbours(cells.astype(np.uint64), np.uint8(depth)).astype(np.int64)
    for mine, theirs in zip(np.sort(found, axis=1), np.sort(named, axis=1), strict=True):
        assert set(mine[mine >= 0]) == set(theirs[theirs >= 0])


def test_what_is_nowhere_has_nothing_around_it() -> None:
    found, _ = surroundings(np.array([NOWHERE, 5 << 30, NOWHERE]), 2.0)
    assert (found[[0, 2]] < 0).all()
    assert (found[1] >= 0).sum() >= 8
