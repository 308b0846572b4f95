"""Points of many light curves as flat arrays: one numpy array per quantity, and what makes two points the same.

In a *flat* light curve all points of all alerts of a batch lie one behind the other; `row` says to which alert a point
belongs. What becomes of them is decided in `chosen_points`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NO_ID = np.iinfo(np.int64).min
"""Stands for a missing source id in flat arrays (null in columns)."""

OWN, STORED, IN_PACKET = 0, 1, 2
"""Ranks: of several values for one point, the alert's own row wins, then a stored one, then the packet's."""

TIME_TOLERANCE = 1e-6
"""Days (0.09 s). Points later than the alert by more than this are from its future."""


@dataclass(frozen=True)
class Flat:
    """Points of many alerts, one entry each.

    Attributes:
        row: index of the alert (int64).
        mjd: middle of the exposure, TAI (float64).
        band: index into `bands` (int64), -1 where unknown.
        flux, flux_err: nJy (float64), NaN where null.
        kind: 0 detection, 1 forced, 2 limit (int64).
        source_id: the survey's id, `NO_ID` without one.
        key: identity of the point within its object and kind.
        public: whether it may be published.
        withdrawn: whether the survey has taken it back.
        rank: `OWN`, `STORED` or `IN_PACKET`.
        bands: the band names that `band` points to.
    """

    row: Ints
    mjd: Floats
    band: Ints
    flux: Floats
    flux_err: Floats
    kind: Ints
    source_id: Ints
    key: Ints
    public: Bools
    withdrawn: Bools
    rank: Ints
    bands: tuple[str, ...]

    def __len__(self) -> int:
        """Number of points."""
        return len(self.row)

    def take(self, chosen: npt.NDArray[np.generic]) -> Flat:
        """The points at these indices, or where this mask is true."""
        picked = {f.name: getattr(self, f.name)[chosen] for f in fields(self) if f.name != "bands"}
        return replace(self, **picked)


def concat(parts: list[Flat]) -> Flat:
    """Several flat light curves as one; band indices are brought to one list of names."""
    parts = [part for part in parts if len(part)] or parts[:1]
    names = tuple(dict.fromkeys(b for p in parts for b in p.bands))
    moved = []
    for part in parts:
        if part.bands == names[: len(part.bands)]:
            moved.append(part)
            continue
        table = np.array([names.index(b) for b in part.bands] + [-1], dtype=np.int64)
        moved.append(replace(part, band=table[part.band], bands=names))
    joined = {f.name: np.concatenate([getattr(p, f.name) for p in moved]) for f in fields(Flat) if f.name != "bands"}
    return Flat(**joined, bands=names)


def exposure_key(mjd: Floats, band: npt.NDArray[np.int64], detector: npt.NDArray[np.int64]) -> Ints:
    """Key of a point that has neither an id nor a visit: (mjd to 1e-6 d, band, detector), packed and negative.

    Args:
        mjd: days; what is no time (NaN, beyond 10 million days) counts as 0.
        band: a number of 0 to 127 for the band, e.g. the code point of its letter.
        detector: 0 to 4095.

    Returns:
        Negative keys, which cannot meet the survey's own positive ids.
    """
    micro = np.rint(np.where(np.abs(mjd) < 1e7, mjd, 0.0) * 1e6).astype(np.int64)
    return -((micro << 19) | ((band & 127) << 12) | (detector & 4095)) - 1
