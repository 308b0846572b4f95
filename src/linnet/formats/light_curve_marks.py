"""What of a light curve can be drawn in magnitudes or in flux, and where; independent of how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core import magnitudes
from linnet.core.vocabulary import BANDS, DETECTION, FORCED, LIMIT

Quantity = Literal["mag", "flux"]

LIMIT_SIGMAS = 5.0
"""A limit's flux_err is one fifth of its 5-sigma limiting flux."""

FORCED_SIGMAS = 3.0
"""Forced points below this have no magnitude worth drawing; they stand in the flux view."""

KIND_NAMES = {DETECTION: "detection", FORCED: "forced", LIMIT: "upper limit"}

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Marks:
    """Points that can be drawn, n of each, by mjd.

    Attributes:
        mjd: days, TAI.
        value: AB magnitude or nJy; of a limit the 5-sigma one.
        error: of the value, in its unit; 0 where there is none to draw.
        kind: `DETECTION`, `FORCED` or `LIMIT`.
        band: name, "?" where the packet gave none.
        key: identity of the point; of a detection the alert id.
        left_out: points that this quantity cannot show.
    """

    mjd: Floats
    value: Floats
    error: Floats
    kind: npt.NDArray[np.int64]
    band: list[str]
    key: npt.NDArray[np.int64]
    left_out: int

    def __len__(self) -> int:
        """Number of points."""
        return len(self.mjd)

    def bands(self) -> list[str]:
        """Bands that occur: known ones by wavelength, then the others by name."""
        present = set(self.band)
        return [b for b in BANDS if b in present] + sorted(present.difference(BANDS))


def marks(points: pa.Table, quantity: Quantity) -> Marks:
    """The points (`POINT`) that can be drawn.

    In magnitudes: detections of positive flux, forced points of at least 3 sigma, limits. In flux: every point with a
    flux, and limits at five times their error.
    """
    kind = _column(points, "kind").astype(np.int64)
    mjd, flux, err = (_column(points, n).astype(np.float64) for n in ("mjd", "flux", "flux_err"))
    is_limit = kind == LIMIT
    flux = np.where(is_limit, LIMIT_SIGMAS * err, flux)
    value, error = flux, err
    if quantity == "mag":
        value, error = magnitudes.mag(flux), magnitudes.mag_error(flux, err)
        too_faint = (kind == FORCED) & ~(flux >= FORCED_SIGMAS * err)
        value = np.where(too_faint, np.nan, value)
    good = np.isfinite(value) & np.isfinite(mjd)
    order = np.flatnonzero(good)[np.argsort(mjd[good], kind="stable")]
    bands = points.column("band").cast(pa.string()).to_pylist()
    return Marks(
        mjd=mjd[order],
        value=value[order],
        error=np.where(is_limit | ~np.isfinite(error), 0.0, error)[order],
        kind=kind[order],
        band=[bands[n] or "?" for n in order],
        key=_column(points, "key").astype(np.int64)[order],
        left_out=int(len(kind) - len(order)),
    )


def left_out_sentence(found: Marks, quantity: Quantity) -> str:
    """What a reader must know about points that are not drawn; empty where all are."""
    if not found.left_out:
        return ""
    points = "1 point is" if found.left_out == 1 else f"{found.left_out} points are"
    if quantity == "mag":
        return f"{points} not drawn here: negative flux, or forced photometry below 3 sigma. The flux view has them."
    return f"{points} not drawn: no flux was sent."


def _column(points: pa.Table, name: str) -> npt.NDArray[np.generic]:
    values: npt.NDArray[np.generic] = points.column(name).to_numpy()
    return values
