"""Where the source lies: against the reference image, against its own object, and how its positions scatter."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from linnet.core.as_sent import reals
from linnet.core.column import Column, integer, real
from linnet.core.lists import Floats, Ints, count, floats_of, missing_in, numbers, row_of, whole
from linnet.core.module import module
from linnet.core.sky import separation

ZTF_PIXEL = 1.0126
"""Arcsec per pixel in which `distnr` is sent: median of separation over `distnr` for 833 packets, whose 25th and 75th
percentile are 1.0118 and 1.0135 (Dekany et al. 2020, PASP 132, 038001 give 1.01)."""

ARCSEC = 3600.0

FEWEST = 2
"""Positions below which there is no scatter."""

WIDEST = 3600.0
"""Arcsec of scatter from which positions are not those of one source: packets made up for tests have such."""

GIVES: dict[str, Column] = {
    "astrometry_scatter": real(
        "Scatter of the positions of the packet's detections about their mean, in one coordinate. Null below two.",
        unit="arcsec",
        ucd="stat.stdev;pos.eq",
    ),
    "astrometry_n": integer("How many positions those are.", bits=32, ucd="meta.number"),
    "astrometry_reference_offset": real(
        "Separation from the nearest source of the reference image. Null where the packet names none.",
        unit="arcsec",
        ucd="pos.angDistance",
    ),
    "astrometry_object_offset": real(
        "Separation from the mean position of its object. Null where the packet has none.",
        unit="arcsec",
        ucd="pos.angDistance",
    ),
    "astrometry_object_offset_sigma": real(
        "That separation over the error of this position along it. Null where either is null."
    ),
    "astrometry_error": real(
        "Error of the position, the root of half the sum of the squared errors in both coordinates.",
        unit="arcsec",
        ucd="stat.error;pos.eq",
    ),
}


@module(
    needs=(
        *("ra", "dec", "ra_err", "dec_err", "lc_ra", "lc_dec"),
        *("ztf_distnr", "lsst_object_ra", "lsst_object_dec"),
    ),
    gives=GIVES,
    version="1",
)
def astrometry(  # noqa: PLR0913, PLR0917 - one argument for each column it needs
    ra: pa.Array,
    dec: pa.Array,
    ra_err: pa.Array,
    dec_err: pa.Array,
    lc_ra: pa.Array,
    lc_dec: pa.Array,
    ztf_distnr: pa.Array,
    lsst_object_ra: pa.Array,
    lsst_object_dec: pa.Array,
) -> Mapping[str, pa.Array]:
    """Scatter of all positions, offsets of this one from the reference source and from the object, and its error.

    Returns:
        `astrometry_scatter`: arcsec, root of the squared distances from the mean position over 2 (n - 1), so that it is
        what one coordinate scatters; over the detections of the packet's own history (this alert's included; the store
        keeps no positions of points). Null below two, and from a degree on. `astrometry_n`: how many; null without a
        history.
        `astrometry_reference_offset`: arcsec, of packets that give it in pixels of the image (ZTF).
        `astrometry_object_offset`: arcsec, from the position of the object as sent (LSST), which may be that of its
        first source: then it is zero for that one.
        `astrometry_object_offset_sigma`: the same in errors of this position, without the error of the object's: exact
        to first order in the offset. Errors as sent have no systematic floor and reach 1 mas, so bright sources lie
        many of them away.
        `astrometry_error`: arcsec. Null where the packet has no errors of positions (ZTF).
    """
    here, there = (reals(ra), reals(dec)), (reals(lsst_object_ra), reals(lsst_object_dec))
    errors = [np.where(each > 0, each, np.nan) * ARCSEC for each in (reals(ra_err), reals(dec_err))]
    offset = separation(*here, *there)
    east = (there[0] - here[0] + 180.0) % 360.0 - 180.0
    east, north = east * np.cos(np.radians(here[1])) * ARCSEC, (there[1] - here[1]) * ARCSEC
    scatter, n = _scatter((lc_ra, lc_dec), here)
    return {
        "astrometry_scatter": numbers(scatter, pa.float32()),
        "astrometry_n": whole(n, missing_in(lc_ra), pa.int32()),
        "astrometry_reference_offset": numbers(reals(ztf_distnr) * ZTF_PIXEL, pa.float32()),
        "astrometry_object_offset": numbers(offset, pa.float32()),
        "astrometry_object_offset_sigma": numbers(np.hypot(east / errors[0], north / errors[1]), pa.float32()),
        "astrometry_error": numbers(np.sqrt((errors[0] ** 2 + errors[1] ** 2) / 2.0), pa.float32()),
    }


def _scatter(lists: tuple[pa.Array, pa.Array], here: tuple[Floats, Floats]) -> tuple[Floats, Ints]:
    """Scatter in arcsec and number of positions, both counted from the alert's own, where the sky is flat."""
    row, rows = row_of(lists[0]), len(here[0])
    ra, dec = (floats_of(each) for each in lists)
    used = np.isfinite(ra) & np.isfinite(dec)
    row, ra, dec = row[used], ra[used], dec[used]
    east = ((ra - here[0][row] + 180.0) % 360.0 - 180.0) * np.cos(np.radians(here[1][row])) * ARCSEC
    north = (dec - here[1][row]) * ARCSEC
    n = count(row, rows)
    squares = np.zeros(rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        for away in (east, north):
            mean = np.bincount(row, weights=away, minlength=rows) / n
            squares += np.bincount(row, weights=(away - mean[row]) ** 2, minlength=rows)
        scatter = np.sqrt(squares / (2.0 * (n - 1)))
    return np.where((n >= FEWEST) & (scatter < WIDEST), scatter, np.nan), n
