"""Is this a body of the Solar System: what the survey links or names nearby, how bright it should be, does it trail."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from linnet.core.as_sent import reals
from linnet.core.column import Column, boolean, real, text
from linnet.core.lists import Bools, flags_of, missing_in, numbers
from linnet.core.module import module

AT_BODY = 5.0
"""Arcsec within which a source is at the predicted place of a body (the cut of Fink for ZTF, Moller et al. 2021, MNRAS
501, 3272). 108 asteroids of our samples lie within 4, one at 6."""

AS_BRIGHT = 1.5
"""Magnitudes by which it may differ from the prediction: colours reach 0.6 between V and g, light curves and slopes the
rest. The asteroids of our samples differ by 0.9 at most, two variables that one passed by by 2.0 and 3.8."""

TRAIL_SIGMA, TRAIL_RATIO = 5.0, 1.5
"""Errors and PSF widths above which a source has a trail, see `trail`."""

REASONS: dict[str, str] = {
    "linked": "The survey links the source to a body.",
    "at_body": "A known body is predicted here, and as bright.",
    "trailed": "The source is a trail, and nothing was here before.",
}
"""Every reason with its sentence, in the order in which `solar_system_reasons` names them."""

NEEDS = (
    *("is_moving", "body_id", "body_sep", "mag", "ztf_ssmagnr", "lsst_ss_ephVmag", "lsst_ss_predictedVMagnitude"),
    *("history_two_epochs", "trail_sigma", "trail_ratio"),
)

GIVES: dict[str, Column] = {
    "solar_system_is_likely": boolean("True where any reason applies. Null where nothing could be asked."),
    "solar_system_reasons": text(
        "Names of the reasons, between spaces; empty where none applies, null where nothing could be asked."
    ),
    "solar_system_body": text(
        "Designation of the body that this is: linked, or predicted here as bright.", ucd="meta.id"
    ),
    "solar_system_predicted_mag": real(
        "Predicted magnitude of the body that the packet names, mostly in V.", unit="mag", ucd="phot.mag;em.opt.V"
    ),
    "solar_system_mag_difference": real(
        "mag minus the predicted one, bands not converted; + is fainter than predicted.",
        unit="mag",
        ucd="phot.mag;arith.diff",
    ),
}

_TEXTS = pa.array([" ".join(name for bit, name in enumerate(REASONS) if number >> bit & 1) for number in range(8)])


@module(needs=NEEDS, gives=GIVES, version="1")
def solar_system(*columns: pa.Array) -> Mapping[str, pa.Array]:
    """Whether the source is likely a Solar System body, why, which one, and how bright it should be.

    Args:
        columns: the arrays of `NEEDS`, in that order.

    Returns:
        `solar_system_is_likely`, `solar_system_reasons`: `linked` (the survey says so), `at_body` (a known body within
        5 arcsec that is predicted within 1.5 mag of what is seen, where both are known, at a place without another
        positive detection at least 0.02 d earlier, for bodies move on), `trailed` (a trail at such a place). False and
        empty where none applies: then it may still be an unknown body. Null where the packet answers none of them.
        `solar_system_body`: `body_id` where it is linked or `at_body`; else that is a mere neighbour, and this null.
        `solar_system_predicted_mag`, `solar_system_mag_difference`: of the body that the packet names, near or far.
        Null without a prediction, the difference also for negative fluxes.
    """
    given = dict(zip(NEEDS, columns, strict=True))
    predicted = _predicted(given)
    difference = reals(given["mag"]) - predicted
    stays = flags_of(given["history_two_epochs"])
    apart, sigma, ratio = (reals(given[name]) for name in ("body_sep", "trail_sigma", "trail_ratio"))
    linked = flags_of(given["is_moving"])
    at_body = (apart < AT_BODY) & ~missing_in(given["body_id"]) & ~(np.abs(difference) > AS_BRIGHT) & ~stays
    trailed = (sigma > TRAIL_SIGMA) & (ratio > TRAIL_RATIO) & ~stays
    nothing = missing_in(given["is_moving"]) & np.isnan(apart) & np.isnan(sigma)
    number = linked.astype(np.int64) | at_body.astype(np.int64) << 1 | trailed.astype(np.int64) << 2
    return {
        "solar_system_is_likely": pa.array(number > 0, mask=nothing),
        "solar_system_reasons": _TEXTS.take(pa.array(number, mask=nothing)),
        "solar_system_body": _where(given["body_id"], linked | at_body),
        "solar_system_predicted_mag": numbers(predicted, pa.float32()),
        "solar_system_mag_difference": numbers(difference, pa.float32()),
    }


def _predicted(given: Mapping[str, pa.Array]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Each packet has one of the three at most; zero and negative magnitudes stand for none."""
    found = np.full(len(given["mag"]), np.nan)
    for name in ("ztf_ssmagnr", "lsst_ss_ephVmag", "lsst_ss_predictedVMagnitude"):
        values = reals(given[name])
        found = np.where(values > 0, values, found)
    return found


def _where(texts: pa.Array, kept: Bools) -> pa.Array:
    """The texts at these places, null elsewhere."""
    return texts.take(pa.array(np.arange(len(texts)), mask=~kept))
