"""What was seen at this place before: is it new, how deep and how long ago did one look without seeing it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from linnet.core import kernels
from linnet.core.as_sent import integers, reals
from linnet.core.column import Column, boolean, integer, real
from linnet.core.lightcurve import TIME_TOLERANCE
from linnet.core.lists import edges_of, flags_of, floats_of, missing_in, numbers, signed_kinds_of, whole
from linnet.core.module import module
from linnet.core.vocabulary import AB_ZERO

LIMIT_SIGMA = 5.0
"""Limits are five times the error of the flux, as both surveys detect at five sigma (Masci et al. 2019, PASP 131,
018003; Ivezic et al. 2019, ApJ 873, 111)."""

EPOCHS_APART = 0.02
"""Days (29 min) between two detections of something that stays: an asteroid at 30 arcsec/h has moved 14 arcsec."""

GIVES: dict[str, Column] = {
    "history_is_new": boolean("True where all detections so far are of this alert's night. Null for a moving body."),
    "history_last_gap": real("Time since the previous detection. Null where there is none.", unit="d"),
    "history_limit_depth": real(
        "5-sigma magnitude of the last look before the first detection that saw nothing. Null where there is none.",
        unit="mag",
        ucd="phot.mag",
    ),
    "history_limit_gap": real("Time from that look to the first detection. Null where there is none.", unit="d"),
    "history_two_epochs": boolean(
        "True where another positive detection is at least 0.02 d earlier than this alert. Null for a moving body."
    ),
    "history_n_points": integer("Detections and forced measurements in the joined history.", bits=32),
}


@module(
    needs=(
        "hist_mjd",
        "hist_flux",
        "hist_flux_err",
        "hist_kind",
        "mjd",
        "first_mjd",
        "n_nights",
        "is_moving",
    ),
    gives=GIVES,
    version="1",
)
def history(  # noqa: PLR0913, PLR0917 - one argument for each column it needs
    hist_mjd: pa.Array,
    hist_flux: pa.Array,
    hist_flux_err: pa.Array,
    hist_kind: pa.Array,
    mjd: pa.Array,
    first_mjd: pa.Array,
    n_nights: pa.Array,
    is_moving: pa.Array,
) -> Mapping[str, pa.Array]:
    """New or not, gaps, the last look that saw nothing, two epochs, number of points; over the joined history.

    Returns:
        `history_is_new`: one night holds all detections (kind 0, of either sign), this alert's own. Null without a
        history and for a moving body, whose detections elsewhere on the sky are no history of this place.
        `history_last_gap`: days from the latest detection before this exposure; null where there is none. Further
        sources of the same exposure are not earlier.
        `history_limit_depth`, `history_limit_gap`: AB magnitude and age (days before the first detection) of the
        latest look that saw nothing: an upper limit, or a forced measurement below five times its error. Of several at
        one time the deepest. Null where there is none, and depth where the look has no error.
        `history_two_epochs`: a detection with positive flux at least 0.02 d before this alert. Null like
        `history_is_new`.
        `history_n_points`: points of kind 0 and 1; null without a history.
    """
    missing, rows = missing_in(hist_mjd), len(hist_mjd)
    points = (floats_of(hist_mjd), floats_of(hist_flux), floats_of(hist_flux_err), signed_kinds_of(hist_kind))
    now, first = reals(mjd), reals(first_mjd)
    times, n_points, two = np.empty((rows, 3)), np.zeros(rows, np.int64), np.zeros(rows, np.bool_)
    limits = (LIMIT_SIGMA, TIME_TOLERANCE, EPOCHS_APART)
    kernel = kernels.compile_kernels()["counts"]
    kernel.looks(edges_of(hist_mjd), points, (now, first), limits, (times, n_points, two))
    before, last, error = times.T
    nothing = missing | flags_of(is_moving)
    nights, unknown = integers(n_nights)
    return {
        "history_is_new": pa.array(nights == 1, mask=nothing | unknown),
        "history_last_gap": numbers(now - before, pa.float32()),
        "history_limit_depth": numbers(AB_ZERO - 2.5 * np.log10(LIMIT_SIGMA * error), pa.float32()),
        "history_limit_gap": numbers(first - last, pa.float32()),
        "history_two_epochs": pa.array(two, mask=nothing),
        "history_n_points": whole(n_points, missing, pa.int32()),
    }
