"""Where the pixels of stamps lie in a packet, and other noise for every packet.

The stamps of LSST are plain FITS, so an archive compresses them: a load of equal stamps would compress like nothing
that a survey sends. Noise goes into the low half of 32-bit floats, whose bits are as good as random in real stamps too
(entropy of 7.8 of 8 bits a byte), so that the ratio of compression stays that of real packets.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

import numpy as np

from linnet.simulation.load_schedule import Ints
from linnet.simulation.load_slots import Bytes

Region = tuple[int, int]
"""First byte, and the byte behind, of big-endian 32-bit floats."""

_BLOCK, _CARD = 2880, 80
_FLOAT = -32
_SIZES = re.compile(rb"(BITPIX|NAXIS\d+|PCOUNT)\s*=\s*(-?\d+)")
_NOISE = np.random.default_rng(1).integers(0, 1 << 16, 1 << 20, dtype=np.uint16)


def pixel_regions(image: bytes) -> Iterator[Region]:
    """The 32-bit float arrays of a FITS file (FITS Standard 4.0, sections 3 and 4.4); none of anything else."""
    at = 0
    while image[at : at + 6] in (b"SIMPLE", b"XTENSI"):
        end = next((e for e in range(at + _BLOCK, len(image) + 1, _BLOCK) if _is_last(image[e - _BLOCK : e])), at)
        cards = [image[i : i + _CARD] for i in range(at, end, _CARD)]
        found = {m[1]: int(m[2]) for m in map(_SIZES.match, cards) if m}
        axes = [size for name, size in found.items() if name.startswith(b"NAXIS")]
        length = (math.prod(axes) if axes else 0) * abs(found.get(b"BITPIX", 8)) // 8 + found.get(b"PCOUNT", 0)
        if found.get(b"BITPIX") == _FLOAT and length:
            yield end, end + length
        at = end - (-length // _BLOCK) * _BLOCK if end > at else len(image)


def disturb(packets: Bytes, at: int, regions: Sequence[Region], numbers: Ints) -> None:
    """Give the pixels of n packets low bits of their own.

    Args:
        packets: n rows of bytes, contiguous, changed in place.
        at: where in each row the packet begins.
        regions: of its pixels.
        numbers: n numbers; another one, other noise.
    """
    rows, length = packets.shape
    for start, end in regions:
        pixels = (end - start) // 4
        # Two bytes of four as one value: copying them byte by byte costs ten times as much.
        low = np.ndarray((rows, pixels), np.uint16, packets, at + start + 2, (length, 4))
        first = ((numbers * 1_000_003 + start * 7_919) & 0x7FFFFFFF) % (len(_NOISE) - pixels)
        for row, place in zip(low, first.tolist(), strict=True):
            row[:] = _NOISE[place : place + pixels]


def _is_last(block: bytes) -> bool:
    """Whether a block of a header holds its END card."""
    return any(block[i : i + 8] == b"END     " for i in range(0, len(block), _CARD))
