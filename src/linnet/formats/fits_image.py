"""The first image of a small FITS file, read under limits from memory.

A stamp comes from outside and is shown to anyone who asks, so nothing of it is trusted: sizes are bounded before any
array is made, only plain images are read, and whatever is wrong is one `PacketError`. Header cards are read as the
FITS standard (Pence et al. 2010, A&A 524, A42; sections 3.1, 4.1 and 4.4.1) lays them out: 2880-byte blocks of
80-character cards, keyword in columns 1 to 8, value indicator in 9 and 10.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from linnet.core.reasons import Reason
from linnet.errors import PacketError

MAX_BYTES = 1024 * 1024
"""Largest stamp file."""
MAX_AXES = 3
MAX_AXIS = 512
MAX_HDUS = 4
MAX_HEADER_BLOCKS = 32
"""Header blocks of one HDU (32 cards of 36 each: 1,152 cards)."""

BLOCK, CARD = 2880, 80

_DTYPES = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}

Image = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Hdu:
    """Where one header-data unit lies and what its header says about its data.

    Attributes:
        shape: axis lengths in numpy's order (slowest first); empty without data.
        bitpix: FITS data type.
        start: byte offset of the data.
        size: bytes of the data, padding aside.
        scale, zero: BSCALE and BZERO.
        blank: BLANK, the integer that stands for no value.
    """

    shape: tuple[int, ...]
    bitpix: int
    start: int
    size: int
    scale: float
    zero: float
    blank: int | None


def scan(data: bytes) -> list[Hdu]:
    """All header-data units of a FITS file that consists of plain images.

    Raises:
        PacketError: too large, truncated, not FITS, or more than images within the limits of this file.
    """
    if len(data) > MAX_BYTES:
        raise _refused(f"it has {len(data)} bytes, more than {MAX_BYTES}")
    if not data.startswith(b"SIMPLE"):
        raise _refused("it does not begin with SIMPLE")
    found: list[Hdu] = []
    at = 0
    while at < len(data) and data[at : at + BLOCK].strip(b"\0 "):
        if len(found) == MAX_HDUS:
            raise _refused(f"it has more than {MAX_HDUS} HDUs")
        cards, start = _header(data, at)
        found.append(_hdu(cards, start, len(data), first=not found))
        at = start + -(-found[-1].size // BLOCK) * BLOCK
    return found


def first_image(data: bytes) -> Image:
    """The first image with pixels, as float64 of two dimensions with row 0 at the bottom; no value is NaN.

    Of a cube the first plane is taken. Infinite pixels are NaN as well.

    Raises:
        PacketError: see `scan`; also where no HDU has pixels.
    """
    for hdu in scan(data):
        if hdu.size:
            raw = np.frombuffer(data, _DTYPES[hdu.bitpix], hdu.size // (abs(hdu.bitpix) // 8), hdu.start)
            plane = raw.reshape(hdu.shape)
            plane = plane[0] if plane.ndim == MAX_AXES else np.atleast_2d(plane)
            with np.errstate(over="ignore", invalid="ignore"):
                values: Image = plane.astype(np.float64) * hdu.scale + hdu.zero
            missing = ~np.isfinite(values)
            if hdu.blank is not None and hdu.bitpix > 0:
                missing |= plane == hdu.blank
            return np.where(missing, np.nan, values)
    raise _refused("no HDU has pixels")


def _header(data: bytes, at: int) -> tuple[dict[bytes, bytes], int]:
    """Cards of the header at a byte offset (the first of each keyword), and where its data begin."""
    cards: dict[bytes, bytes] = {}
    for block in range(at, at + MAX_HEADER_BLOCKS * BLOCK, BLOCK):
        if block + BLOCK > len(data):
            raise _refused("its header is cut off")
        for place in range(block, block + BLOCK, CARD):
            card = data[place : place + CARD]
            name = card[:8].rstrip()
            if name == b"END":
                return cards, block + BLOCK
            if card[8:10] == b"= ":
                cards.setdefault(name, card[10:].split(b"/", 1)[0].strip())
    raise _refused("its header has no end")


def _hdu(cards: dict[bytes, bytes], start: int, length: int, *, first: bool) -> Hdu:
    _check_kind(cards, first=first)
    bitpix = _integer(cards, b"BITPIX")
    if bitpix not in _DTYPES:
        raise _refused(f"BITPIX is {bitpix}")
    axes = _integer(cards, b"NAXIS")
    if not 0 <= axes <= MAX_AXES:
        raise _refused(f"it has {axes} axes, more than {MAX_AXES}")
    shape = tuple(_integer(cards, b"NAXIS%d" % n) for n in range(axes, 0, -1))
    if any(not 0 <= n <= MAX_AXIS for n in shape):
        raise _refused(f"an axis of {' x '.join(map(str, shape))} is longer than {MAX_AXIS} pixels")
    size = int(np.prod(shape, dtype=np.int64)) * abs(bitpix) // 8 if shape else 0
    if start + size > length:
        raise _refused("its pixels are cut off")
    scale, zero = _real(cards, b"BSCALE", 1.0), _real(cards, b"BZERO", 0.0)
    blank = _integer(cards, b"BLANK") if b"BLANK" in cards else None
    return Hdu(shape, bitpix, start, size, scale, zero, blank)


def _check_kind(cards: dict[bytes, bytes], *, first: bool) -> None:
    if first and cards.get(b"SIMPLE") != b"T":
        raise _refused("it does not say SIMPLE = T")
    if not first and cards.get(b"XTENSION", b"").strip(b"' ") != b"IMAGE":
        raise _refused("it holds more than plain images")
    if cards.get(b"PCOUNT", b"0") != b"0" or cards.get(b"GCOUNT", b"1") != b"1":
        raise _refused("it holds groups or a heap")


def _integer(cards: dict[bytes, bytes], name: bytes) -> int:
    text = cards.get(name, b"")
    digits = text[1:] if text[:1] in (b"-", b"+") else text
    if not digits.isdigit() or len(digits) > 19:
        raise _refused(f"{name.decode()} is no whole number")
    return int(text)


def _real(cards: dict[bytes, bytes], name: bytes, otherwise: float) -> float:
    text = cards.get(name)
    if text is None:
        return otherwise
    try:
        value = float(text.upper().replace(b"D", b"E"))
    except ValueError:
        raise _refused(f"{name.decode()} is no number") from None
    if not np.isfinite(value):
        raise _refused(f"{name.decode()} is not finite")
    return value


def _refused(why: str) -> PacketError:
    return PacketError(Reason.BAD_VALUE, f"the stamp is no FITS image that can be shown: {why}")
