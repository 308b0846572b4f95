"""Units of the survey's own columns, where the field's name makes them plain.

Written in VOUnit 1.0 (https://www.ivoa.net/documents/VOUnits/). Some fields have none on purpose: the survey states no
unit for most ephemeris rates, and packets before June 2026 carry `helioRange` and `topoRange` in another unit than
later ones.
"""

from __future__ import annotations

import re

_ANGLES = (
    r"ra|dec|raErr|decErr",
    r"trail(Ra|Dec|Angle)(Err)?|dipoleAngle",
    r"phaseAngle|eclipticLambda|eclipticBeta|galacticL|galacticB|residualRa|residualDec",
    r"eclLambda|eclBeta|galLon|galLat|ephRa|ephDec",
    r"incl|peri|node|M",
    r"(i|node|argperi|mean_anomaly)(_unc)?",
)
_FLUXES = (
    r"(ap|psf|trail|science|template)Flux(Err)?",
    r"dipoleMeanFlux(Err)?|dipoleFluxDiff(Err)?",
    r"[ugrizy]_(psf|fp|science)Flux(Mean|MeanErr|Sigma|ErrMean|Min|Max)",
)

_UNITS: tuple[tuple[str, str], ...] = (
    ("nJy", "|".join(_FLUXES)),
    ("nJy/d", r"[ugrizy]_psfFluxMaxSlope"),
    ("deg", "|".join(_ANGLES)),
    ("deg**2", r"ra_dec_Cov"),
    ("deg/d", r"mean_motion(_unc)?"),
    ("arcsec", r"trailLength(Err)?|dipoleLength|ephOffset(Ra|Dec)?|not_normalized_rms"),
    ("arcsec**2", r"(ixx|iyy|ixy)(PSF)?"),
    ("pix", r"x|y|xErr|yErr|bboxSize"),
    ("s", r"exposureTime"),
    ("us", r"time_processed|validityStart|created_at|updated_at|fitting_datetime"),
    ("d", r"\w*MjdTai|epoch|epoch_mjd|t_p|arc_length_(total|sel)|peri_time(_unc)?|period(_unc)?"),
    ("mag", r"mpcH|h|predictedVMagnitude|ephVmag|[ugrizy]_H(Err)?"),
    ("au", r"(a|q)(_unc)?|earth_moid|heliocentric(Dist|X|Y|Z)|topocentric(Dist|X|Y|Z)"),
    ("au/d", r"(heliocentric|topocentric)V[XYZ]"),
)
_PATTERNS = tuple((unit, re.compile(pattern)) for unit, pattern in _UNITS)


def unit_of(field: str) -> str:
    """The unit of a field by its name, "" where the name does not say."""
    for unit, pattern in _PATTERNS:
        if pattern.fullmatch(field):
            return unit
    return ""
