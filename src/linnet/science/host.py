"""What lies nearest to the source in the catalogue that the packet brings: a star, a galaxy, nobody knows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from linnet.core.as_sent import reals
from linnet.core.column import Column, boolean, real, text
from linnet.core.lists import Floats, numbers
from linnet.core.module import module

STAR_ABOVE = 0.76
"""Star-galaxy score above which an object is a star (cut of the ZTF Bright Transient Survey, Perley et al. 2020, ApJ
904, 35; the score: Tachibana & Miller 2018, PASP 130, 128001)."""

GALAXY_BELOW = 0.4
"""Score below which an object is a galaxy, our decision: 0.5 stands for objects that were never scored."""

ON_STAR = 2.0
"""Arcsec within which a source lies on a star (Perley et al. 2020)."""

NEAR = 15.0
"""Arcsec beyond which the nearest object says nothing about the source, our decision: 10 kpc at 33 Mpc."""

KINDS = pa.array(["star", "galaxy", "unclear"])

NEIGHBOURS = 3

NEEDS = (
    *(f"ztf_sgscore{i + 1}" for i in range(NEIGHBOURS)),
    *(f"ztf_distpsnr{i + 1}" for i in range(NEIGHBOURS)),
    "ztf_srmag1",
    "template_flux",
    "template_flux_err",
)

GIVES: dict[str, Column] = {
    "host_kind": text(
        "What the nearest object within 15 arcsec is: star, galaxy, unclear. Null where the packet names none.",
        ucd="src.class.starGalaxy",
    ),
    "host_separation": real("Separation from the nearest object.", unit="arcsec", ucd="pos.angDistance"),
    "host_star_score": real("Score of the nearest object, 0 galaxy to 1 star.", ucd="src.class.starGalaxy"),
    "host_mag": real("Magnitude of the nearest object in r.", unit="mag", ucd="phot.mag;em.opt.R"),
    "host_on_star": boolean("True within 2 arcsec of a star. Null where the packet names no scored object."),
    "host_galaxy_separation": real(
        "Separation from the nearest galaxy among the three nearest objects. Null without one.",
        unit="arcsec",
        ucd="pos.angDistance",
    ),
    "host_template_snr": real(
        "Signal to noise of what the template has at the place. Null where the packet does not say.", ucd="stat.snr"
    ),
}


@module(needs=NEEDS, gives=GIVES, version="1")
def host(*columns: pa.Array) -> Mapping[str, pa.Array]:
    """The nearest object of the packet's catalogue, what it is, and whether the template has light at the place.

    ZTF packets bring the three nearest objects of Pan-STARRS 1 within 30 arcsec. LSST packets bring none: there a host
    needs a catalogue, and all but `host_template_snr` is null.

    Args:
        columns: the arrays of `NEEDS`, in that order.

    Returns:
        `host_separation` (arcsec), `host_star_score`, `host_mag`: of the nearest object, as sent.
        `host_kind`: `star` for a score above 0.76, `galaxy` below 0.4, else `unclear`; null without a score and beyond
        15 arcsec.
        `host_on_star`: the nearest object is a star, within 2 arcsec; null without score or separation.
        `host_galaxy_separation`: of the nearest galaxy among the three, so that a star in front hides no galaxy.
        `host_template_snr`: template flux over its error; may be negative.
    """
    numeric = [reals(column) for column in columns]
    scores, apart = np.stack(numeric[:NEIGHBOURS]), np.stack(numeric[NEIGHBOURS : 2 * NEIGHBOURS])
    scores = np.where((scores >= 0) & (scores <= 1), scores, np.nan)
    apart = np.where(apart >= 0, apart, np.nan)
    mag, flux, error = numeric[2 * NEIGHBOURS :]
    galaxies = np.where(scores < GALAXY_BELOW, apart, np.nan)
    unknown = np.isnan(scores[0]) | np.isnan(apart[0])
    return {
        "host_kind": _kind(scores[0], apart[0]),
        "host_separation": numbers(apart[0], pa.float32()),
        "host_star_score": numbers(scores[0], pa.float32()),
        "host_mag": numbers(mag, pa.float32()),
        "host_on_star": pa.array((scores[0] > STAR_ABOVE) & (apart[0] < ON_STAR), mask=unknown),
        "host_galaxy_separation": numbers(np.fmin.reduce(galaxies, axis=0), pa.float32()),
        "host_template_snr": numbers(flux / np.where(error > 0, error, np.nan), pa.float32()),
    }


def _kind(score: Floats, apart: Floats) -> pa.Array:
    number = np.where(score > STAR_ABOVE, 0, np.where(score < GALAXY_BELOW, 1, 2))
    near = np.isfinite(score) & (apart <= NEAR)
    return KINDS.take(pa.array(number, mask=~near))
