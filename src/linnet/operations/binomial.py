"""Fractions of counts with the interval that belongs to them."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

INTERVAL = "Wilson score, 95 %"
"""Wilson 1927, J. Am. Stat. Assoc. 22, 209; recommended for small numbers by Brown, Cai & DasGupta 2001, Stat. Sci. 16,
101."""

_Z = 1.959963984540054  # the normal quantile of (1 + 0.95) / 2


@dataclass(frozen=True)
class Fraction:
    """A fraction k of n, with an interval.

    Attributes:
        k, n: counts; n is at least 1.
        value: k/n.
        low, high: ends of the interval of `INTERVAL`.
    """

    k: int
    n: int
    value: float
    low: float
    high: float


def fraction(k: int, n: int) -> Fraction | None:
    """The fraction k of n, or None where n is 0: nothing is known.

    Raises:
        ValueError: k is not between 0 and n.
    """
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is no fraction")
    if n == 0:
        return None
    p, square = k / n, _Z**2
    centre = (p + square / (2 * n)) / (1 + square / n)
    half = _Z / (1 + square / n) * sqrt(p * (1 - p) / n + square / (4 * n * n))
    return Fraction(k, n, p, 0.0 if k == 0 else centre - half, 1.0 if k == n else centre + half)
