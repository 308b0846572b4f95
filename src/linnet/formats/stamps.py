"""Stamps as files that anyone can open: FITS as sent, PNG for a page, JPEG as sent.

The stretch is an asinh around the sky (Lupton et al. 1999, AJ 118, 1406): linear where the noise is, logarithmic where
the source is, and the same on both sides of the sky, because a difference image has holes as well as peaks.
"""

from __future__ import annotations

import numpy as np

from linnet.core.reasons import Reason
from linnet.core.survey import Stamp
from linnet.errors import PacketError
from linnet.formats.fits_image import MAX_BYTES, Image, first_image, scan
from linnet.formats.png import grey_png

FORMATS: dict[str, tuple[str, ...]] = {"fits": ("fits", "png"), "jpeg": ("jpg",)}
"""Kind of a stamp -> the file name endings under which it can be had."""

MAX_SIDE = 1024
"""Longest side of a PNG in pixels."""

LOW, HIGH = 0.5, 99.75
"""Percentiles of the pixels that become black and white."""
SOFTENING = 2.0
"""Where the stretch turns from linear to logarithmic, in units of the sky noise."""
_MAD = 1.4826  # standard deviation of a normal distribution over its median absolute deviation
_FAR = 1e300  # keeps the quotient finite


def fits_bytes(stamp: Stamp) -> bytes:
    """The stamp's FITS file as sent, all HDUs, after a check against the limits of `fits_image`.

    Raises:
        PacketError: the stamp is JPEG, or no FITS file within the limits.
    """
    if stamp.kind != "fits":
        raise _not("FITS", "jpg")
    scan(stamp.data)
    return stamp.data


def png_bytes(stamp: Stamp, size: int = 252) -> bytes:
    """The stamp's first image as a grey PNG, first FITS row at the bottom, pixels without a value transparent.

    Args:
        stamp: a FITS stamp.
        size: wished length of the longer side in pixels; pixels are repeated a whole number of times, never blended.

    Raises:
        PacketError: the stamp is JPEG, or no FITS image within the limits.
    """
    if stamp.kind != "fits":
        raise _not("PNG", "jpg")
    brightness = stretch(first_image(stamp.data))[::-1]
    opaque = np.isfinite(brightness)
    grey = np.where(opaque, brightness * 255, 0).round().astype(np.uint8)
    times = max(1, min(size, MAX_SIDE) // max(grey.shape))
    return grey_png(*(np.repeat(np.repeat(plane, times, axis=0), times, axis=1) for plane in (grey, opaque)))


def jpeg_bytes(stamp: Stamp) -> bytes:
    """The stamp's JPEG file as sent.

    Raises:
        PacketError: the stamp is FITS, or no JPEG file within the limit of size.
    """
    if stamp.kind != "jpeg":
        raise _not("JPEG", "fits or png")
    if not stamp.data.startswith(b"\xff\xd8\xff") or len(stamp.data) > MAX_BYTES:
        raise PacketError(Reason.BAD_VALUE, "the stamp is no JPEG file that can be shown")
    return stamp.data


def stretch(image: Image) -> Image:
    """Brightness 0 to 1 of every pixel: asinh around the median, cut at the percentiles; NaN stays NaN.

    An image without contrast is 0.5 throughout.
    """
    values = image[np.isfinite(image)]
    flat = np.where(np.isfinite(image), 0.5, np.nan)
    if not values.size:
        return flat
    with np.errstate(over="ignore", invalid="ignore"):  # pixels of +-1e308 are legal and have no finite spread
        sky = np.median(values)
        noise = _MAD * np.median(np.abs(values - sky))
        softening = SOFTENING * noise if noise > 0 else np.ptp(values) / 100
        if not (np.isfinite(softening) and softening > 0):
            return flat
        bent = np.arcsinh(np.clip((image - sky) / softening, -_FAR, _FAR))
    low, high = np.nanpercentile(bent, [LOW, HIGH])
    if not high > low:
        low, high = np.nanmin(bent), np.nanmax(bent)
    shown: Image = np.clip((bent - low) / (high - low), 0.0, 1.0)
    return shown


def _not(wanted: str, endings: str) -> PacketError:
    return PacketError(Reason.BAD_VALUE, f"this stamp was not sent in a form that gives {wanted}: ask for {endings}")
