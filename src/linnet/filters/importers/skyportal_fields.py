"""Fields of the alerts that SkyPortal's builder and BOOM's pipelines name, and what stands for them here.

BOOM keeps the packet's `candidate` under the survey's own names (github.com/boom-astro/boom, src/alert) and adds a few.
What it adds by computing (`properties`, `classifications`, `cross_matches`) is its own and has no counterpart here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa

from linnet.core.column import Column


@dataclass(frozen=True)
class Field:
    """What stands for a field.

    Attributes:
        column: here.
        kind: `number`, `text`, `flag`, or `sign` for isdiffpos, which comes as 1, "t", true.
        absent: the number that stands there where the column is null.
        near: in what they differ; "" where they do not.
    """

    column: str
    kind: str
    absent: Decimal | None = None
    near: str = ""


_MISSING = re.compile(
    r"ss(dist|mag)nr|s[griz]mag[123]?|sgscore[123]?|distpsnr[123]|(mag|dist|sigmag|chi|sharp)nr|.*gaia.*"
)
"""Fields of ZTF where -999 says that there is nothing."""

_LIKE_MISSING = "null here counts as the -999 of the packet, which BOOM may keep or leave out"
_SAME_SKY = "galactic coordinates of this detection, to 0.2 arcsec"

COMMON: dict[str, Field] = {
    "objectId": Field("object_id", "text"),
    "candid": Field("alert_id", "number"),
    "_id": Field("alert_id", "number"),
    "coordinates.l": Field("gal_lon", "number", near=_SAME_SKY),
    "coordinates.b": Field("gal_lat", "number", near=_SAME_SKY),
    "candidate.ra": Field("ra", "number"),
    "candidate.dec": Field("dec", "number"),
    "candidate.band": Field("band", "text"),
    "candidate.isdiffpos": Field("is_positive", "sign"),
    "candidate.snr": Field("snr", "number", near="the ratio of flux and error; BOOM may take another flux"),
    "candidate.snr_psf": Field("snr", "number", near="without its sign"),
}

ZTF: dict[str, Field] = {"candidate.programid": Field("program", "number"), **COMMON}

LSST: dict[str, Field] = {
    "candidate.magpsf": Field(
        "mag", "number", near="of the flux where it is positive; BOOM may take its absolute value"
    ),
    "candidate.sigmapsf": Field("mag_err", "number"),
    "candidate.reliability": Field("reliability", "number"),
    "candidate.diaSourceId": Field("alert_id", "number"),
    **COMMON,
}

NO_FIELD: dict[str, str] = {
    "properties.rock": "BOOM's own; solar_system_is_likely says nearly this",
    "properties.star": "BOOM's own; host_on_star says nearly this",
    "properties.near_brightstar": "BOOM's own; host_on_star and xmatch_* say what stands nearby",
    "properties.stationary": "BOOM's own; history_two_epochs says nearly this",
    "properties": "BOOM's own; rates_*, slope_* and peak_* say how the light curve goes",
    "classifications": "scores of BOOM's classifiers are not made here",
    "cross_matches": "BOOM's catalogues; xmatch_* are the matches that are made here",
    "prv_candidates": "earlier detections are asked with functions like count(lc where ...)",
    "fp_hists": "forced photometry is asked with functions like count(forced where ...)",
    "prv_nondetections": "upper limits are asked with functions like count(limits where ...)",
    "annotations": "annotations of others cannot be asked yet",
    "aliases": "matches with other surveys cannot be asked in a filter",
    "objects": "this tree is made for Lasair; export its SQL and import that as Lasair's",
    "sherlock_classifications": "this tree is made for Lasair; export its SQL and import that as Lasair's",
    "crossmatch_tns": "this tree is made for Lasair; export its SQL and import that as Lasair's",
    "watchlist_hits": "this tree is made for Lasair; export its SQL and import that as Lasair's",
}


def field(name: str, survey: str, columns: Mapping[str, Column]) -> Field | None:
    """What stands for a field here, or None.

    Args:
        name: with dots, as there.
        survey: `ztf` or `lsst`.
        columns: everything that a filter may read.
    """
    known = (ZTF if survey == "ztf" else LSST).get(name)
    if known is not None:
        return known
    own = name.removeprefix("candidate.")
    declared = columns.get(f"{survey}_{own}")
    if declared is None or own == name or "." in own:
        return None
    is_missing = survey == "ztf" and _MISSING.fullmatch(own) is not None and _kind(declared) == "number"
    absent = Decimal(-999) if is_missing else None
    return Field(f"{survey}_{own}", _kind(declared), absent, _LIKE_MISSING if is_missing else "")


def reason(name: str) -> str:
    """Why a field has no counterpart, as far as its name tells."""
    whole = NO_FIELD.get(name) or NO_FIELD.get(name.split(".", maxsplit=1)[0])
    return whole or f"no counterpart of {name} is known here"


def _kind(declared: Column) -> str:
    if pa.types.is_boolean(declared.type):
        return "flag"
    return "number" if pa.types.is_integer(declared.type) or pa.types.is_floating(declared.type) else "text"
