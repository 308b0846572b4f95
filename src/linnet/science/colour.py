"""Colours of the difference light: detections in two neighbouring bands, close in time, and how they change."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pyarrow as pa

from linnet.core import kernels
from linnet.core.as_sent import reals
from linnet.core.column import Column, integer, real
from linnet.core.lightcurve import TIME_TOLERANCE
from linnet.core.lists import edges_of, missing_in, numbers, points_of, whole
from linnet.core.module import module
from linnet.core.vocabulary import BANDS

PAIR = 0.5
"""Days between the two detections of a pair at most: one night. Rubin's pairs of bands lie 33 min apart (Ivezic et al.
2019, ApJ 873, 111), those of ZTF's public survey mostly within hours (Bellm et al. 2019, PASP 131, 068003)."""

BASELINE = 1.0
"""Days between the first and the last pair below which there is no change per day."""

COLOURS = tuple(pairwise(BANDS))
"""u-g, g-r, r-i, i-z, z-y."""


def _gives() -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for blue, red in COLOURS:
        name, title = f"colour_{blue}_{red}", f"{blue}-{red}"
        columns |= {
            name: real(
                f"Colour {title} of the difference flux in the latest pair within 0.5 d. Null without one.",
                unit="mag",
                ucd="phot.color",
            ),
            f"{name}_err": real(f"Error of {name}.", unit="mag", ucd="stat.error;phot.color"),
            f"{name}_age": real(f"Time since the middle of that pair in {title}.", unit="d", ucd="time.interval"),
            f"{name}_change": real(
                f"Change of {title} from the first to the latest pair, + is reddening. Null below 1 d between.",
                unit="mag.d**-1",
            ),
            f"{name}_change_err": real(f"Error of {name}_change.", unit="mag.d**-1", ucd="stat.error"),
            f"{name}_pairs": integer(f"How many pairs there are in {title}.", bits=32, ucd="meta.number"),
        }
    return columns


GIVES: dict[str, Column] = _gives()


@module(
    needs=("hist_mjd", "hist_flux", "hist_flux_err", "hist_band", "hist_kind", "mjd"),
    gives=GIVES,
    version="1",
)
def colour(
    hist_mjd: pa.Array,
    hist_flux: pa.Array,
    hist_flux_err: pa.Array,
    hist_band: pa.Array,
    hist_kind: pa.Array,
    mjd: pa.Array,
) -> Mapping[str, pa.Array]:
    """Five colours of neighbouring bands: the latest, its error and age, and its change per day since the first.

    Positive detections (kind 0) of the joined history. Each of the bluer band makes a pair with the nearest of the
    redder one, if that lies within 0.5 d. AB magnitudes of the difference, not corrected for the dust of the Milky Way
    (see `extinction`): of a star that varies it is the colour of what changed.

    Returns:
        `colour_BLUE_RED`, `_err`: mag, errors added in quadrature. `_age`: d from the middle of the pair to this alert.
        `_change`, `_change_err`: mag/d over at least 1 d. `_pairs`: how many; null without a history. All others are
        null without a pair.
    """
    rows, missing = len(mjd), missing_in(hist_mjd)
    values, pairs = np.full((rows, len(COLOURS), 5), np.nan), np.zeros((rows, len(COLOURS)), np.int64)
    points = points_of(hist_mjd, hist_flux, hist_flux_err, hist_band, hist_kind)
    limits = (TIME_TOLERANCE, PAIR, BASELINE)
    kernels.compile_kernels()["pairs"].colours(edges_of(hist_mjd), points, reals(mjd), limits, (values, pairs))
    found = {}
    for c, (blue, red) in enumerate(COLOURS):
        for i, suffix in enumerate(("", "_err", "_age", "_change", "_change_err")):
            found[f"colour_{blue}_{red}{suffix}"] = numbers(values[:, c, i], pa.float32())
        found[f"colour_{blue}_{red}_pairs"] = whole(pairs[:, c], missing, pa.int32())
    return found
