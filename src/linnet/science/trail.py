"""Is the source drawn out along a line, as a body is that moves while the shutter is open."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from linnet.core.as_sent import reals
from linnet.core.column import Column, real
from linnet.core.lists import Floats, flags_of, numbers
from linnet.core.module import module

FWHM_PER_SIGMA = 2.0 * np.sqrt(2.0 * np.log(2.0))
"""Full width at half maximum of a Gaussian over its standard deviation, 2.355."""

MODEL_ERROR = 0.05
"""Share of the second moments by which those of bright points differ from the PSF's, our decision: with it no slow
asteroid of the samples, S/N up to 420, exceeds 3 sigma, and the trails of fast ones still reach 10."""

NEEDS = (
    *("lsst_trailLength", "lsst_trailAngle", "lsst_trail_flag", "lsst_trail_flag_edge", "snr"),
    *("lsst_ixx", "lsst_iyy", "lsst_ixy", "lsst_ixxPSF", "lsst_iyyPSF", "lsst_ixyPSF"),
)

GIVES: dict[str, Column] = {
    "trail_length": real(
        "Length of the fitted trail. Null where the fit failed.", unit="arcsec", ucd="pos.angDistance"
    ),
    "trail_angle": real(
        "Direction of the fitted trail as sent. Null where the fit failed.", unit="deg", ucd="pos.posAng"
    ),
    "trail_psf_fwhm": real(
        "Full width at half maximum of the PSF, from its moments.", unit="arcsec", ucd="instr.obsty.seeing"
    ),
    "trail_ratio": real("trail_length over trail_psf_fwhm; about 1 for a point source."),
    "trail_sigma": real(
        "By how many errors the source is longer than the PSF along its longest direction; negative where shorter."
    ),
}


@module(needs=NEEDS, gives=GIVES, version="1")
def trail(*columns: pa.Array) -> Mapping[str, pa.Array]:
    """The fitted trail beside the PSF, and how surely the source is longer than a point.

    The fit of a trail gives a length for every source, about the width of the PSF for a point. So length alone says
    little: `trail_sigma` compares second moments. That of the source along its longest direction, v, exceeds that of
    the PSF in the same direction, p, by L^2/12 for a trail of length L. Their difference is divided by the error of v:
    2 sqrt(2) v / (S/N) from the noise (Condon 1997, PASP 109, 166: each width of a fitted Gaussian is known to sqrt(2)
    over S/N of itself), and 5 % of v from the model of the PSF.

    Args:
        columns: the arrays of `NEEDS`, in that order.

    Returns:
        `trail_length`, `trail_angle`: arcsec and degrees as sent; null where one of the flags of the fit is up.
        `trail_psf_fwhm`: arcsec, 2.355 times the fourth root of the determinant of the moments of the PSF.
        `trail_ratio`: their quotient. `trail_sigma`: null without moments or S/N. A galaxy or a bad subtraction can be
        long as well: a trail has both, sigma above 5 and a ratio above 1.5. All null where the packet fits no trails
        (ZTF).
    """
    given = dict(zip(NEEDS, columns, strict=True))
    failed = flags_of(given["lsst_trail_flag"]) | flags_of(given["lsst_trail_flag_edge"])
    length, angle = (np.where(failed, np.nan, reals(given[f"lsst_trail{n}"])) for n in ("Length", "Angle"))
    xx, yy, xy, psf_xx, psf_yy, psf_xy = (reals(given[name]) for name in NEEDS[5:])
    area = psf_xx * psf_yy - psf_xy**2
    fwhm = FWHM_PER_SIGMA * np.where(area > 0, area, np.nan) ** 0.25
    along, psf_along = _longest(xx, yy, xy, (psf_xx, psf_yy, psf_xy))
    snr = reals(given["snr"])
    with np.errstate(divide="ignore", invalid="ignore"):
        error = along * np.hypot(2.0 * np.sqrt(2.0) / snr, MODEL_ERROR)
        sigma = np.where(along > 0, (along - psf_along) / error, np.nan)
    found = {"length": length, "angle": angle, "psf_fwhm": fwhm, "ratio": length / fwhm, "sigma": sigma}
    return {f"trail_{name}": numbers(values, pa.float32()) for name, values in found.items()}


def _longest(xx: Floats, yy: Floats, xy: Floats, psf: tuple[Floats, Floats, Floats]) -> tuple[Floats, Floats]:
    """Second moments of the source in the direction where they are largest, and of the PSF in the same direction."""
    turn = 0.5 * np.arctan2(2.0 * xy, xx - yy)
    cos, sin = np.cos(turn), np.sin(turn)
    along, psf_along = (a * cos**2 + b * sin**2 + 2.0 * c * cos * sin for a, b, c in ((xx, yy, xy), psf))
    return along, psf_along
