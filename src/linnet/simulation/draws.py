"""Random numbers that belong to numbered things, so that no order and no chunk of work changes them.

A draw is a hash of the seed, of what is drawn, and of the number of the thing it is drawn for: source 7 has the same
redshift whether it is drawn alone, with a million others or after them, and its measurement in a visit has the same
noise however many nights are simulated.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_GOLDEN, _FIRST, _SECOND = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


class Draws:
    """Draws of one seed for one kind of thing.

    Args:
        seed: another seed, other numbers.
        kind: what is numbered, e.g. the name of a class of sources.
    """

    def __init__(self, seed: int, kind: str) -> None:
        self._prefix = f"{seed}/{kind}/"

    def uniform(self, name: str, number: Ints, low: float = 0.0, high: float = 1.0) -> Floats:
        """Numbers from `low` to `high`, one for each thing; neither end is ever reached exactly."""
        key = hashlib.blake2b((self._prefix + name).encode(), digest_size=8).digest()
        return low + (high - low) * _hashed(number, int.from_bytes(key, "little"))

    def log_uniform(self, name: str, number: Ints, low: float, high: float) -> Floats:
        """Numbers from `low` to `high`, their logarithms evenly."""
        found: Floats = np.exp(self.uniform(name, number, float(np.log(low)), float(np.log(high))))
        return found

    def normal(self, name: str, number: Ints, mean: float = 0.0, sigma: float = 1.0) -> Floats:
        """Normal numbers (Box & Muller 1958, Ann. Math. Statist. 29, 610)."""
        radius = np.sqrt(-2.0 * np.log(self.uniform(name, number)))
        found: Floats = mean + sigma * radius * np.cos(2.0 * np.pi * self.uniform(f"{name}'", number))
        return found

    def chance(self, name: str, number: Ints, probability: float) -> Bools:
        """True with a probability."""
        found: Bools = self.uniform(name, number) < probability
        return found

    def whole(self, name: str, number: Ints, choices: int) -> Ints:
        """Whole numbers from 0 to `choices` - 1."""
        return np.minimum((self.uniform(name, number) * choices).astype(np.int64), choices - 1)


def _hashed(number: Ints, key: int) -> Floats:
    """Numbers between 0 and 1 (splitmix64: Steele, Lea & Flood 2014, OOPSLA), away from both ends by 2^-54."""
    with np.errstate(over="ignore"):
        z = number.astype(np.uint64) * _GOLDEN + np.uint64(key)
        z = (z ^ (z >> np.uint64(30))) * _FIRST
        z = (z ^ (z >> np.uint64(27))) * _SECOND
        z = z ^ (z >> np.uint64(31))
    found: Floats = ((z >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    return found
