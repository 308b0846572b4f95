"""Units of the field: those that a filter may write behind a number, and those in which columns are declared.

A unit is a factor and powers of a few dimensions, so that products and ratios of columns have one too. Factors are
fractions: a number is rounded once, when it becomes a double in the unit of its column. Names are those of the VOUnit
standard (IVOA Recommendation 1.1); a Julian year has 365.25 days. Magnitudes are a dimension of their own: what one is
worth as a flux depends on a zero point, and no number is turned into the other silently.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

_ANGLES = {"deg": Fraction(1), "arcmin": Fraction(1, 60), "arcsec": Fraction(1, 3600), "mas": Fraction(1, 3_600_000)}
TIMES = {
    "d": Fraction(1),
    "h": Fraction(1, 24),
    "min": Fraction(1, 1440),
    "s": Fraction(1, 86_400),
    "ms": Fraction(1, 86_400_000),
    "us": Fraction(1, 86_400_000_000),
    "yr": Fraction(1461, 4),
}
"""Units of time by name, in days: those by which another may be divided, as in `0.1 mag/d`."""

_FLUXES = {"nJy": Fraction(1), "uJy": Fraction(10**3), "mJy": Fraction(10**6), "Jy": Fraction(10**9)}
_MAGNITUDES = {"mag": Fraction(1), "mmag": Fraction(1, 1000)}
_DIMENSIONS = {"angle": _ANGLES, "time": TIMES, "flux": _FLUXES, "magnitude": _MAGNITUDES}
_OTHERS = {"au": ("distance", Fraction(1)), "adu": ("counts", Fraction(1))}
_PIXELS = dict.fromkeys(("pix", "pixel"), ("pixel", Fraction(1)))
SYMBOLS: dict[str, tuple[str, Fraction]] = {
    symbol: (dimension, factor) for dimension, symbols in _DIMENSIONS.items() for symbol, factor in symbols.items()
}
SYMBOLS |= {**_OTHERS, **_PIXELS}
"""Dimension and size of each unit that has a name."""

_FACTOR = re.compile(r"([./]?)([a-zA-Z]+)(?:\*\*(-?\d))?")


@dataclass(frozen=True)
class Unit:
    """A unit.

    Attributes:
        factor: what one of it is in the first unit of its dimensions.
        powers: dimensions and their powers, sorted; none for a plain number.
        name: as it is written. Takes no part in equality.
    """

    factor: Fraction = Fraction(1)
    powers: tuple[tuple[str, int], ...] = ()
    name: str = field(default="", compare=False)

    def times(self, other: Unit, power: int = 1) -> Unit:
        """The product with another unit, or the ratio (`power` -1)."""
        powers = dict(self.powers)
        for dimension, each in other.powers:
            powers[dimension] = powers.get(dimension, 0) + power * each
        name = f"{self.name or '1'}{'.' if power > 0 else '/'}{other.name}" if other.name else self.name
        return Unit(self.factor * other.factor**power, _sorted(powers), name)

    def fits(self, other: Unit) -> bool:
        """Whether numbers in one can be converted to the other."""
        return self.powers == other.powers

    def shares(self, other: Unit) -> bool:
        """Whether the two have a dimension in common."""
        return bool({dimension for dimension, _ in self.powers} & {dimension for dimension, _ in other.powers})


@lru_cache(maxsize=1024)
def unit(name: str) -> Unit | None:
    """The unit of a declaration such as `mag.d**-1` or `nJy/d`; a plain number for ""; None for one not known here."""
    powers: dict[str, int] = {}
    factor, place = Fraction(1), 0
    while match := _FACTOR.match(name, place):
        sign, symbol, exponent = match.groups()
        if symbol not in SYMBOLS or (place == 0) != (sign == ""):
            return None
        power = int(exponent or 1) * (-1 if sign == "/" else 1)
        dimension, size = SYMBOLS[symbol]
        powers[dimension] = powers.get(dimension, 0) + power
        factor *= size**power
        place = match.end()
    return Unit(factor, _sorted(powers), name) if place == len(name) else None


def _sorted(powers: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((dimension, power) for dimension, power in powers.items() if power))
