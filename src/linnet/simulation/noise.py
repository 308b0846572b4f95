"""Depth of a visit, and the error of a flux measured in its difference image.

Ivezic et al. 2019, ApJ 873, 111: equation 6 for the depth, equation 5 for the error; the sky of the template adds its
share (it is an average of several exposures), and calibration half a per cent of the whole flux.
"""

from __future__ import annotations

import numpy as np

from linnet.simulation.draws import Floats, Ints
from linnet.simulation.radiation import flux_of
from linnet.simulation.telescopes import Telescope

SYSTEMATIC = 0.005
"""Part of the flux that calibration leaves uncertain."""


def depth(telescope: Telescope, band: Ints, msky: Floats, seeing: Floats, airmass: Floats) -> Floats:
    """Magnitude of a point source measured at 5 sigma in the science image of each visit.

    Args:
        telescope: whose.
        band: numbers of bands.
        msky: mag/arcsec2.
        seeing: effective width, arcsec.
        airmass: 1 at zenith.
    """
    found: Floats = (
        telescope.cm[band]
        + 0.50 * (msky - 21.0)
        + 2.5 * np.log10(0.7 / seeing)
        + 1.25 * np.log10(telescope.exposure / 30.0)
        - telescope.extinction[band] * (airmass - 1.0)
        - telescope.lost[band]
    )
    return found


def flux_error(m5: Floats, total: Floats, gamma: Floats, template: int) -> Floats:
    """One standard deviation of a difference flux, nJy.

    Args:
        m5: depth of the visit, mag.
        total: source and what lies under it, nJy.
        gamma: of the telescope and band.
        template: exposures in the template.
    """
    five = flux_of(m5)
    bright = np.maximum(total, 0.0)
    variance = gamma * five**2 + (0.04 - gamma) * five * bright + (SYSTEMATIC * bright) ** 2
    sky = 0.04 * five**2 / template
    found: Floats = np.sqrt(variance + sky)
    return found
