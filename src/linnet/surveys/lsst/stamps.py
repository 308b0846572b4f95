"""The images of an LSST packet: plain FITS files with image, variance and PSF, sometimes gzipped."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from io import BytesIO
from typing import Any, cast

import fastavro

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
        PacketError: `BAD_DATUM` for a datum that does not decode by the schema, `TOO_LARGE` for an image beyond
            `MAX_BYTES`, `BAD_VALUE` for one that is no FITS file.
    """
    packet = _packet(datum, schema)
    found: dict[str, Stamp] = {}
    for name, field in CUTOUTS.items():
        content = packet.get(field)
        if content:
            found[name] = Stamp("fits", _fits(bytes(content), field))
    return found


def _packet(datum: bytes, schema: Schema) -> Mapping[str, Any]:
    try:
        packet = fastavro.schemaless_reader(BytesIO(datum), cast("dict[str, Any]", schema), None)
    except (EOFError, ValueError, LookupError, TypeError, OverflowError) as error:
        raise PacketError(Reason.BAD_DATUM, f"the datum does not decode by its schema: {error}") from error
    return cast("Mapping[str, Any]", packet)


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
