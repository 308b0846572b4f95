"""AB magnitudes and fluxes in nanojansky.

m_AB = -2.5 log10(f_nu / (erg s-1 cm-2 Hz-1)) - 48.6 (Oke & Gunn 1983, ApJ 266, 713); with 1 nJy = 1e-32 of that unit
the zero point is 31.4: 20.0 mag are 36,307.8 nJy.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from linnet.core.vocabulary import AB_ZERO

Floats = npt.NDArray[np.float64]

POGSON = 2.5 / np.log(10.0)
"""1.0857: magnitudes per relative flux (Pogson 1856)."""


def flux(mag: npt.ArrayLike) -> Floats:
    """Flux in nJy of AB magnitudes, NaN where a magnitude or its flux is not finite (brighter than -700 mag).

    Of the zero point of an image it is the flux of one count.
    """
    with np.errstate(over="ignore"):
        value: Floats = np.power(10.0, (AB_ZERO - np.asarray(mag, dtype=np.float64)) / 2.5)
    return np.where(np.isfinite(value), value, np.nan)


def flux_error(flux_njy: npt.ArrayLike, mag_err: npt.ArrayLike) -> Floats:
    """Error of a flux, in the flux's unit, from that of its magnitude: abs(F) sigma_m / 1.0857."""
    value: Floats = np.abs(np.asarray(flux_njy, dtype=np.float64)) * np.asarray(mag_err, dtype=np.float64) / POGSON
    return value


def mag(flux_njy: npt.ArrayLike) -> Floats:
    """AB magnitudes of fluxes in nJy, NaN where a flux is not positive or not finite."""
    value = np.asarray(flux_njy, dtype=np.float64)
    good = (value > 0) & np.isfinite(value)
    magnitudes: Floats = AB_ZERO - 2.5 * np.log10(np.where(good, value, 1.0))
    return np.where(good, magnitudes, np.nan)


def mag_error(flux_njy: npt.ArrayLike, flux_err: npt.ArrayLike) -> Floats:
    """Errors of the magnitudes of `mag`: 1.0857 sigma_F / F, NaN where the flux is not positive or not finite."""
    value = np.asarray(flux_njy, dtype=np.float64)
    good = (value > 0) & np.isfinite(value)
    return np.where(good, POGSON * np.asarray(flux_err, dtype=np.float64) / np.where(good, value, 1.0), np.nan)
