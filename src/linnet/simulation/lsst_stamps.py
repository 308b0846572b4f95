"""LSST's cutouts: plain FITS with an image in nJy, its variance, and the point-spread function."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from linnet.simulation.draws import Ints
from linnet.simulation.lsst_numbers import LsstNumbers
from linnet.simulation.night import Simulation
from linnet.simulation.stamp_images import Images, gaussians, stamps

SIZE, PSF_SIZE = 30, 41
"""Pixels along a side of image and point-spread function."""

_CARD, _BLOCK = 80, 2880
_STEPS = 100
"""Widths of the point-spread function, in hundredths of a pixel, that share their image."""


def cutouts(simulation: Simulation, numbers: LsstNumbers, alerts: Ints) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Difference, science and template of each alert."""
    points, campaign = simulation.points, simulation.campaign
    made = stamps(simulation, alerts, SIZE)
    sky = (made.sky**2).astype(np.float32)[:, None, None]
    shot = 1.0 + np.maximum(made.science, 0.0) / (50.0 * np.sqrt(sky))
    share = np.float32(1.0 / campaign.telescope.template)
    images = [_floats(image) for image in (made.difference, made.science, made.template)]
    variances = [
        _floats(image) for image in (sky * (shot + share), sky * shot, np.broadcast_to(sky * share, shot.shape))
    ]
    width = campaign.visits.seeing[points.visit[alerts]] / 2.355 / campaign.telescope.pixel
    for i, row in enumerate(alerts.tolist()):
        head = _head(float(numbers.x[row]), float(numbers.y[row]), float(points.ra[row]), float(points.dec[row]))
        psf = _psf(round(float(width[i]) * _STEPS))
        one, two, three = (
            head + _padded(image[i].tobytes()) + _variance_head() + _padded(variance[i].tobytes()) + psf
            for image, variance in zip(images, variances, strict=True)
        )
        yield one, two, three


def _floats(image: npt.NDArray[Any]) -> Images:
    return image.astype(">f4")


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _BLOCK)


def _cards(cards: list[tuple[str, str]]) -> bytes:
    """A header (FITS Standard 4.0, section 4)."""
    text = "".join(f"{name:<8}= {value:>20}".ljust(_CARD) for name, value in cards)
    return (text + "END".ljust(_CARD)).encode().ljust(-(-(len(text) + _CARD) // _BLOCK) * _BLOCK)


def _head(x: float, y: float, ra: float, dec: float) -> bytes:
    left, low = int(x) - SIZE // 2, int(y) - SIZE // 2
    scale = 0.2 / 3600.0
    cards = [
        ("SIMPLE", "T"),
        ("BITPIX", "-32"),
        ("NAXIS", "2"),
        ("NAXIS1", str(SIZE)),
        ("NAXIS2", str(SIZE)),
        ("EXTEND", "T"),
        ("CUTMINX", str(left)),
        ("CUTMINY", str(low)),
        ("ROTPA", "0.0"),
        ("BUNIT", "'nJy     '"),
        ("WCSAXES", "2"),
        ("CRPIX1", f"{x - left + 1.0:.12f}"),
        ("CRPIX2", f"{y - low + 1.0:.12f}"),
        ("PC1_1", f"{-scale:.13E}"),
        ("PC1_2", "0.0"),
        ("PC2_1", "0.0"),
        ("PC2_2", f"{scale:.13E}"),
        ("CDELT1", "1.0"),
        ("CDELT2", "1.0"),
        ("CTYPE1", "'RA---TAN'"),
        ("CTYPE2", "'DEC--TAN'"),
        ("CRVAL1", f"{ra:.12f}"),
        ("CRVAL2", f"{dec:.12f}"),
    ]
    return _cards(cards)


@cache
def _variance_head() -> bytes:
    return _cards(
        [
            ("XTENSION", "'IMAGE   '"),
            ("BITPIX", "-32"),
            ("NAXIS", "2"),
            ("NAXIS1", str(SIZE)),
            ("NAXIS2", str(SIZE)),
            ("PCOUNT", "0"),
            ("GCOUNT", "1"),
            ("UTYPE", "'VarianceUncertainty'"),
            ("EXTNAME", "'UNCERT  '"),
        ]
    )


@cache
def _psf(width: int) -> bytes:
    """The third part of a cutout, for a width in hundredths of a pixel."""
    middle, one = np.array([PSF_SIZE // 2], dtype=np.float64), np.ones(1)
    image = gaussians(one, middle, middle, np.array([width / _STEPS]), PSF_SIZE)[0].astype(">f8")
    head = _cards(
        [
            ("XTENSION", "'IMAGE   '"),
            ("BITPIX", "-64"),
            ("NAXIS", "2"),
            ("NAXIS1", str(PSF_SIZE)),
            ("NAXIS2", str(PSF_SIZE)),
            ("PCOUNT", "0"),
            ("GCOUNT", "1"),
            ("EXTNAME", "'PSFIMAGE'"),
        ]
    )
    return head + _padded(image.tobytes())
