"""Large pieces of memory that are used again once nobody holds what was made in them."""

from __future__ import annotations

import sys

import numpy as np

from linnet.simulation.load_slots import Bytes

KEPT = 4
"""Pieces kept at most."""

_FREE = 3
"""References to a piece that nobody uses: the list, the loop's variable, and the argument of the question itself."""


class Memory:
    """Gives pieces of memory, old ones where possible.

    The system clears memory that it hands out for the first time; for a load that takes three times as long as filling
    it. An Arrow buffer made of a piece refers to it for as long as any array uses it, so a piece without further
    references is free (CPython counts them exactly).
    """

    def __init__(self) -> None:
        self._pieces: list[Bytes] = []

    def take(self, size: int) -> Bytes:
        """A piece of at least this many bytes, with anything in it."""
        for piece in self._pieces:
            if len(piece) >= size and sys.getrefcount(piece) <= _FREE:
                return piece
        fresh = np.empty(size, dtype=np.uint8)
        self._pieces = [*self._pieces[-(KEPT - 1) :], fresh]
        return fresh
