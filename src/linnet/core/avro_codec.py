"""Compression of container blocks, with a cap on what comes out.

Codecs as in the Avro 1.11 specification ("Required Codecs", "Optional Codecs"): null, deflate, snappy, zstandard.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Sequence

import cramjam
import zstandard

from linnet.core.reasons import Reason
from linnet.errors import PacketError

MAX_COMPRESSED = 4 * 1024 * 1024
"""Bytes of a compressed block."""

MAX_EXPANDED = 32 * 1024 * 1024
"""Bytes of a block's data."""

ZSTD_LEVEL = -1
"""Against level 1 this saves 48 of 125 us for an LSST packet as first sent and 100 of 384 us for one with a year of
history, and takes 6 and 7 % more bytes (0.44 and 0.46 of the datum, not 0.41 and 0.43). ZTF's datums are stored as they
are: their stamps are compressed already, and 22 us each would save a seventh of their bytes."""

MAX_ZSTD_WINDOW = 8 * 1024 * 1024
_PIECE = 1024 * 1024

_mine = threading.local()
"""A compressor serves one thread at a time."""


def expand(codec: str, data: bytes, cap: int = MAX_EXPANDED, most: int | None = None) -> bytes:
    """The data of one block.

    Args:
        codec: the container's `avro.codec`.
        data: the block as it stands in the container, without its sync marker.
        cap: most bytes to give. A block that holds more costs no more memory than this.
        most: most compressed bytes to take; `MAX_COMPRESSED` by default.

    Raises:
        PacketError: `BAD_CONTAINER` where the codec is unknown or the data are damaged; `TOO_LARGE` beyond the cap.
    """
    known = _EXPAND.get(codec)
    if known is None:
        raise PacketError(Reason.BAD_CONTAINER, f"codec {codec[:40]!r} is not one of {', '.join(_EXPAND)}")
    most = MAX_COMPRESSED if most is None else most
    if codec != "null" and len(data) > most:
        raise _too_large(f"a compressed block of {len(data)} bytes; at most {most} are taken")
    return known(data, cap)


def compress_all(codec: str, blocks: Sequence[bytes]) -> list[bytes | memoryview]:
    """The data of blocks in the codec `null` or `zstandard` (`ZSTD_LEVEL`, with its size in the frame).

    All of them in one call, during which other threads run.

    Raises:
        ValueError: another codec.
    """
    if codec == "null":
        return [*blocks]
    if codec == "zstandard":
        if not hasattr(_mine, "zstandard"):
            # Its tables are half a megabyte: making them anew for every block costs a third of the compression.
            _mine.zstandard = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
        return [memoryview(part) for part in _mine.zstandard.multi_compress_to_buffer([*blocks])]
    raise ValueError(f"segments are written with codec null or zstandard, not {codec!r}")


def _too_large(what: str) -> PacketError:
    return PacketError(Reason.TOO_LARGE, what)


def _damaged(codec: str, what: object) -> PacketError:
    return PacketError(Reason.BAD_CONTAINER, f"the {codec} block is damaged: {what}")


def _over(cap: int) -> PacketError:
    return _too_large(f"a block expands to more than {cap} bytes")


def _null(data: bytes, cap: int) -> bytes:
    if len(data) > cap:
        raise _over(cap)
    return data


def _deflate(data: bytes, cap: int) -> bytes:
    stream = zlib.decompressobj(-15)
    parts: list[bytes] = []
    left = cap
    try:
        while data and not stream.eof:
            parts.append(stream.decompress(data, min(left + 1, _PIECE)))
            left -= len(parts[-1])
            if left < 0:
                raise _over(cap)
            data = stream.unconsumed_tail
    except zlib.error as error:
        raise _damaged("deflate", error) from error
    if not stream.eof:
        raise _damaged("deflate", "the data end too early")
    out = b"".join(parts)
    # Python writers cut zlib's two bytes of header and one of its four checksum bytes: three of them may follow.
    rest = stream.unused_data
    if rest and not zlib.adler32(out).to_bytes(4, "big").startswith(rest):
        raise _damaged("deflate", f"{len(rest)} bytes follow the data")
    return out


def _snappy(data: bytes, cap: int) -> bytes:
    body, checksum = data[:-4], data[-4:]
    try:
        # The length stands in front, so that the cap is known to hold before anything is allocated.
        if cramjam.snappy.decompress_raw_len(body) > cap:
            raise _over(cap)
        out = bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise _damaged("snappy", error) from error
    if zlib.crc32(out).to_bytes(4, "big") != checksum:
        raise _damaged("snappy", "its checksum differs")
    return out


def _zstandard(data: bytes, cap: int) -> bytes:
    try:
        size = zstandard.frame_content_size(data)
        if size > cap:
            raise _over(cap)
        stream = zstandard.ZstdDecompressor(max_window_size=MAX_ZSTD_WINDOW)
        # Frames without a size get a buffer of the cap, of which only what is written becomes memory.
        return bytes(stream.decompress(data, max_output_size=cap, allow_extra_data=False))
    except zstandard.ZstdError as error:
        raise _damaged("zstandard", error) from error


_EXPAND: dict[str, Callable[[bytes, int], bytes]] = {
    "null": _null,
    "deflate": _deflate,
    "snappy": _snappy,
    "zstandard": _zstandard,
}
