"""The images of an LSST packet: plain FITS files with image, variance and PSF, sometimes gzipped."""

from __future__ import annotations

import zlib

from linnet.core.avro_decode import read_datum
from linnet.core.decoding import Schema
from linnet.core.reasons import Reason
from linnet.core.survey import Stamp
from linnet.errors import PacketError
from linnet.surveys.lsst.fields import CUTOUTS

MAX_BYTES = 1024 * 1024
"""Of one image, decompressed. Real ones have some 20 to 60 KB."""

_FITS = b"SIMPLE  ="
_GZIP = b"\x1f\x8b"


def stamps_of(datum: bytes, schema: Schema) -> dict[str, Stamp]:
    """The images of a datum; absent, null and empty ones are left out.

    Raises:
        PacketError: the datum does not decode by the schema (`BAD_DATUM`); an image has more than `MAX_BYTES`
            (`TOO_LARGE`) or is no FITS file (`BAD_VALUE`).
    """
    packet = read_datum(datum, schema)
    found: dict[str, Stamp] = {}
    for name, field in CUTOUTS.items():
        content = packet.get(field)
        if content:
            found[name] = Stamp("fits", _fits(bytes(content), field))
    return found


def _fits(content: bytes, field: str) -> bytes:
    if content.startswith(_GZIP):
        content = _expanded(content, field)
    if len(content) > MAX_BYTES:
        raise PacketError(Reason.TOO_LARGE, f"{field} is larger than {MAX_BYTES} bytes")
    if not content.startswith(_FITS):
        raise PacketError(Reason.BAD_VALUE, f"{field} is no FITS file")
    return content


def _expanded(content: bytes, field: str) -> bytes:
    """The content of a gzip file, at most one byte more than allowed: a bomb costs no more than an honest file."""
    try:
        stream = zlib.decompressobj(wbits=31)
        expanded = stream.decompress(content, MAX_BYTES + 1)
    except zlib.error as error:
        raise PacketError(Reason.BAD_VALUE, f"{field} is a damaged gzip file: {error}") from error
    if not stream.eof and len(expanded) <= MAX_BYTES:
        raise PacketError(Reason.BAD_VALUE, f"{field} is a gzip file that ends too early")
    return expanded
