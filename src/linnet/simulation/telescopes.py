"""The two telescopes in numbers: where they stand, how deep they see, how often they come back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from linnet.simulation.draws import Floats


@dataclass(frozen=True)
class Telescope:
    """One survey's telescope.

    Attributes:
        name: `ztf` or `lsst`.
        latitude, longitude: degrees, east positive.
        bands: numbers of the bands it uses.
        msky, theta, cm, extinction: per band (6; NaN where it has no such filter): dark sky in mag/arcsec2, effective
            width of the seeing in arcsec, the constant of the depth, mag of extinction per airmass.
        gamma: of the photometric error (Ivezic et al. 2019, Table 2).
        lost: mag by which difference images are shallower than the formula says, per band.
        radius: of a field, degrees.
        pixel: arcsec.
        exposure: seconds.
        bright: mag at which sources saturate.
        template: exposures in a template.
        subtraction: error of a difference as a part of it, in the median: images are never matched perfectly.
        dec: lowest and highest declination of its fields.
        history: days of visits before the first night.
    """

    name: str
    latitude: float
    longitude: float
    bands: tuple[int, ...]
    msky: Floats
    theta: Floats
    cm: Floats
    extinction: Floats
    gamma: Floats
    lost: Floats
    radius: float
    pixel: float
    exposure: float
    bright: float
    template: int
    subtraction: float
    dec: tuple[float, float]
    history: int

    def m5(self, band: int) -> float:
        """Depth (5 sigma) of a dark visit at zenith in the usual seeing."""
        depth = self.cm[band] + 0.5 * (self.msky[band] - 21.0) + 2.5 * np.log10(0.7 / self.theta[band])
        return float(depth - self.lost[band])


LSST_PUBLISHED_M5 = np.array([23.78, 24.81, 24.35, 23.92, 23.34, 22.45])
"""Depth of a visit of 30 s at zenith (Ivezic et al. 2019, ApJ 873, 111, Table 2)."""

LSST_OBSERVED_M5 = np.array([np.nan, 23.7, 23.5, 23.3, 22.8, 21.7])
"""Median depth of forced photometry in alerts of 2026 (difference images at bright hosts in deep fields)."""

ZTF_PUBLISHED_M5 = np.array([np.nan, 20.8, 20.6, 19.9, np.nan, np.nan])
"""Depth of 30 s (Bellm et al. 2019, PASP 131, 018002)."""

_ZTF_SKY = np.array([np.nan, 22.0, 21.1, 20.2, np.nan, np.nan])
_ZTF_SEEING = np.array([np.nan, 2.1, 2.0, 1.9, np.nan, np.nan])

LSST = Telescope(
    name="lsst",
    latitude=-30.2446,
    longitude=-70.7494,
    bands=(0, 1, 2, 3, 4, 5),
    msky=np.array([22.99, 22.26, 21.20, 20.48, 19.60, 18.61]),
    theta=np.array([0.92, 0.87, 0.83, 0.80, 0.78, 0.76]),
    cm=np.array([23.09, 24.42, 24.44, 24.32, 24.16, 23.73]),
    extinction=np.array([0.491, 0.213, 0.126, 0.096, 0.069, 0.170]),
    gamma=np.array([0.038, 0.039, 0.039, 0.039, 0.039, 0.039]),
    lost=np.zeros(6),
    radius=1.75,
    pixel=0.2,
    exposure=30.0,
    bright=16.0,
    template=8,
    subtraction=0.005,
    dec=(-70.0, 3.0),
    history=120,
)
"""Rubin's as designed (Ivezic et al. 2019, ApJ 873, 111, Table 2)."""

ZTF = Telescope(
    name="ztf",
    latitude=33.3563,
    longitude=-116.8650,
    bands=(1, 2),
    msky=_ZTF_SKY,
    theta=_ZTF_SEEING,
    cm=ZTF_PUBLISHED_M5 - 0.5 * (_ZTF_SKY - 21.0) - 2.5 * np.log10(0.7 / _ZTF_SEEING),
    extinction=np.array([np.nan, 0.18, 0.10, 0.06, np.nan, np.nan]),
    gamma=np.full(6, 0.039),
    lost=np.array([np.nan, 0.25, 0.15, 0.15, np.nan, np.nan]),
    radius=3.4,
    pixel=1.01,
    exposure=30.0,
    bright=12.5,
    template=25,
    subtraction=0.04,
    dec=(-22.0, 70.0),
    history=90,
)
"""Palomar's (Bellm et al. 2019; Masci et al. 2019, PASP 131, 018003); public survey: g and r.

In its packets difference images are a little shallower than published (medians with moon and clouds: 20.06 in g, 20.23
in r), and errors of bright sources are 0.06 mag and more, far above the noise of the sky: hence `subtraction`."""

LSST_OBSERVED = replace(LSST, lost=np.nan_to_num(LSST_PUBLISHED_M5 - LSST_OBSERVED_M5, nan=0.8))
"""Rubin's as its alerts of 2026 show it; u, of which there are none yet, as far off as the others."""

TELESCOPES = {"ztf": ZTF, "lsst": LSST, "lsst-observed": LSST_OBSERVED}
"""By the name that a person gives."""
