"""A grey PNG with transparency, written with zlib alone (PNG specification, W3C, sections 5 and 11)."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY_ALPHA = 4
"""Colour type: one byte of grey and one of opacity per pixel."""


def grey_png(grey: npt.NDArray[np.uint8], opaque: npt.NDArray[np.bool_]) -> bytes:
    """A PNG of 8-bit grey values, top row first; pixels that are not opaque are fully transparent.

    Args:
        grey: rows x columns.
        opaque: the same shape.
    """
    rows, columns = grey.shape
    alpha = np.where(opaque, 255, 0).astype(np.uint8)
    pixels = np.stack([np.where(opaque, grey, 0).astype(np.uint8), alpha], axis=-1).reshape(rows, columns * 2)
    filtered = np.zeros((rows, columns * 2 + 1), dtype=np.uint8)  # each row begins with its filter type, 0: none
    filtered[:, 1:] = pixels
    header = struct.pack(">IIBBBBB", columns, rows, 8, GREY_ALPHA, 0, 0, 0)
    packed = zlib.compress(filtered.tobytes(), 6)
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
