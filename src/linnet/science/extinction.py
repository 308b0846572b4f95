"""How much the dust of the Milky Way dims and reddens what is seen at a place."""

from __future__ import annotations

import importlib.resources
from collections.abc import Mapping
from functools import cache

import numpy as np
import pyarrow as pa

from linnet.core.as_sent import reals
from linnet.core.column import Column, real
from linnet.core.lists import Floats, band_codes, numbers
from linnet.core.module import module
from linnet.core.sky import NOWHERE, ORDER, healpix29
from linnet.core.vocabulary import BANDS

PER_REDDENING: dict[str, float] = {"u": 4.145, "g": 3.237, "r": 2.273, "i": 1.684, "z": 1.323, "y": 1.088}
"""A_band / E(B-V) of the bands of LSST for R_V = 3.1, on the scale of the map of 1998 (Schlafly & Finkbeiner 2011, ApJ
737, 103, table 6). Those of Pan-STARRS, which ZTF's bands resemble, are 3.172, 2.271, 1.682 in g, r, i: 2 % less in g
and the same in r and i, far below the error of the map."""

MAP = "maps/sfd_nside64.npy"
MAP_ORDER = 6

GIVES: dict[str, Column] = {
    "extinction_ebv": real(
        "Galactic reddening E(B-V) on the scale of Schlegel et al. 1998, averaged over 0.9 deg.",
        unit="mag",
        ucd="phot.color.excess",
    ),
    "extinction_mag": real(
        "Galactic extinction in the band of the alert. Null for a band other than u g r i z y.",
        unit="mag",
        ucd="phys.absorption.gal",
    ),
    **{f"extinction_{b}": real(f"Galactic extinction in {b}.", unit="mag", ucd="phys.absorption.gal") for b in BANDS},
}


@module(needs=("gal_lon", "gal_lat", "band"), gives=GIVES, version="1")
def extinction(gal_lon: pa.Array, gal_lat: pa.Array, band: pa.Array) -> Mapping[str, pa.Array]:
    """E(B-V) of the map of Schlegel, Finkbeiner & Davis (1998, ApJ 500, 525), and the extinction that goes with it.

    The map is a table of HEALPix cells 0.9 deg wide (`maps/README.md` says where it comes from). Dust has structure
    within a cell: single places differ by 12 % (68 % of them) from the full map, which itself is good to 16 %, and not
    to be trusted within 5 deg of the Galactic plane. It is all the dust on the line of sight: of a star of the Milky
    Way it is an upper limit.

    Returns:
        `extinction_ebv`, `extinction_BAND` for the six bands, and `extinction_mag` in that of the alert: magnitudes,
        `PER_REDDENING` times E(B-V). Null without a position. What a packet says of its own reddening stays in `ebv`.
    """
    cells = healpix29(reals(gal_lon), reals(gal_lat))
    reddening = np.where(cells == NOWHERE, np.nan, _map()[cells >> 2 * (ORDER - MAP_ORDER)])
    own = np.array([*PER_REDDENING.values(), np.nan])[band_codes(band)]
    return {
        "extinction_ebv": numbers(reddening, pa.float32()),
        "extinction_mag": numbers(own * reddening, pa.float32()),
        **{f"extinction_{b}": numbers(each * reddening, pa.float32()) for b, each in PER_REDDENING.items()},
    }


@cache
def _map() -> Floats:
    """E(B-V) by nested cell of order 6 in Galactic coordinates."""
    with (importlib.resources.files("linnet.science") / MAP).open("rb") as file:
        table: Floats = np.load(file, allow_pickle=False).astype(np.float64)
    return table
