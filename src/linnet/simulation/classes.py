"""The classes of sources, and how many of each a night holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from linnet.errors import InputError
from linnet.simulation import (
    active_nuclei,
    bogus,
    flares,
    kilonova,
    microlensing,
    moving,
    outbursts,
    periodic,
    superluminous,
    supernovae,
    tidal_disruption,
)
from linnet.simulation.campaign import Campaign
from linnet.simulation.radiation import volume, z_at
from linnet.simulation.sources import Request, Sources


@dataclass(frozen=True)
class Kind:
    """A class of sources.

    Attributes:
        draw: makes its sources.
        injected: how many a campaign has by default, enough to measure what a filter finds.
        rate: events a year and Gpc^3, of explosions.
        absolute: magnitude that says how far they are seen.
        days: before and after the nights in which they peak, together.
        density: sources a square degree otherwise: our choice, for a mixture like that of a night.
    """

    draw: Callable[[Request], Sources]
    injected: int
    rate: float = 0.0
    absolute: float = 0.0
    days: float = 0.0
    density: float = 0.0


CLASSES: Mapping[str, Kind] = {
    # Rates: Perley et al. 2020, ApJ 904, 35; Andreoni et al. 2021, ApJ 918, 63 (limit); Yao et al. 2023, ApJL 955, L6.
    "sn_ia": Kind(supernovae.ia, 120, 2.35e4, -19.2, 62.0),
    "sn_ii": Kind(supernovae.ii, 120, 7.0e4, -17.2, 86.0),
    "sn_ibc": Kind(supernovae.ibc, 80, 2.5e4, -18.1, 55.0),
    "slsn": Kind(superluminous.superluminous, 80, 20.0, -21.2, 180.0),
    "kilonova": Kind(kilonova.kilonova, 120, 300.0, -15.8, 4.2),
    "tde": Kind(tidal_disruption.tidal_disruption, 80, 310.0, -18.5, 110.0),
    "microlensing": Kind(microlensing.microlensing, 80, density=0.02),
    "m_dwarf_flare": Kind(flares.flare, 120, density=0.2),
    "rr_lyrae": Kind(periodic.rr_lyrae, 100, density=2.0),
    "eclipsing_binary": Kind(periodic.eclipsing_binary, 100, density=4.0),
    "long_period_variable": Kind(periodic.long_period, 80, density=1.0),
    "agn": Kind(active_nuclei.agn, 120, density=3.0),
    "nova": Kind(outbursts.nova, 60, density=0.001),
    "dwarf_nova": Kind(outbursts.dwarf_nova, 80, density=0.1),
    "asteroid": Kind(moving.asteroid, 200, density=3.0),
    "satellite_streak": Kind(bogus.streak, 80, density=0.3),
    "bogus_dipole": Kind(bogus.artefact("dipole"), 120, density=6.0),
    "bogus_cosmic_ray": Kind(bogus.artefact("cosmic_ray"), 120, density=6.0),
    "bogus_bad_column": Kind(bogus.artefact("bad_column"), 80, density=4.0),
    "bogus_edge": Kind(bogus.artefact("edge"), 80, density=3.0),
    "bogus_star_residual": Kind(bogus.artefact("star_residual"), 160, density=8.0),
}
"""Name -> class. The order numbers the sources."""

_SKY = 41252.96
_YEAR = 365.25
_TOO_MANY = 1_000_000


def injection() -> dict[str, int]:
    """Sources of each class by default: enough of the rare ones."""
    return {name: kind.injected for name, kind in CLASSES.items()}


def natural(campaign: Campaign) -> dict[str, int]:
    """Sources of each class in the fields of a campaign as often as they occur."""
    area = len(campaign.fields.ra) * np.pi * campaign.telescope.radius**2
    found = {}
    for name, kind in CLASSES.items():
        expected = kind.density * area
        if kind.rate:
            z = z_at(campaign.reach(kind.absolute))
            years = (kind.days + campaign.nights) / _YEAR / (1.0 + z)
            expected = kind.rate * volume(z) * years * area / _SKY
        found[name] = round(expected)
    return found


def checked(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts of classes in the order of `CLASSES`, those without any left out.

    Raises:
        InputError: an unknown class, a negative number, nothing at all, or more than a million sources.
    """
    for name, count in counts.items():
        if name not in CLASSES:
            raise InputError(f"no class {name!r}: there are {', '.join(CLASSES)}")
        if count < 0:
            raise InputError(f"{name}={count}: give a number of sources, 0 or more")
    if not 0 < sum(counts.values()) < _TOO_MANY:
        raise InputError(f"{sum(counts.values())} sources are none or too many: a campaign has 1 to {_TOO_MANY - 1}")
    return {name: counts[name] for name in CLASSES if counts.get(name)}
