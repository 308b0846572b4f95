"""Where the source lies against the source of the reference image and against its own object."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from linnet.core.as_sent import reals
from linnet.core.column import Column, real
from linnet.core.lists import numbers
from linnet.core.module import module
from linnet.core.sky import separation

ZTF_PIXEL = 1.0126
"""Arcsec per pixel in which `distnr` is sent: median of separation over `distnr` for 833 packets, whose 25th and 75th
percentile are 1.0118 and 1.0135 (Dekany et al. 2020, PASP 132, 038001 give 1.01)."""

ARCSEC = 3600.0

GIVES: dict[str, Column] = {
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
    needs=("ra", "dec", "ra_err", "dec_err", "ztf_distnr", "lsst_object_ra", "lsst_object_dec"),
    gives=GIVES,
    version="1",
)
def astrometry(  # noqa: PLR0913, PLR0917 - one argument for each column it needs
    ra: pa.Array,
    dec: pa.Array,
    ra_err: pa.Array,
    dec_err: pa.Array,
    ztf_distnr: pa.Array,
    lsst_object_ra: pa.Array,
    lsst_object_dec: pa.Array,
) -> Mapping[str, pa.Array]:
    """Offsets of the position from the reference source and from the object, and the error of the position.

    Returns:
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
    return {
        "astrometry_reference_offset": numbers(reals(ztf_distnr) * ZTF_PIXEL, pa.float32()),
        "astrometry_object_offset": numbers(offset, pa.float32()),
        "astrometry_object_offset_sigma": numbers(np.hypot(east / errors[0], north / errors[1]), pa.float32()),
        "astrometry_error": numbers(np.sqrt((errors[0] ** 2 + errors[1] ** 2) / 2.0), pa.float32()),
    }
